// Questions that need more than one request: who is logged in, page by page, and asking another device after asking the
// server for its address. Never prints anything.

import { addressIn, idsIn } from "../../client/answers.ts";
import type { CallResult } from "../../client/channel.ts";
import type { Outcome } from "../../client/outcome.ts";
import { answer, query } from "../../protocol/codes.ts";
import type { Address, Query } from "../../protocol/messages.ts";

/** What a question needs: the asker's id, a way to send requests, and times for them. */
export type QuestionPorts = {
  readonly id: string;
  readonly server: Address;
  /** The local port of this client's socket, to which devices answer. */
  readonly port: number;
  /** A time for a message; every call returns another one. */
  time(): string;
  request(message: Query, options?: { to?: Address }): Promise<Outcome>;
  ownIpTowards(ip: string): Promise<string>;
  /** Makes a sealed link to a device; null if this client speaks text. */
  readonly call: ((target: string, at: Address) => Promise<CallResult>) | null;
};

/**
 * Sends a QUERY to the server.
 * @param code one of the QUERY codes
 * @param target an id; for 03 `*` or the last id of the previous page
 */
export function askServer(asker: QuestionPorts, code: string, target: string): Promise<Outcome> {
  const { id } = asker;
  return asker.request({ type: "QUERY", code, id, address: null, time: asker.time(), target });
}

/**
 * Asks the server who is logged in, page by page, until the list ends.
 * @param onPage called with the ids of each page
 * @returns the last outcome; `answer` with code 01 if the list was read to its end
 */
export async function listLoggedIn(
  asker: QuestionPorts,
  onPage: (ids: readonly string[]) => void,
): Promise<Outcome> {
  for (let last = "*"; ;) {
    const outcome = await askServer(asker, query.loggedIn, last);
    if (outcome.kind !== "answer" || outcome.code !== answer.found) return outcome;
    const ids = idsIn(outcome.message) ?? [];
    const next = ids.at(-1);
    // The list ends with an empty page. A page that repeats the last id makes no progress, and asking would never end.
    if (next === undefined || next === last) return outcome;
    onPage(ids);
    last = next;
  }
}

/** The outcome of asking another device. */
export type PeerOutcome = {
  /** Who the outcome is from: the server, when it was asked for the address, or the device. */
  readonly asked: "server" | "device";
  readonly at: Address;
  readonly outcome: Outcome;
  /** How the device was reached; left out if it was not. */
  readonly via?: Via;
  /** Why there is no link to the device; left out if there is one. */
  readonly why?: string;
};

export type Via = "text" | "direct" | "relayed";

/** Implementation constant: how often the address is asked for if the voucher that follows the answer gets lost. */
const vouchersMax = 3;

/**
 * Asks another device: over a sealed link, direct or relayed, or in text if the device speaks text.
 * @param target the device's id
 * @param ip its address, or null for the one that the server tells
 * @param port its port, or null for the one that the server tells
 */
export async function askDevice(
  asker: QuestionPorts,
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

async function askText(asker: QuestionPorts, target: string, at: Address): Promise<PeerOutcome> {
  return { asked: "device", at, outcome: await askAt(asker, target, at), via: "text" };
}

async function askAt(asker: QuestionPorts, target: string, at: Address): Promise<Outcome> {
  const address = { ip: await asker.ownIpTowards(at.ip), port: asker.port };
  const { id } = asker;
  const time = asker.time();
  return asker.request({ type: "QUERY", code: "01", id, address, time, target }, { to: at });
}

/** Classifies the outcome of asking another device, by kind and code. */
export function peerVerdict({ asked, outcome }: PeerOutcome): "done" | "refused" | "silent" {
  if (outcome.kind === "silent") return "silent";
  if (outcome.kind === "ack") return "refused";
  return asked === "device" || outcome.code === answer.found ? "done" : "refused";
}
