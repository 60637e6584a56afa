// Reads the vectors that lie beside the specification. Each file is a topic; ip, time and mac hold no datagrams.

import { readdirSync, readFileSync } from "node:fs";
import type { Message } from "../../lib/protocol/messages.ts";

/** A datagram and either the message it decodes to or why it is refused. */
export type DatagramVector = {
  readonly name: string;
  readonly clause: string;
  readonly bytes: Buffer;
  readonly message: Message | null;
  readonly reject: { readonly code: string; readonly id: string | null } | null;
  /** Lower-case hex SHA-256 of the datagram, where the vector gives it. */
  readonly hash: string | null;
};

export type IpVector = Named & { readonly text: string; readonly canonical: string | null };
export type TimeVector = Named & { readonly text: string; readonly ms: number | null };
export type MacVector = Named & {
  readonly left: string;
  readonly right: string;
  readonly same: boolean;
};

type Named = { readonly name: string; readonly clause: string };
type Stored = Named & {
  readonly wire?: string;
  readonly wireHex?: string;
  readonly message?: Message;
  readonly reject?: { readonly code: string; readonly id: string | null };
  readonly hash?: string;
};

const folder = `${import.meta.dir}/../../lib/protocol`;
const notDatagrams = ["ip.json", "mac.json", "time.json"];

/** The text of the specification. */
export const specification = readFileSync(`${folder}/PROTOCOL.md`, "utf8");

/** The topics whose vectors are datagrams. */
export const topics: readonly string[] = readdirSync(`${folder}/vectors`)
  .filter((file) => file.endsWith(".json") && !notDatagrams.includes(file))
  .sort();

/** The vectors of one topic, with their datagrams as bytes. */
export function datagramVectors(topic: string): DatagramVector[] {
  return vectors<Stored>(topic).map(({ name, clause, wire, wireHex, message, reject, hash }) => {
    if ((wire === undefined) === (wireHex === undefined)) throw new Error(`${name}: wire or hex`);
    if ((message === undefined) === (reject === undefined)) throw new Error(`${name}: one of two`);
    const bytes = wire === undefined ? Buffer.from(wireHex as string, "hex") : Buffer.from(wire);
    return {
      name,
      clause,
      bytes,
      message: message ?? null,
      reject: reject ?? null,
      hash: hash ?? null,
    };
  });
}

/** The vectors of a file, unchanged. */
export function vectors<T extends Named>(file: string): T[] {
  return JSON.parse(readFileSync(`${folder}/vectors/${file}`, "utf8")) as T[];
}

/** All clauses that vectors refer to. */
export function clausesWithVectors(): Set<string> {
  const files = [...topics, ...notDatagrams];
  return new Set(files.flatMap((file) => vectors(file).map(({ clause }) => clause)));
}

/** The datagram without the one line end that a receiver tolerates (clause 1.6). */
export function withoutLineEnd(bytes: Buffer): Buffer {
  if (bytes.at(-1) !== 0x0a) return bytes;
  return bytes.subarray(0, bytes.length - (bytes.at(-2) === 0x0d ? 2 : 1));
}
