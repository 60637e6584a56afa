// QUERY (protocol §4.7): answers where a device is, what it reported last, or which devices are logged in. Changes
// nothing.

import { ack, answer, query, type AnswerCode } from "../../protocol/codes.ts";
import { encode } from "../../protocol/encode.ts";
import { utf8Bytes } from "../../protocol/fields.ts";
import { datagramBytesMax } from "../../protocol/limits.ts";
import type { Query } from "../../protocol/messages.ts";
import { frameBodyBytesMax, voucherSeconds } from "../../sealed/limits.ts";
import { decodeVoucher, signVoucher } from "../../sealed/voucher.ts";
import type { Desk } from "../desk.ts";
import { finding, findingLatest } from "../devices.ts";
import { peerName } from "../logbook.ts";
import { msgidOf, type Request } from "../request.ts";
import type { Session } from "../sessions/session.ts";
import { refuse, refuseStranger } from "../responses.ts";
import { sessionOf } from "../sessions/session-use.ts";

/** Handles a QUERY. */
export function receiveQuery(desk: Desk, request: Request, message: Query): void {
  const { id, code, target } = message;
  const session = sessionOf(desk, request, id);
  if (session === undefined) {
    refuseStranger(desk, request, ack.queryRefused, id, "QUERY");
    return;
  }
  desk.due.heard(session, request.source);
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
      return answerData(desk, request, message, answer.found, pageOf(desk, request, message));
    default:
      return refuse(desk, request, { code: ack.queryUnknown, id, what: `QUERY ${code}` });
  }
}

/** Answers with the ip and port of the target's LOGIN. */
function answerAddress(desk: Desk, request: Request, message: Query): void {
  const session = desk.sessions.get(message.target);
  if (session !== undefined && !session.ending) {
    if (session.sealed && request.link === null) return refuseInText(desk, request, message);
    const { ip, port } = session.stated;
    answerData(desk, request, message, answer.found, `${ip}\t${port}`);
    return vouch(desk, request, message.id, session);
  }
  desk.batch.submit(finding(message.target), request, ({ known, textLocked }) => {
    if (textLocked && request.link === null) return refuseInText(desk, request, message);
    answerData(desk, request, message, known ? answer.notLoggedIn : answer.unknownDevice, "");
  });
}

/** Sends a sealed asker a voucher for the target, or an ERROR if the target is logged in with text (sealed, Peers). */
function vouch(desk: Desk, request: Request, askerId: string, target: Session): void {
  const { link } = request;
  if (link === null) return;
  const msgid = msgidOf(request);
  if (!target.sealed) {
    const text = "the device is not logged in sealed";
    const code = Number(answer.notLoggedIn);
    return desk.outbox.sendFrame(link, { kind: "error", answer: true, msgid, code, text });
  }
  // A signature costs as much as 40 reports. Without it the asker says that it has no voucher, and asks again.
  if (!desk.vouchers.take(link.key, desk.uptimeMs)) {
    desk.counters.silenced++;
    return;
  }
  const claim = {
    askerId,
    askerKey: link.clientKey,
    targetId: target.id,
    targetKey: Buffer.from(target.owner, "base64"),
    expiry: Math.floor(desk.wallMs / 1000) + voucherSeconds,
  };
  const signed = decodeVoucher(signVoucher(claim, desk.identity.signing));
  if (signed.ok)
    desk.outbox.sendFrame(link, { kind: "peer", answer: true, msgid, voucher: signed.value });
}

/** Answers with the target's last report, also if the target is not logged in. */
function answerLatest(desk: Desk, request: Request, message: Query): void {
  desk.batch.submit(findingLatest(message.target), request, ({ known, report, textLocked }) => {
    if (!known) return answerData(desk, request, message, answer.unknownDevice, "");
    if (textLocked && request.link === null) return refuseInText(desk, request, message);
    if (report === "unreadable") {
      const { storageFailed } = ack;
      return refuse(desk, request, {
        code: storageFailed,
        id: message.id,
        what: "QUERY 02",
        reason: "the report is damaged",
      });
    }
    if (report !== null) {
      const text = `${report.time}\t${report.code}\t${report.message}`;
      return answerData(desk, request, message, answer.found, text);
    }
    const loggedIn = desk.sessions.get(message.target) !== undefined;
    answerData(desk, request, message, loggedIn ? answer.found : answer.notLoggedIn, "");
  });
}

/** Refuses to send in clear what a device said sealed, or where it is (protocol §4.7). */
function refuseInText(desk: Desk, request: Request, { id, code, target }: Query): void {
  refuse(desk, request, {
    code: ack.encryptionRequired,
    id,
    what: `QUERY ${code} about ${target}`,
  });
}

/** The ids that are logged in, after the target; an empty page is the end of the list. */
function pageOf(desk: Desk, { link }: Request, message: Query): string {
  const after = message.target === "*" ? null : message.target;
  return desk.sessions.idsAfter(after, roomFor(message), link !== null);
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
  desk.outbox.reply(request, encode(data));
  if (desk.log.debug) {
    desk.log.activity(
      "debug",
      peerName(request.source),
      "SEND",
      `DATA ${code} ${id} ${data.message}`,
    );
  }
}

/** The most bytes of message in a DATA to this asker. `length` has at most 4 digits; a final LF is doubled (§1.6). */
function roomFor(message: Query): number {
  return (
    Math.min(datagramBytesMax, frameBodyBytesMax) -
    `DATA\t01\t${message.id}\t\t1234\t\n`.length -
    utf8Bytes(message.time)
  );
}

/** The text, cut to at most `bytesMax` bytes of UTF-8, never inside a character. */
function cut(text: string, bytesMax: number): string {
  if (utf8Bytes(text) <= bytesMax) return text;
  const bytes = Buffer.from(text).subarray(0, bytesMax);
  return new TextDecoder().decode(bytes, { stream: true });
}
