// Loads the cipher of the sealed envelope before a program seals anything, and words it if that fails. Never falls back to
// text.

import { OperatingError } from "../operating-error.ts";
import { loadCipher } from "../sealed/cipher.ts";

/**
 * Waits until the cipher is loaded and checked.
 * @throws OperatingError `no-cipher` if this system cannot run it
 */
export async function readyCipher(): Promise<void> {
  try {
    await loadCipher();
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new OperatingError(
      "no-cipher",
      `The encryption cannot be used: ${words}.`,
      "Free some memory and start again; if it stays so, this build does not fit this system.",
    );
  }
}
