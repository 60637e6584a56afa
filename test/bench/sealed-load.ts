// Sealed packets for the load generator: opens a thousand links, seals packets before the load begins, and checks the
// replies. Measures nothing.

import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeFrames, encodeFrames, framesIn } from "../../lib/sealed/bundle.ts";
import { receiverOf } from "../../lib/sealed/packet-form.ts";
import type { Transport } from "../../lib/sealed/transport.ts";
import { BenchError } from "./children.ts";
import { deviceBits } from "./fleet-member.ts";
import { Fleet } from "./fleet.ts";
import { loadPackets, type LoadResult, sessions } from "./load.ts";
import type { Pace } from "./measure.ts";
import { deviceId } from "./seed.ts";
import { serverKeyIn } from "./sealed-devices.ts";
import { type Loader, warmUpSeconds } from "./turns.ts";

/** Sealed requests: the expected ACK code, and the text of request number `n`. */
export const sealedRequests = {
  status: {
    code: "40",
    textOf: (id: string) => `STATUS\t01\t${id}\t2026-11-22:10:10:10\t9\theartbeat`,
  },
  data: {
    code: "50",
    textOf: (id: string, n: number) =>
      `DATA\t01\t${id}\t2026-11-22:10:10:10\t18\tt=21.50 n=${String(n).padStart(8, "0")}`,
  },
} as const;

export type SealedRequest = keyof typeof sealedRequests;

/** Packets made per second of load: more than any server answers. */
const packetsPerSecond = 100_000;

/** Writes packets in the format of the load generator: each after its length in two bytes. */
export function writePackets(path: string, packets: readonly Uint8Array[]): void {
  const parts = packets.flatMap((packet) => [
    Uint8Array.of(packet.length >> 8, packet.length),
    packet,
  ]);
  writeFileSync(path, Buffer.concat(parts));
}

/**
 * Opens a link for each of a thousand devices with open sessions, and seals everything that they will send.
 * @returns a loader, to be called once for the warm-up and once per round
 */
export async function sealedLoader(
  port: number,
  folder: string,
  request: SealedRequest,
  { rounds, seconds }: Pace,
): Promise<Loader> {
  const { fleet, close } = await Fleet.open(port, serverKeyIn(folder), sessions, 1);
  await fleet.bring("heartbeat", 0, sessions);
  const transports = fleet.members.map(({ transport }) => transport as Transport);
  close();
  const files = Array.from({ length: rounds + 1 }, (_, load) => {
    const path = join(folder, `packets-${load}`);
    const length = load === 0 ? warmUpSeconds(seconds) : seconds;
    const each = Math.ceil((length * packetsPerSecond) / sessions);
    writePackets(path, seal(transports, request, load * 1_000_000, each));
    return path;
  });
  return async (duration) => {
    const file = files.shift();
    if (file === undefined) throw new BenchError("More loads than packets were made for.");
    const result = await loadPackets(port, file, duration);
    rmSync(file);
    checkReplies(transports, request, result);
    return result;
  };
}

/** @param each number of packets per device */
function seal(
  transports: readonly Transport[],
  request: SealedRequest,
  first: number,
  each: number,
): Uint8Array[] {
  const packets: Uint8Array[] = [];
  for (let round = 0; round < each; round++) {
    for (const [device, transport] of transports.entries()) {
      const body = Buffer.from(sealedRequests[request].textOf(deviceId(device), first + round));
      // The fleet's own request used msgid 1.
      const msgid = BigInt(first + round + 2);
      const plaintext = encodeFrames([{ kind: "text", answer: false, msgid, body }]);
      const packet = transport.seal(plaintext, performance.now());
      if (!packet.ok) throw new BenchError("The links are too old.");
      packets.push(packet.value);
    }
  }
  return packets;
}

/** Checks that every reply is a DATA packet for a device's link, and that the last ones hold the expected ACK. */
function checkReplies(
  transports: readonly Transport[],
  request: SealedRequest,
  result: LoadResult,
): void {
  const { codes, received, strange, samples } = result;
  const texts = samples.map((sample) => {
    const packet = Buffer.from(sample, "hex");
    const device = receiverOf(packet) % 2 ** deviceBits;
    const opened = transports[device]?.open(packet, performance.now());
    const [frame] = opened?.ok ? framesIn(decodeFrames(opened.value.plaintext)) : [];
    if (frame?.kind !== "text" || !frame.answer) return "unreadable";
    const text = Buffer.from(frame.body).toString();
    const due = `ACK\t${sealedRequests[request].code}\t${deviceId(device)}\t`;
    return text.startsWith(due) ? "good" : text;
  });
  const bad = texts.find((text) => text !== "good");
  if (codes["06"] !== received || strange > 0 || texts.length === 0 || bad !== undefined) {
    throw new BenchError(
      `The server answered sealed ${request} badly: ${bad ?? ""} ${JSON.stringify({ ...result, samples: [] })}`,
    );
  }
}
