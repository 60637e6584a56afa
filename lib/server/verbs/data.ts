// DATA (protocol §4.6): a report, a device's answer to the operator's QUERY, or its result of a command, which are no
// reports. All are stored and then acknowledged.

import { ack } from "../../protocol/codes.ts";
import type { Data } from "../../protocol/messages.ts";
import { pushAfter, receiveResult, resultNumber } from "../commands/delivery.ts";
import type { Desk } from "../desk.ts";
import { peerName } from "../logbook.ts";
import { decideAnswer } from "../answers.ts";
import type { Request } from "../request.ts";
import type { Adoptions } from "../sessions/adoption.ts";
import type { MayAnswer, ReportStored } from "../store-port.ts";
import { refuseStranger } from "../responses.ts";
import type { Session } from "../sessions/session.ts";
import { forgetSession } from "../sessions/session-end.ts";
import { sessionOf } from "../sessions/session-use.ts";

/** Handles a DATA. */
export function receiveData(
  desk: Desk,
  adoptions: Adoptions,
  request: Request,
  message: Data,
): void {
  const session = sessionOf(desk, request, message.id);
  if (session === undefined) {
    const goOn = () => receiveData(desk, adoptions, request, message);
    const turnAway = () => refuseStranger(desk, request, ack.dataRefused, message.id, "DATA");
    return adoptions.seek(request, message.id, goOn, turnAway);
  }
  desk.due.heard(session, request.source);
  const number = resultNumber(request, message);
  if (number === null) return storeReport(desk, adoptions, request, message, session);
  receiveResult(desk, request, { session, message, number }, (kind) => {
    if (kind === "report") return storeReport(desk, adoptions, request, message, session);
    forgetSession(desk, session);
    receiveData(desk, adoptions, request, message);
  });
}

/** Stores a DATA as a report, or as the answer to a question. */
function storeReport(
  desk: Desk,
  adoptions: Adoptions,
  request: Request,
  message: Data,
  session: Session,
): void {
  const { code, time } = message;
  // The session's own string: its hash for table look-ups is already computed.
  const { id } = session;
  const { wallMs: received, uptimeMs } = desk;
  const { timeMs } = request;
  const at = session.clock.measured(timeMs, received, uptimeMs);
  const report = { device: id, time, received, at, code, message: message.message };
  const key = keyOf(request);
  const previous = session.lastReport;
  const mayAnswer = mayAnswerOf(desk, request, message);
  const keepOrder = () => session.clock.keepOrder(at, received, uptimeMs);
  const seemsAnswer = mayAnswer !== null && isLikelyAnswer(desk, request, mayAnswer, id);
  // An answer must not move the reports that waited, also those of the same batch.
  if (!seemsAnswer) keepOrder();
  desk.batch.submitReport(
    { kind: "report", report, session: session.row, key, origin: request, previous, mayAnswer },
    request,
    (stored) => {
      const { feed } = desk;
      if (stored.kind === "no-session") {
        forgetSession(desk, session);
        return receiveData(desk, adoptions, request, message);
      }
      if (stored.kind === "answer") {
        const { question } = stored;
        const answer = { kind: "answer", code, time, message: message.message } as const;
        desk.asks.answer(id, question, answer, desk.uptimeMs);
        if (!stored.repeated) feed.tell({ kind: "answered", question, report });
      } else {
        if (seemsAnswer) keepOrder();
        const { sequence } = stored;
        if (stored.repeated) {
          desk.counters.reportsRepeated++;
          session.repeats++;
        } else {
          desk.counters.reportsStored++;
          feed.tellReport(sequence, report);
        }
        session.clock.learn(timeMs, uptimeMs);
        session.lastReport = Math.max(session.lastReport, sequence);
      }
      desk.outbox.acknowledge(request, ack.dataStored, id);
      pushAfter(desk, id);
      if (desk.log.debug) logStored(desk, request, message, stored);
    },
  );
}

type Stored = Exclude<ReportStored, { kind: "no-session" }>;

function logStored(desk: Desk, request: Request, data: Data, stored: Stored): void {
  const { id, code, message } = data;
  const peer = peerName(request.source);
  desk.log.activity("debug", peer, "RECV", `DATA ${code} ${id} ${message}`);
  const what =
    stored.kind === "answer"
      ? `answer to question ${stored.question}`
      : `report ${stored.sequence}`;
  const repeated = stored.repeated ? " (a repeat, stored before)" : "";
  desk.log.activity("debug", peer, "SEND", `${ack.dataStored} ${id} ${what}${repeated}`);
}

const plain: MayAnswer = { addressed: false, open: 0, decide: decideAnswer };

/** How a DATA may be an answer. Over a link an answer has flag 1; in text only its form and its time can tell. */
function mayAnswerOf(desk: Desk, { link, isAnswer }: Request, data: Data): MayAnswer | null {
  if (link !== null && !isAnswer) return null;
  return data.address === null
    ? plain
    : {
        addressed: true,
        open: desk.asks.answerable(data.id, desk.uptimeMs),
        decide: decideAnswer,
      };
}

/** Whether it has the form of an answer, or comes while the device is asked: the batch will tell whether it is one. */
function isLikelyAnswer(
  desk: Desk,
  { link }: Request,
  { addressed }: MayAnswer,
  id: string,
): boolean {
  return link !== null || addressed || desk.asks.answerable(id, desk.uptimeMs) > 0;
}

/**
 * The key of a report, 48 bits, by which the store finds a repeat. In text it comes from the SHA-256 of the datagram.
 * Over a link the client's key and the msgid are mixed in, so that equal readings are two reports (protocol §5.20).
 */
function keyOf({ digest, link, msgidHigh, msgidLow }: Request): number {
  const { high, low } = digest;
  if (link === null) return high * 2 ** 32 + (low >>> 0);
  // A mix is enough, without a second SHA-256: a client that constructs collisions loses only its own reports, and the
  // store bounds how many rows it compares.
  const mixed = mix(mix(link.keyBits ^ msgidHigh) ^ msgidLow);
  const more = mix(mixed ^ Math.imul(msgidHigh, 0x9e3779b1));
  return ((high ^ more) & 0xffff) * 2 ** 32 + ((low ^ mixed) >>> 0);
}

/** A bijection of 32 bits in which each input bit affects all output bits (the finalizer of MurmurHash3). */
function mix(bits: number): number {
  let mixed = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
