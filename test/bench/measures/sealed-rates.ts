// The two rates of sealed devices: heartbeats and reports sealed beforehand, each on the link of its device. A second
// server gets the same requests in text in the same turns, so the ratios show the cost of the envelope.

import { describeAck } from "../../../lib/protocol/codes.ts";
import { BenchError } from "../children.ts";
import { textContender } from "../contenders.ts";
import { type Request, sessions } from "../load.ts";
import { type Bench, type Measure, ratioTarget, type Row } from "../measure.ts";
import { seedDevices } from "../seed.ts";
import { seedSealedDevices } from "../sealed-devices.ts";
import { sealedLoader, type SealedRequest, sealedRequests } from "../sealed-load.ts";
import { type ServerProcess, startServer } from "../server-process.ts";
import { figureRow, takeTurns, type Turns } from "../turns.ts";
import { checkReports } from "./rates.ts";

export const sealedStatusRate: Measure = {
  name: "sealed-status",
  says: "sealed heartbeats of 1,000 devices, 256 under way, beside heartbeats in text",
  run: (bench) => compareSealed(bench, "status", 0.55),
};

export const sealedDataRate: Measure = {
  name: "sealed-data",
  says: "sealed reports of 1,000 devices, 256 under way, on the disk before their ACK, beside reports in text",
  run: (bench) => compareSealed(bench, "data", 0.7),
};

async function compareSealed(
  bench: Bench,
  request: Extract<Request, SealedRequest>,
  least: number,
): Promise<Row[]> {
  const [folder, textFolder] = [bench.folder(), bench.folder()];
  await seedSealedDevices(folder, sessions, true);
  await seedDevices(textFolder, sessions);
  const server = await startServer(bench.binary, folder);
  const textServer = await startServer(bench.binary, textFolder);
  bench.say("packets");
  const load = await sealedLoader(server.port, folder, request, bench.pace);
  bench.say("rates");
  const name = request.toUpperCase();
  const contenders = [
    textContender(`text ${name}`, textServer, request),
    { name: `sealed ${name}`, pid: server.pid, load },
  ];
  const [text, sealed] = (await takeTurns(contenders, bench.pace)) as [Turns, Turns];
  await checkAnswered(server, request, sealed);
  await server.stop();
  await textServer.stop();
  if (request === "data") {
    checkReports(folder, 0, sealed);
    checkReports(textFolder, 0, text);
  }
  return [
    figureRow(sealed, "rate", text, ratioTarget("at least", least)),
    figureRow(sealed, "p99"),
  ];
}

/** Checks that the server counts as many ACKs as replies came. */
async function checkAnswered(
  server: ServerProcess,
  request: Extract<Request, SealedRequest>,
  { acked }: Turns,
): Promise<void> {
  const words = describeAck(sealedRequests[request].code).replaceAll(" ", "_");
  const outcome = `outcome="${words}"`;
  const answered = await server.metric("iot_datagrams_total", `transport="sealed"`, outcome);
  if (answered < acked) {
    throw new BenchError(`${acked} replies came, but the server says ${answered} ACKs.`);
  }
}
