// Sealed packets for the load generator: opens a thousand links, seals packets before the load begins, and checks the
// replies. Measures nothing.

import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeFrames, encodeFrames, framesIn } from "../../lib/sealed/bundle.ts";
import type { Frame } from "../../lib/sealed/frames.ts";
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
  /** A report of which 18 fill a packet. */
  shortData: {
    code: "50",
    textOf: (id: string, n: number) =>
      `DATA\t01\t${id}\t2026-11-22:10:10:10\t10\tn=${String(n).padStart(8, "0")}`,
  },
  /** The same, of about now; see `dataNow`. */
  shortDataNow: {
    code: "50",
    textOf: (id: string, n: number) =>
      `DATA\t01\t${id}\t${timeText(n)}\t10\tn=${String(n).padStart(8, "0")}`,
  },
} as const;

const startedAt = Date.now();

/** A time that goes on by a second with each 100 requests of a device. */
function timeText(n: number): string {
  const ms = startedAt + (n % requestsPerLoad) * 10;
  return new Date(ms).toISOString().slice(0, 19).replace("T", ":");
}

export type SealedRequest = keyof typeof sealedRequests;

/** More requests than a device sends in a load. */
const requestsPerLoad = 1_000_000;
/** Packets made per second of load: more than any server answers; of bundles this many requests, in fewer packets. */
const packetsPerSecond = 100_000;
const bundledPerSecond = 600_000;

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
 * @param bundle the number of requests in each packet, which ask for a receipt; null for one that asks for text
 * @returns a loader, to be called once for the warm-up and once per round
 */
export async function sealedLoader(
  port: number,
  folder: string,
  request: SealedRequest,
  { rounds, seconds }: Pace,
  bundle: number | null = null,
): Promise<Loader> {
  const { fleet, close } = await Fleet.open(port, serverKeyIn(folder), sessions, 1);
  await fleet.bring("heartbeat", 0, sessions);
  const transports = fleet.members.map(({ transport }) => transport as Transport);
  close();
  const files = Array.from({ length: rounds + 1 }, (_, load) => {
    const path = join(folder, `packets-${load}`);
    const length = load === 0 ? warmUpSeconds(seconds) : seconds;
    const perSecond = Math.min(packetsPerSecond, bundledPerSecond / (bundle ?? 1));
    const each = Math.ceil((length * perSecond) / sessions);
    writePackets(path, seal(transports, { request, bundle }, load * requestsPerLoad, each));
    return path;
  });
  return async (duration) => {
    const file = files.shift();
    if (file === undefined) throw new BenchError("More loads than packets were made for.");
    const result = await loadPackets(port, file, duration);
    rmSync(file);
    checkReplies(transports, { request, bundle }, result);
    return perRequest(result, bundle ?? 1);
  };
}

/** What is in a packet. */
type Content = { readonly request: SealedRequest; readonly bundle: number | null };

/** @param each number of packets per device */
function seal(
  transports: readonly Transport[],
  { request, bundle }: Content,
  first: number,
  each: number,
): Uint8Array[] {
  const packets: Uint8Array[] = [];
  const ask = bundle === null ? {} : { receipt: true as const };
  for (let round = 0; round < each; round++) {
    for (const [device, transport] of transports.entries()) {
      const frames = Array.from({ length: bundle ?? 1 }, (_, i): Frame => {
        const number = first + round * (bundle ?? 1) + i;
        const body = Buffer.from(sealedRequests[request].textOf(deviceId(device), number));
        // The fleet's own request used msgid 1.
        return { kind: "text", answer: false, msgid: BigInt(number + 2), body, ...ask };
      });
      const packet = transport.seal(encodeFrames(frames), performance.now());
      if (!packet.ok) throw new BenchError("The links are too old.");
      packets.push(packet.value);
    }
  }
  return packets;
}

/** The result of a load of packets, in requests. */
function perRequest(result: LoadResult, bundle: number): LoadResult {
  const { sent, received, rate } = result;
  return { ...result, sent: sent * bundle, received: received * bundle, rate: rate * bundle };
}

/** Checks that every reply is a DATA packet for a device's link, and that the last ones hold the expected answer. */
function checkReplies(
  transports: readonly Transport[],
  content: Content,
  result: LoadResult,
): void {
  const { codes, received, strange, samples } = result;
  const answers = samples.map((sample) => {
    const packet = Buffer.from(sample, "hex");
    const device = receiverOf(packet) % 2 ** deviceBits;
    const opened = transports[device]?.open(packet, performance.now());
    const frames = opened?.ok ? framesIn(decodeFrames(opened.value.plaintext)) : [];
    return faultIn(frames, content, deviceId(device));
  });
  const bad = answers.find((fault) => fault !== null);
  if (codes["06"] !== received || strange > 0 || answers.length === 0 || bad !== undefined) {
    throw new BenchError(
      `The server answered sealed ${content.request} badly: ${bad ?? ""} ${JSON.stringify({ ...result, samples: [] })}`,
    );
  }
}

/** What is wrong with the frames of a reply; null if it acknowledges all that was in the packet. */
function faultIn(
  frames: readonly Frame[],
  { request, bundle }: Content,
  id: string,
): string | null {
  const { code } = sealedRequests[request];
  const [frame] = frames;
  if (frame?.kind === "receipt" && bundle !== null) {
    const isGood = frames.length === 1 && frame.code === code && frame.msgids.length === bundle;
    return isGood ? null : `a receipt with ${frame.code} for ${frame.msgids.length}`;
  }
  if (frame?.kind !== "text" || !frame.answer) return "unreadable";
  const text = Buffer.from(frame.body).toString();
  return bundle === null && text.startsWith(`ACK\t${code}\t${id}\t`) ? null : text;
}
