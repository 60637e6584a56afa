// Questions that take more than one request: who is logged in, page by page, and another device's answer by way of its
// address. Prints nothing.

import { addressIn, idsIn } from "../../client/answers.ts";
import type { CallResult } from "../../client/channel.ts";
import type { Outcome } from "../../client/outcome.ts";
import { answer, query } from "../../protocol/codes.ts";
import type { Address, Query } from "../../protocol/messages.ts";

/** What a question needs: a way to ask, times for its messages, and who asks. */
export type Asker = {
  readonly id: string;
  readonly server: Address;
  /** The port of the own socket, where answers of devices come to. */
  readonly port: number;
  /** A time for a message, each another. */
  time(): string;
  request(message: Query, options?: { to?: Address }): Promise<Outcome>;
  ownIpTowards(ip: string): Promise<string>;
  /** Makes a sealed link to a device; null where this client speaks text. */
  readonly call: ((target: string, at: Address) => Promise<CallResult>) | null;
};

/**
 * Asks the server.
 * @param code one of the QUERY codes
 * @param target an id, or for 03 `*` or the last id of the page before
 */
export function askServer(asker: Asker, code: string, target: string): Promise<Outcome> {
  const { id } = asker;
  return asker.request({ type: "QUERY", code, id, address: null, time: asker.time(), target });
}

/**
 * Asks the server who is logged in, until the list ends.
 * @param onPage called with each page's ids
 * @returns the last outcome; `answer` 01 where the list was read to its end
 */
export async function listLoggedIn(
  asker: Asker,
  onPage: (ids: readonly string[]) => void,
): Promise<Outcome> {
  for (let last = "*"; ;) {
    const outcome = await askServer(asker, query.loggedIn, last);
    if (outcome.kind !== "answer" || outcome.code !== answer.found) return outcome;
    const ids = idsIn(outcome.message) ?? [];
    const next = ids.at(-1);
    // A page that does not go on would never end.
    if (next === undefined || next === last) return outcome;
    onPage(ids);
    last = next;
  }
}

/** What became of asking another device. */
export type PeerOutcome = {
  /** Who had the last word, or kept silent. */
  readonly asked: "server" | "device";
  readonly at: Address;
  readonly outcome: Outcome;
  /** How the device was spoken to, where it was. */
  readonly via?: Via;
  /** Why no way to the device worked. */
  readonly why?: string;
};

export type Via = "text" | "direct" | "relayed";

/** Implementation: a voucher that got lost is asked for again, with the address. */
const vouchersMax = 3;

/**
 * Asks another device: sealed where it is, directly or by way of the server; in text where it speaks text.
 * @param target its id
 * @param ip where it is, or null to ask the server first
 * @param port likewise
 */
export async function askDevice(
  asker: Asker,
  target: string,
  ip: string | null,
  port: number | null,
): Promise<PeerOutcome> {
  const { call } = asker;
  let at: Address = { ip: ip ?? "", port: port ?? 0 };
  if (call === null && ip !== null && port !== null) return askText(asker, target, at);
  for (let attempt = 1; ; attempt++) {
    const outcome = await askServer(asker, query.address, target);
    const known = outcome.kind === "answer" ? addressIn(outcome.message) : null;
    if (outcome.kind !== "answer" || outcome.code !== answer.found || known === null) {
      return { asked: "server", at: asker.server, outcome };
    }
    at = { ip: ip ?? known.ip, port: port ?? known.port };
    if (call === null) return askText(asker, target, at);
    const result = await call(target, at);
    if (result.kind === "text") return askText(asker, target, at);
    if (result.kind === "open") {
      return { asked: "device", at, outcome: await askAt(asker, target, at), via: result.via };
    }
    if (result.kind === "no-voucher" && attempt < vouchersMax) continue;
    const why =
      result.kind === "failed" ? result.why : "the server's voucher for it did not arrive";
    return { asked: "device", at, outcome: { kind: "silent", sendings: 0 }, why };
  }
}

async function askText(asker: Asker, target: string, at: Address): Promise<PeerOutcome> {
  return { asked: "device", at, outcome: await askAt(asker, target, at), via: "text" };
}

async function askAt(asker: Asker, target: string, at: Address): Promise<Outcome> {
  const address = { ip: await asker.ownIpTowards(at.ip), port: asker.port };
  const { id } = asker;
  const time = asker.time();
  return asker.request({ type: "QUERY", code: "01", id, address, time, target }, { to: at });
}

/** A device's outcome in words, after its code. */
export function peerVerdict({ asked, outcome }: PeerOutcome): "done" | "refused" | "silent" {
  if (outcome.kind === "silent") return "silent";
  if (outcome.kind === "ack") return "refused";
  return asked === "device" || outcome.code === answer.found ? "done" : "refused";
}
