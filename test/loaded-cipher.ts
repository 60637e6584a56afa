// Preloaded before every test: loads the cipher of the sealed envelope, as the programs do at their start.

import { loadCipher } from "../lib/sealed/cipher.ts";

await loadCipher();
