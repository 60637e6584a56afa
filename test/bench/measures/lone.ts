// One device with one report under way: how long it waits for its ACK, beside the durable echo, and beside Redis if it is
// installed. Here no batch shares the costs of a commit.

import { durableFloor, textContender } from "../contenders.ts";
import type { Load } from "../load.ts";
import { type Bench, type Measure, ratioTarget, type Row } from "../measure.ts";
import { redis, startPeer } from "../peers.ts";
import { seedDevices } from "../seed.ts";
import { startServer } from "../server-process.ts";
import { figureRow, takeTurns, type Turns } from "../turns.ts";
import { missingRow } from "./peers.ts";
import { checkReports } from "./rates.ts";

const one: Load = { devices: 1, window: 1 };

export const lone: Measure = {
  name: "lone",
  says: "reports of one device, one under way, on the disk before their ACK",
  async run(bench: Bench): Promise<Row[]> {
    const folder = bench.folder();
    await seedDevices(folder, 1);
    const server = await startServer(bench.binary, folder);
    const floor = await durableFloor(bench.folder(), one);
    const peer = await startPeer(redis, bench.folder(), one);
    const contenders = [floor, textContender("lone DATA", server, "data", one)];
    if (peer !== null) contenders.push(peer.contender);
    const turns = await takeTurns(contenders, bench.pace);
    await peer?.stop();
    await floor.stop();
    await server.stop();
    const [durable, own, other] = turns as [Turns, Turns, Turns?];
    checkReports(folder, 0, own);
    const rows = [
      figureRow(own, "rate"),
      figureRow(own, "p50", durable),
      figureRow(own, "p99", durable),
    ];
    if (other === undefined) return [...rows, missingRow(redis)];
    return [
      ...rows,
      figureRow(own, "p50", other, ratioTarget("at most", 1.3)),
      figureRow(own, "p99", other, ratioTarget("at most", 2)),
    ];
  },
};
