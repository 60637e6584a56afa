// SQLite databases to copy, and copies of them into databases of the tests' own PostgreSQL.

import { Digest } from "../../../lib/protocol/digest.ts";
import { copyStore, type Copied, type CopyPort } from "../../../lib/store/copy/copy-store.ts";
import type { PostgresAddress } from "../../../lib/store/postgres/connection/address.ts";
import type { OpenStore } from "../../../lib/server/store-care.ts";
import type { ReportStep } from "../../../lib/server/store-port.ts";
import { openSqlite } from "../../../lib/store/sqlite/open-sqlite.ts";
import { startOfTime } from "../fixtures.ts";
import { hashOf } from "../sqlite/store-fixtures.ts";

/** Opens an SQLite store as a server does. */
export function openSource(path: string): Promise<OpenStore> {
  return openSqlite(path, {
    ...portOf([]),
    onTrouble: () => {},
    node: { name: "test", address: "", version: "", offlineAfterMs: 540_000, settings: {} },
    traits: { sharedIp: false, fingerprint: () => null },
  });
}

/** Copies a database. @param said gets the notes */
export function copy(
  path: string,
  address: PostgresAddress,
  said: string[] = [],
  given: Partial<CopyPort> = {},
): Promise<Copied> {
  return copyStore(path, address, { ...portOf(said), ...given });
}

function portOf(said: string[]): CopyPort {
  return {
    fingerprint: "SHA256:one",
    sharedIp: false,
    hashPassword: async (password) => hashOf(password),
    now: () => startOfTime,
    onProgress: () => {},
    onNote: (words) => void said.push(words),
    onCopied: () => {},
    onCompared: () => {},
  };
}

/** How a DATA came: in text, perhaps with an LF more, or over a link as the nth request. */
type Way = { readonly end?: string; readonly msgid?: number; readonly time?: string };

/** A DATA as `verbs/data.ts` submits it. */
export function dataStep(device: string, message: string, way: Way = {}): ReportStep {
  const { end = "", msgid, time = "2026-11-22:09:14:06" } = way;
  const length = Buffer.byteLength(message);
  const text = `DATA\t01\t${device}\t${time}\t${length}\t${message}`;
  const datagram = `${text}${message.endsWith("\n") ? "\n" : ""}${end}`;
  const digest = new Digest(Buffer.from(datagram));
  const bits = msgid === undefined ? digest.hex : Bun.SHA256.hash(`${digest.hex} ${msgid}`, "hex");
  const link = msgid === undefined ? null : { key: "a2V5" };
  const timeMs = time === "2026-11-22:09:14:06" ? startOfTime : null;
  return {
    kind: "report",
    session: 0,
    report: { device, time, received: startOfTime + 5, at: startOfTime, code: "01", message },
    key: Number.parseInt(bits.slice(0, 12), 16),
    origin: { timeMs, digest, link, msgidHigh: 0, msgidLow: msgid ?? 0 },
    previous: 0,
    mayAnswer: null,
  };
}
