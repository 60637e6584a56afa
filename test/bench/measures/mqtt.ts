// What the bridge costs: reports on a server that tells a broker of them, beside one that does not, in turns. The broker shares the
// cores with everything else.

import { Mosquitto } from "../../mosquitto.ts";
import { textContender } from "../contenders.ts";
import { sessions } from "../load.ts";
import { type Bench, type Measure, ratioTarget, type Row } from "../measure.ts";
import { seedDevices } from "../seed.ts";
import { startServer } from "../server-process.ts";
import { figureRow, takeTurns, type Turns } from "../turns.ts";
import { checkReports } from "./rates.ts";

export const mqttRate: Measure = {
  name: "mqtt",
  says: "reports of 1,000 devices, 256 under way, with a bridge to mosquitto beside none",
  async run(bench: Bench): Promise<Row[]> {
    await using broker = await Mosquitto.start();
    const folders = [bench.folder(), bench.folder()] as const;
    for (const folder of folders) await seedDevices(folder, sessions);
    const url = `mqtt://127.0.0.1:${broker.port}`;
    const without = await startServer(bench.binary, folders[0]);
    const bridging = await startServer(bench.binary, folders[1], { args: ["--mqtt", url] });
    const contenders = [
      textContender("DATA without a bridge", without, "data"),
      textContender("DATA with a bridge", bridging, "data"),
    ];
    const [none, told] = (await takeTurns(contenders, bench.pace)) as [Turns, Turns];
    const published = await bridging.metric("iot_mqtt_published_total");
    await without.stop();
    await bridging.stop();
    checkReports(folders[1], 0, told);
    return [
      figureRow(none, "rate"),
      figureRow(told, "rate", none, ratioTarget("at least", 0.95)),
      figureRow(told, "p99", none),
      { measure: "published to the broker", value: published, unit: "" },
    ];
  },
};
