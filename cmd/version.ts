// The version of both binaries, from package.json.

import manifest from "../package.json";

export const version: string = manifest.version;
