// Handshakes: INITs made beforehand, answered by the server's one core. Above 2,000 a second the server asks for
// cookies, so each INIT carries one that the server gave to the source port of the load.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { type Initiation, initiate } from "../../../lib/sealed/handshake.ts";
import { openUdp } from "../../../lib/io/udp/udp-endpoint.ts";
import { packetType } from "../../../lib/sealed/packet-form.ts";
import { type KeyPair, x25519KeyPair } from "../../../lib/sealed/primitives.ts";
import { BenchError } from "../children.ts";
import { nextCounter } from "../fleet-member.ts";
import { loadPackets, sessions } from "../load.ts";
import { type Bench, type Measure, type Row, valueTarget } from "../measure.ts";
import { keyPairOf, seedSealedDevices, serverKeyIn } from "../sealed-devices.ts";
import { writePackets } from "../sealed-load.ts";
import { freePort, startServer } from "../server-process.ts";
import { figureRow, takeTurns, type Turns } from "../turns.ts";

/** INITs made per second of load: more than a core can answer. */
const perSecond = 8_000;
const secondsMax = 1;
/** So few rounds that they end within the life of a cookie. */
const roundsMax = 5;
/** INITs in one burst, more than the server accepts without cookies in a second. */
const flood = 3_000;
const floodWaitMs = 5_000;

export const sealedHandshakes: Measure = {
  name: "sealed-handshakes",
  says: "INITs with cookies of 1,000 devices, 256 under way",
  async run(bench: Bench): Promise<Row[]> {
    const folder = bench.folder();
    const seconds = Math.min(bench.pace.seconds, secondsMax);
    const rounds = Math.min(bench.pace.rounds, roundsMax);
    await seedSealedDevices(folder, sessions, true);
    bench.say("INITs");
    const initiations = makeInits(serverKeyIn(folder), perSecond * seconds * (rounds + 1));
    const server = await startServer(bench.binary, folder);
    const fromPort = await freePort();
    const cookie = await cookieFor(server.port, fromPort, initiations[0] as Initiation);
    const files = inShares(initiations.slice(sessions), rounds + 1).map((share, i) => {
      const path = join(folder, `inits-${i}`);
      writePackets(
        path,
        share.map((initiation) => initiation.packet(cookie)),
      );
      return path;
    });
    bench.say("rates");
    const load = async (duration: number) => {
      const file = files.shift() as string;
      const result = await loadPackets(server.port, file, duration, fromPort);
      rmSync(file);
      // Replies are counted by type: all of them must be RESP.
      if (result.codes["04"] !== result.received || result.strange > 0 || result.received === 0) {
        throw new BenchError(`INITs went unanswered: ${JSON.stringify(result)}`);
      }
      return result;
    };
    const contenders = [{ name: "handshakes", pid: server.pid, load }];
    const [turns] = (await takeTurns(contenders, { rounds, seconds })) as [Turns];
    await server.stop();
    return [
      figureRow(turns, "rate", undefined, valueTarget("at least", 4_500)),
      figureRow(turns, "p99"),
    ];
  },
};

/** INITs of a thousand devices in turn, with growing counters. */
function makeInits(serverKey: Uint8Array, count: number): Initiation[] {
  const keys = Array.from({ length: sessions }, (_, device) => keyPairOf(device));
  return Array.from({ length: count }, (_, i) => {
    const initiation = initiate({
      local: keys[i % sessions] as KeyPair,
      remoteKey: serverKey,
      ephemeral: x25519KeyPair(crypto.getRandomValues(new Uint8Array(32))),
      index: i % sessions,
      hsCounter: nextCounter(),
      caps: 0,
    });
    if (!initiation.ok) throw new BenchError("The server's key is of small order.");
    return initiation.value;
  });
}

/** Floods the server with one INIT until it sends a cookie; the first is answered, the others are replays. */
async function cookieFor(
  port: number,
  fromPort: number,
  initiation: Initiation,
): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const endpoint = await openUdp("127.0.0.1", fromPort, (bytes) => {
    if (bytes[0] !== packetType.cookie) return;
    const cookie = initiation.openCookie(bytes);
    if (cookie.ok) resolve(cookie.value);
  });
  const limit = setTimeout(() => reject(new BenchError("The server gave no cookie.")), floodWaitMs);
  const packet = initiation.packet();
  endpoint.send(
    Array.from({ length: flood }, () => ({ payload: packet, to: { ip: "127.0.0.1", port } })),
  );
  try {
    return await promise;
  } finally {
    clearTimeout(limit);
    endpoint.close();
  }
}

function inShares<Item>(items: readonly Item[], count: number): Item[][] {
  // Whole rounds of all devices, as the load generator expects them.
  const each = Math.floor(items.length / count / sessions) * sessions;
  return Array.from({ length: count }, (_, i) => items.slice(i * each, (i + 1) * each));
}
