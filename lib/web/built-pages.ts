// The dashboard's files in a compiled binary: the build puts them in the place of this file. Contains none in a run from the
// sources.

import type { BuiltFile } from "./page-bundle.ts";

export const builtPages: readonly BuiltFile[] | null = null as readonly BuiltFile[] | null;
