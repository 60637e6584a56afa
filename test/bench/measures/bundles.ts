// Reports in bundles: 1, 4 and 18 in each sealed packet, answered with a receipt. Compared with the datagrams that an
// echo in C answers, as a report alone in its packet is.

import { echoFloor } from "../contenders.ts";
import { sessions } from "../load.ts";
import { type Bench, type Measure, ratioTarget, type Row } from "../measure.ts";
import { seedSealedDevices } from "../sealed-devices.ts";
import { sealedLoader } from "../sealed-load.ts";
import { startServer } from "../server-process.ts";
import { type Contender, figureRow, takeTurns, type Turns } from "../turns.ts";
import { checkReports } from "./rates.ts";

const sizes = [1, 4, 18] as const;
/** What the largest bundles should reach. */
const target = ratioTarget("at least", 0.4);

export const bundles: Measure = {
  name: "bundles",
  says: "sealed reports of 1,000 devices, 1, 4 and 18 a packet, 256 packets under way, on the disk before their receipt",
  async run(bench: Bench): Promise<Row[]> {
    const contenders: Contender[] = [];
    const servers = [];
    for (const size of sizes) {
      const folder = bench.folder();
      await seedSealedDevices(folder, sessions, true);
      const server = await startServer(bench.binary, folder);
      bench.say(`packets of ${size}`);
      const load = await sealedLoader(server.port, folder, "shortData", bench.pace, size);
      contenders.push({ name: `sealed DATA, ${size} a packet`, pid: server.pid, load });
      servers.push({ server, folder });
    }
    bench.say("rates");
    const floor = await echoFloor("data");
    const turns = await takeTurns([floor, ...contenders], bench.pace);
    await floor.stop();
    const [echo, ...sealed] = turns as [Turns, ...Turns[]];
    for (const [i, { server, folder }] of servers.entries()) {
      await server.stop();
      checkReports(folder, 0, sealed[i] as Turns);
    }
    return sealed.map((own, i) =>
      figureRow(own, "rate", echo, i === sealed.length - 1 ? target : undefined),
    );
  },
};
