// QUERY (protocol §4.7): answers where a device is, what it reported last, or which devices are logged in, or which
// command waits. Changes nothing.

import { ack, answer, query, type AnswerCode } from "../../protocol/codes.ts";
import { encode } from "../../protocol/encode.ts";
import { utf8Bytes } from "../../protocol/fields.ts";
import { datagramBytesMax } from "../../protocol/limits.ts";
import type { Address, Query } from "../../protocol/messages.ts";
import { frameBodyBytesMax, voucherSeconds } from "../../sealed/limits.ts";
import { decodeVoucher, signVoucher } from "../../sealed/voucher.ts";
import { answerWithCommand, pushAfter } from "../commands/delivery.ts";
import type { Desk } from "../desk.ts";
import { findingLatest, findingSession, listingLoggedIn } from "../devices.ts";
import { peerName } from "../logbook.ts";
import { msgidOf, type Request } from "../request.ts";
import type { Adoptions } from "../sessions/adoption.ts";
import { ownerOf } from "../sessions/session.ts";
import { refuse, refuseStranger, refuseUnsure } from "../responses.ts";
import { sessionOf } from "../sessions/session-use.ts";

/** Handles a QUERY. */
export function receiveQuery(
  desk: Desk,
  adoptions: Adoptions,
  request: Request,
  message: Query,
): void {
  const { id, code, target } = message;
  if (desk.isUnsure) return refuseUnsure(desk, request, id, "QUERY");
  const session = sessionOf(desk, request, id);
  if (session === undefined) {
    const goOn = () => receiveQuery(desk, adoptions, request, message);
    const turnAway = () => refuseStranger(desk, request, ack.queryRefused, id, "QUERY");
    return adoptions.seek(request, id, goOn, turnAway);
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
      return answerPage(desk, request, message);
    case query.command: {
      if (target !== id) return answerData(desk, request, message, answer.unknownDevice, "");
      const text = answerWithCommand(desk, session);
      return answerData(desk, request, message, answer.found, text);
    }
    default:
      return refuse(desk, request, { code: ack.queryUnknown, id, what: `QUERY ${code}` });
  }
}

/** Answers with the ip and port of the target's LOGIN. */
function answerAddress(desk: Desk, request: Request, message: Query): void {
  const session = desk.sessions.get(message.target);
  if (session !== undefined && !session.ending) {
    const { id, owner, sealed, stated } = session;
    return answerAt(desk, request, message, { id, key: sealed ? owner : null, stated });
  }
  desk.batch.submit(findingSession(message.target), request, (found) => {
    if (found.session !== null) {
      const { device: id, clientKey, stated } = found.session;
      const key = clientKey === null ? null : ownerOf(found.session);
      return answerAt(desk, request, message, { id, key, stated });
    }
    if (found.textLocked && request.link === null) return refuseInText(desk, request, message);
    const code = found.known ? answer.notLoggedIn : answer.unknownDevice;
    answerData(desk, request, message, code, "");
  });
}

/** A device that is logged in; `key` is that of a sealed session in base64, null for text. */
type Target = { readonly id: string; readonly key: string | null; readonly stated: Address };

function answerAt(desk: Desk, request: Request, message: Query, target: Target): void {
  if (target.key !== null && request.link === null) return refuseInText(desk, request, message);
  const { ip, port } = target.stated;
  answerData(desk, request, message, answer.found, `${ip}\t${port}`);
  vouch(desk, request, message.id, target);
}

/** Sends a sealed asker a voucher for the target, or an ERROR if the target is logged in with text (sealed, Peers). */
function vouch(desk: Desk, request: Request, askerId: string, target: Target): void {
  const { link } = request;
  if (link === null) return;
  const msgid = msgidOf(request);
  if (target.key === null) {
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
    targetKey: Buffer.from(target.key, "base64"),
    expiry: Math.floor(desk.wallMs / 1000) + voucherSeconds,
  };
  const signed = decodeVoucher(signVoucher(claim, desk.identity.signing));
  if (signed.ok)
    desk.outbox.sendFrame(link, { kind: "peer", answer: true, msgid, voucher: signed.value });
}

/** Answers with the target's last report, also if the target is not logged in. */
function answerLatest(desk: Desk, request: Request, message: Query): void {
  desk.batch.submit(
    findingLatest(message.target),
    request,
    ({ known, report, session, textLocked }) => {
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
      const code = session === null ? answer.notLoggedIn : answer.found;
      answerData(desk, request, message, code, "");
    },
  );
}

/** Refuses to send in clear what a device said sealed, or where it is (protocol §4.7). */
function refuseInText(desk: Desk, request: Request, { id, code, target }: Query): void {
  refuse(desk, request, {
    code: ack.encryptionRequired,
    id,
    what: `QUERY ${code} about ${target}`,
  });
}

/** Answers with ids that are logged in, after the target; an empty page is the end of the list. */
function answerPage(desk: Desk, request: Request, message: Query): void {
  const after = message.target === "*" ? null : message.target;
  const isSealed = request.link !== null;
  const room = roomFor(message);
  // A server that is alone has all sessions in memory.
  if (desk.nodes.own === "") {
    const page = desk.sessions.idsAfter(after, room, isSealed);
    return answerData(desk, request, message, answer.found, page);
  }
  const asked = { after, inText: !isSealed, limit: Math.ceil(room / 2) };
  desk.batch.submit(listingLoggedIn(asked), request, (ids) => {
    answerData(desk, request, message, answer.found, pageOf(ids, room));
  });
}

/** As many ids as there is room for, separated by commas. */
function pageOf(ids: readonly string[], bytesMax: number): string {
  let page = "";
  for (const id of ids) {
    const next = page === "" ? id : `${page},${id}`;
    if (next.length > bytesMax) break;
    page = next;
  }
  return page;
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
  pushAfter(desk, id);
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
