// What an idle server costs: its memory with an empty database, after its first seconds.

import { setTimeout as wait } from "node:timers/promises";
import { type Bench, type Measure, type Row, row, valueTarget } from "../measure.ts";
import { startServer } from "../server-process.ts";

const settleMs = 3_000;

export const idle: Measure = {
  name: "idle",
  says: "an empty database and nothing to do",
  async run(bench: Bench): Promise<Row[]> {
    const server = await startServer(bench.binary, bench.folder());
    // A fixed time, because no event says that the memory has settled.
    await wait(bench.quick ? settleMs / 10 : settleMs);
    const resident = server.residentBytes();
    await server.stop();
    return [row("Idle, resident", resident / 2 ** 20, "MB", valueTarget("at most", 80))];
  },
};
