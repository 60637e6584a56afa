// DATA: a report, or a device's answer to the operator's QUERY. Either way it is stored before it is acknowledged.

import { hash as digest } from "node:crypto";
import { ack } from "../../protocol/codes.ts";
import type { Data } from "../../protocol/messages.ts";
import { peerName, type Desk } from "../desk.ts";
import type { Request } from "../request.ts";

/** Takes a DATA. */
export function receiveData(desk: Desk, request: Request, message: Data): void {
  const { id, code, time } = message;
  const session = desk.sessionOf(request, id);
  if (session === undefined) {
    desk.refuseStranger(request, ack.dataRefused, id, "DATA");
    return;
  }
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
 * What tells a repeat from another report. A text report is its datagram; over a link the msgid tells them apart, so
 * that two equal readings are two reports (sealed, Retransmission).
 */
function keyOf(request: Request): number {
  const { hash, link, msgid } = request;
  const told = link === null ? hash : digest("sha256", `${link.key} ${msgid} ${hash}`, "hex");
  return Number.parseInt(told.slice(0, 12), 16);
}
