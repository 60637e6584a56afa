// Our durable reports beside other servers, if they are installed: as many devices, as many messages under way, the same
// report, one core. What a power cut leaves is said beside each, because that is what the rates cost.

import { textContender } from "../contenders.ts";
import { sessions } from "../load.ts";
import type { Bench, Measure, Row } from "../measure.ts";
import { type Peer, type PeerProcess, peers, startPeer } from "../peers.ts";
import { seedDevices } from "../seed.ts";
import { startServer } from "../server-process.ts";
import { figureRow, ratioOf, takeTurns, type Turns } from "../turns.ts";
import { checkReports } from "./rates.ts";

export const peerRates: Measure = {
  name: "peers",
  says: "reports in text beside Redis, Mosquitto and NATS, 1,000 devices, 256 under way",
  async run(bench: Bench): Promise<Row[]> {
    const folder = bench.folder();
    await seedDevices(folder, sessions);
    const server = await startServer(bench.binary, folder);
    const running = new Map<Peer, PeerProcess>();
    for (const peer of peers) {
      const started = await startPeer(peer, bench.folder());
      if (started !== null) running.set(peer, started);
    }
    const others = [...running.values()];
    const ours = textContender("DATA", server, "data");
    const turns = await takeTurns([ours, ...others.map((one) => one.contender)], bench.pace);
    for (const other of others) await other.stop();
    await server.stop();
    const [own, ...theirs] = turns as [Turns, ...Turns[]];
    checkReports(folder, 0, own);
    return [
      { ...figureRow(own, "rate"), remark: survival("all that was acknowledged") },
      ...peers.map((peer) => peerRow(peer, own, theirs)),
    ];
  },
};

function peerRow(peer: Peer, own: Turns, all: readonly Turns[]): Row {
  const turns = all.find(({ name }) => name === peer.name);
  if (turns === undefined) return missingRow(peer);
  const ratio = ratioOf(own, turns);
  return { ...figureRow(turns, "rate"), ratio, remark: survival(peer.survives) };
}

/** The row of a peer that is not installed. */
export function missingRow({ name, package: debian }: Peer): Row {
  return { measure: name, value: null, unit: "", remark: `not here: apt-get install ${debian}` };
}

function survival(what: string): string {
  return `survives a power cut: ${what}`;
}
