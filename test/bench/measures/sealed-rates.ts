// The two rates of sealed devices: heartbeats and reports sealed beforehand, each on the link of its device. The echo
// gets the text requests, as for the text rates, so the ratios show the cost of the envelope.

import { describeAck } from "../../../lib/protocol/codes.ts";
import { BenchError } from "../children.ts";
import { compareLoads, type Comparison, sessions } from "../load.ts";
import type { Bench, Measure, Row } from "../measure.ts";
import { seedSealedDevices } from "../sealed-devices.ts";
import { sealedLoader, sealedRequests, type SealedRequest } from "../sealed-load.ts";
import { startServer } from "../server-process.ts";
import { checkReports, rateRows } from "./rates.ts";

export const sealedStatusRate: Measure = {
  name: "sealed-status",
  says: "sealed heartbeats of 1,000 devices, 256 under way",
  async run(bench: Bench): Promise<Row[]> {
    const { comparison } = await compareSealed(bench, "status");
    return rateRows("Sealed STATUS", comparison, 0.35);
  },
};

export const sealedDataRate: Measure = {
  name: "sealed-data",
  says: "sealed reports of 1,000 devices, 256 under way, each on the disk before its ACK",
  async run(bench: Bench): Promise<Row[]> {
    const { comparison, folder } = await compareSealed(bench, "data");
    checkReports(folder, 0, comparison);
    return rateRows("Sealed DATA", comparison, 0.3);
  },
};

async function compareSealed(
  bench: Bench,
  request: SealedRequest,
): Promise<{ comparison: Comparison; folder: string }> {
  const folder = bench.folder();
  await seedSealedDevices(folder, sessions, true);
  const server = await startServer(bench.binary, folder);
  bench.say("packets");
  const loader = await sealedLoader(server.port, folder, request, bench.pace);
  bench.say("rates");
  const [comparison] = (await compareLoads([loader], request, bench.pace)) as [Comparison];
  const words = describeAck(sealedRequests[request].code).replaceAll(" ", "_");
  const outcome = `outcome="${words}"`;
  const answered = await server.metric("iot_datagrams_total", `transport="sealed"`, outcome);
  await server.stop();
  if (answered < comparison.acked) {
    throw new BenchError(`${comparison.acked} replies came, but the server says ${answered} ACKs.`);
  }
  return { comparison, folder };
}
