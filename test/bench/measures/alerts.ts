// What alerts cost: reports on a server that compares each with ten rules, beside one without rules, in turns. Nothing fires.

import { BenchError } from "../children.ts";
import { textContender } from "../contenders.ts";
import { sessions } from "../load.ts";
import { type Bench, type Measure, ratioTarget, type Row } from "../measure.ts";
import { seedDevices } from "../seed.ts";
import { startServer } from "../server-process.ts";
import { figureRow, takeTurns, type Turns } from "../turns.ts";
import { checkReports } from "./rates.ts";

/** Two of the fields are in each report, with two rules each. */
const rules =
  "t > 100 until < 90; t < -100; n < -1; n > 1e12; hum > 90; battery < 15; co2 > 1500; lux > 1e6; rpm > 1; volt > 5".split(
    "; ",
  );

export const alertsRate: Measure = {
  name: "alerts",
  says: `reports of 1,000 devices, 256 under way, with ${rules.length} rules for all of them beside none`,
  async run(bench: Bench): Promise<Row[]> {
    const folders = [bench.folder(), bench.folder()] as const;
    for (const folder of folders) await seedDevices(folder, sessions);
    for (const [i, rule] of rules.entries()) {
      const command = [bench.binary, "alert", "add", `rule ${i}`, rule];
      const { exitCode, stderr } = Bun.spawnSync(command, { cwd: folders[1] });
      if (exitCode !== 0) throw new BenchError(`no rule was made: ${stderr.toString()}`);
    }
    const without = await startServer(bench.binary, folders[0]);
    const judging = await startServer(bench.binary, folders[1]);
    const contenders = [
      textContender("DATA without rules", without, "dataNow"),
      textContender(`DATA with ${rules.length} rules`, judging, "dataNow"),
    ];
    const [none, judged] = (await takeTurns(contenders, bench.pace)) as [Turns, Turns];
    await without.stop();
    await judging.stop();
    checkReports(folders[1], 0, judged);
    return [
      figureRow(none, "rate"),
      figureRow(judged, "rate", none, ratioTarget("at least", 0.98)),
      figureRow(judged, "p99", none),
    ];
  },
};
