// Preloaded into a server that runs from its sources: on SIGUSR2 it collects its garbage and writes what is left of the
// heap into the file that HEAP_REPORT names, in bytes. Only a benchmark asks for it.

import { heapStats } from "bun:jsc";
import { renameSync, writeFileSync } from "node:fs";

process.on("SIGUSR2", () => {
  const file = process.env.HEAP_REPORT;
  if (file === undefined) return;
  Bun.gc(true);
  writeFileSync(`${file}.new`, String(heapStats().heapSize));
  renameSync(`${file}.new`, file);
});
