// A large fleet: 1,000,000 registered devices, of which 1,000 are logged in. How soon the server answers, how much
// memory it needs, and whether it is as fast as a second server with 1,000 devices, on the same core in the same turns.

import { textContender } from "../contenders.ts";
import type { Request } from "../load.ts";
import { type Bench, type Measure, ratioTarget, type Row, row, valueTarget } from "../measure.ts";
import { deviceId, seedDevices } from "../seed.ts";
import { startServer } from "../server-process.ts";
import { median } from "../spread.ts";
import { figureRow, takeTurns, type Turns } from "../turns.ts";
import { checkReports } from "./rates.ts";

const devices = 1_000_000;
const devicesQuick = 20_000;
const starts = 3;

export const millionDevices: Measure = {
  name: "million",
  says: "1,000,000 registered devices, 1,000 logged in: start, memory, rates",
  async run(bench: Bench): Promise<Row[]> {
    const [folder, smallFolder] = [bench.folder(), bench.folder()];
    bench.say("devices");
    const count = bench.quick ? devicesQuick : devices;
    await seedDevices(folder, count);
    await seedDevices(smallFolder, 1_000);
    const firstAcks: number[] = [];
    for (let i = 1; i < starts; i++) {
      const server = await startServer(bench.binary, folder, { firstAckOf: deviceId(i) });
      firstAcks.push(server.firstAckMs);
      await server.stop();
    }
    bench.say("rates");
    const server = await startServer(bench.binary, folder, { firstAckOf: deviceId(0) });
    firstAcks.push(server.firstAckMs);
    const small = await startServer(bench.binary, smallFolder);
    const title = `${count.toLocaleString("en")} devices`;
    const compare = async (request: Request) => {
      const contenders = [
        textContender(`${title}: ${request.toUpperCase()}`, server, request),
        textContender("at 1,000", small, request),
      ];
      return (await takeTurns(contenders, bench.pace)) as [Turns, Turns];
    };
    const status = await compare("status");
    const data = await compare("data");
    const resident = server.residentBytesMax();
    await server.stop();
    await small.stop();
    checkReports(folder, 0, data[0]);
    checkReports(smallFolder, 0, data[1]);
    const least = ratioTarget("at least", 0.8);
    return [
      row(`${title}: start to first ACK`, median(firstAcks), "ms", valueTarget("at most", 2_000)),
      row(`${title}: most resident`, resident / 2 ** 20, "MB", valueTarget("at most", 400)),
      figureRow(status[0], "rate", status[1], least),
      figureRow(data[0], "rate", data[1], least),
    ];
  },
};
