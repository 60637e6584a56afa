// Preloaded into a server that runs from its sources: on SIGUSR2 it collects garbage and writes the remaining heap size
// in bytes to the file named by HEAP_REPORT. Used by benchmarks only.

import { heapStats } from "bun:jsc";
import { renameSync, writeFileSync } from "node:fs";

process.on("SIGUSR2", () => {
  const file = process.env.HEAP_REPORT;
  if (file === undefined) return;
  Bun.gc(true);
  writeFileSync(`${file}.new`, String(heapStats().heapSize));
  renameSync(`${file}.new`, file);
});
