// DATA: a report, or a device's answer to the operator's QUERY. Either way it is stored before it is acknowledged.

import { ack } from "../../protocol/codes.ts";
import type { Data } from "../../protocol/messages.ts";
import { peerName, type Desk } from "../desk.ts";
import type { Request } from "../request.ts";

/** Takes a DATA. */
export function receiveData(desk: Desk, request: Request, message: Data): void {
  const { code, time } = message;
  const session = desk.sessionOf(request, message.id);
  if (session === undefined) {
    desk.refuseStranger(request, ack.dataRefused, message.id, "DATA");
    return;
  }
  // The session's own: a text that is looked up again and again is hashed once.
  const { id } = session;
  desk.alive(session, request.source);
  const report = { device: id, time, received: desk.now, code, message: message.message };
  const key = keyOf(request);
  const previous = session.lastReport;
  desk.submit({ kind: "report", report, key, previous }, request, (outcome) => {
    if (outcome.kind !== "report") return;
    if (outcome.repeated) desk.counters.reportsRepeated++;
    else desk.counters.reportsStored++;
    session.lastReport = Math.max(session.lastReport, outcome.sequence);
    desk.asks.answer(message, outcome.repeated);
    desk.acknowledge(request, ack.dataStored, id);
    if (desk.log.debug) {
      const peer = peerName(request.source);
      desk.log.activity("debug", peer, "RECV", `DATA ${code} ${id} ${message.message}`);
      const repeated = outcome.repeated ? " (a repeat, stored before)" : "";
      desk.log.activity(
        "debug",
        peer,
        "SEND",
        `${ack.dataStored} ${id} report ${outcome.sequence}${repeated}`,
      );
    }
  });
}

/**
 * What tells a repeat from another report, 48 bits. A text report is its datagram; over a link the msgid tells them apart,
 * so that two equal readings are two reports (sealed, Retransmission).
 */
function keyOf({ hash, link, msgid }: Request): number {
  const high = hexAt(hash, 0, 4);
  const low = hexAt(hash, 4, 8);
  if (link === null) return high * 2 ** 32 + low;
  // Mixed, not digested once more: whoever makes two that collide has only its own reports to lose, and the store bounds
  // how many it compares.
  const [bootBits, counterBits] = [Number(msgid >> 32n), Number(msgid & 0xffff_ffffn)];
  const mixed = mix(mix(link.keyBits ^ bootBits) ^ counterBits);
  const more = mix(mixed ^ Math.imul(bootBits, 0x9e3779b1));
  return ((high ^ more) & 0xffff) * 2 ** 32 + ((low ^ mixed) >>> 0);
}

/** The number that so many lower-case hex digits stand for. */
function hexAt(text: string, from: number, digits: number): number {
  let value = 0;
  for (let i = from; i < from + digits; i++) {
    const code = text.charCodeAt(i);
    value = value * 16 + (code < 0x60 ? code - 0x30 : code - 0x57);
  }
  return value;
}

/** Spreads 32 bits over 32 bits, one to one (the finalizer of MurmurHash3). */
function mix(bits: number): number {
  let mixed = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
