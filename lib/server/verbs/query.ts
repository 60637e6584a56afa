// QUERY: a device asks where another is, what it reported last, or who is there.

import { ack, answer, query, type AnswerCode } from "../../protocol/codes.ts";
import { encode } from "../../protocol/encode.ts";
import { utf8Bytes } from "../../protocol/fields.ts";
import { datagramBytesMax } from "../../protocol/limits.ts";
import type { Query } from "../../protocol/messages.ts";
import { frameBodyBytesMax, voucherSeconds } from "../../sealed/limits.ts";
import { decodeVoucher, signVoucher } from "../../sealed/voucher.ts";
import { peerName, type Desk } from "../desk.ts";
import type { Request } from "../request.ts";
import type { Session } from "../session.ts";

/** Takes a QUERY. */
export function receiveQuery(desk: Desk, request: Request, message: Query): void {
  const { id, code, target } = message;
  const session = desk.sessionOf(request, id);
  if (session === undefined) {
    desk.refuseStranger(request, ack.queryRefused, id, "QUERY");
    return;
  }
  desk.alive(session, request.source);
  if (desk.log.debug) {
    desk.log.activity(
      "debug",
      peerName(request.source),
      "RECV",
      `QUERY ${code} ${id} about ${target}`,
    );
  }
  switch (code) {
    case query.address:
      return answerAddress(desk, request, message);
    case query.latestReport:
      return answerLatest(desk, request, message);
    case query.loggedIn:
      return answerData(desk, request, message, answer.found, pageOf(desk, message));
    default:
      return desk.refuse(request, ack.queryUnknown, id, `QUERY ${code}`);
  }
}

/** Where the target is: the ip and port of its LOGIN. */
function answerAddress(desk: Desk, request: Request, message: Query): void {
  const session = desk.sessions.get(message.target);
  if (session !== undefined && !session.ending) {
    const { ip, port } = session.stated;
    answerData(desk, request, message, answer.found, `${ip}\t${port}`);
    return vouch(desk, request, message.id, session);
  }
  desk.submit({ kind: "find", id: message.target }, request, (outcome) => {
    const known = outcome.kind === "found" && outcome.known;
    answerData(desk, request, message, known ? answer.notLoggedIn : answer.unknownDevice, "");
  });
}

/** Gives a sealed asker the server's word for the target: a voucher, or that it speaks text (sealed, Peers). */
function vouch(desk: Desk, request: Request, askerId: string, target: Session): void {
  const { link, msgid } = request;
  if (link === null) return;
  if (!target.sealed) {
    const text = "the device is not logged in sealed";
    const code = Number(answer.notLoggedIn);
    return desk.sendFrame(link, { kind: "error", answer: true, msgid, code, text });
  }
  const claim = {
    askerId,
    askerKey: link.clientKey,
    targetId: target.id,
    targetKey: Buffer.from(target.owner, "base64"),
    expiry: Math.floor(desk.now / 1000) + voucherSeconds,
  };
  const signed = decodeVoucher(signVoucher(claim, desk.identity.signing));
  if (signed.ok) desk.sendFrame(link, { kind: "peer", answer: true, msgid, voucher: signed.value });
}

/** What the target reported last; a device that logged off has reported it all the same. */
function answerLatest(desk: Desk, request: Request, message: Query): void {
  desk.submit({ kind: "latest", id: message.target }, request, (outcome) => {
    if (outcome.kind !== "found") return;
    const { known, report } = outcome;
    if (!known) return answerData(desk, request, message, answer.unknownDevice, "");
    if (report !== null) {
      const text = `${report.time}\t${report.code}\t${report.message}`;
      return answerData(desk, request, message, answer.found, text);
    }
    const loggedIn = desk.sessions.get(message.target) !== undefined;
    answerData(desk, request, message, loggedIn ? answer.found : answer.notLoggedIn, "");
  });
}

/** Ids that are logged in, after the target; an empty page ends the list. */
function pageOf(desk: Desk, message: Query): string {
  const after = message.target === "*" ? null : message.target;
  return desk.sessions.idsAfter(after, roomFor(message));
}

function answerData(
  desk: Desk,
  request: Request,
  message: Query,
  code: AnswerCode,
  text: string,
): void {
  const { id, time } = message;
  const data = {
    type: "DATA",
    code,
    id,
    address: null,
    time,
    message: cut(text, roomFor(message)),
  } as const;
  desk.traffic.answered(request.link !== null, request.verb, code);
  desk.reply(request, encode(data));
  if (desk.log.debug) {
    desk.log.activity(
      "debug",
      peerName(request.source),
      "SEND",
      `DATA ${code} ${id} ${data.message}`,
    );
  }
}

/** Bytes that a DATA to this asker has for its message; `length` takes at most four, a message ending in LF one more. */
function roomFor(message: Query): number {
  return (
    Math.min(datagramBytesMax, frameBodyBytesMax) -
    `DATA\t01\t${message.id}\t\t1234\t\n`.length -
    utf8Bytes(message.time)
  );
}

/** The text cut to so many bytes, never inside a character. */
function cut(text: string, bytesMax: number): string {
  if (utf8Bytes(text) <= bytesMax) return text;
  const bytes = Buffer.from(text).subarray(0, bytesMax);
  return new TextDecoder().decode(bytes, { stream: true });
}
