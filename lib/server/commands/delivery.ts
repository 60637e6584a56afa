// Brings commands to their devices (protocol §4.14, 4.15): sends the one that is due when the device was heard or it is time, takes
// its ACK and its result. The store has each end before anybody hears of it.

import { ack } from "../../protocol/codes.ts";
import { commandAnswer, commandNumber } from "../../protocol/commands.ts";
import type { Ack, Data } from "../../protocol/messages.ts";
import type { Desk } from "../desk.ts";
import { peerName } from "../logbook.ts";
import type { Request } from "../request.ts";
import type { CommandRow } from "../rows.ts";
import type { Session } from "../sessions/session.ts";
import { addressOf, sendUnasked } from "../unasked.ts";
import type { OpenCommand } from "./command-queue.ts";
import { resulting, type Resulted } from "./command-rules.ts";

/** A device was heard, and the answer to it is written: it listens now. */
export function pushAfter(desk: Desk, id: string): void {
  // What each heartbeat of a fleet without commands costs is this look-up.
  if (desk.commands.has(id)) push(desk, id, "packet");
}

/** Sends the command of a device that is due, if there is one. */
export function push(desk: Desk, id: string, why: "packet" | "time"): void {
  const session = desk.sessions.get(id);
  if (session === undefined || session.ending || desk.isUnsure) return;
  const one = desk.commands.toSend(id, why);
  if (one === undefined) return;
  sendUnasked(desk, session, BigInt(one.number), one.text);
  noteSent(desk, session, one);
}

/** The message of the answer to a device's QUERY 04: the command that it gets with it, or nothing. */
export function answerWithCommand(desk: Desk, session: Session): string {
  const one = desk.commands.current(session.id);
  if (one === undefined) return "";
  desk.commands.asked(one);
  noteSent(desk, session, one);
  return commandAnswer(one.number, one.message);
}

function noteSent(desk: Desk, session: Session, one: OpenCommand): void {
  desk.commands.noteSent(one);
  if (one.sendings === 1) desk.feed.tell({ kind: "commanded", command: one.row, isOwn: true });
  const words = `command ${one.number} to ${one.device}`;
  desk.log.activity("info", peerName(addressOf(session)), "SEND", words);
}

/** Takes the ACK of a command. */
export function receiveAck(desk: Desk, request: Request, { code, hash }: Ack): void {
  if (code !== ack.statusNoted) return;
  const one = desk.commands.withHash(hash);
  const session = one === undefined ? undefined : desk.sessions.at(one.device, request.owner);
  if (one === undefined || session === undefined) return;
  desk.due.heard(session, request.source);
  if (!desk.commands.noteDelivered(one)) return;
  desk.feed.tell({ kind: "commanded", command: one.row, isOwn: true });
  desk.log.activity(
    "info",
    peerName(request.source),
    "RECV",
    `${one.device} has command ${one.number}`,
  );
}

/** The number of the command whose result a DATA may be; null if it is none. */
export function resultNumber({ isAnswer }: Request, { address, time }: Data): number | null {
  return isAnswer || address !== null ? null : commandNumber(time);
}

/**
 * Stores a DATA with the command of which it is the result.
 * @param onOther called if it is none: with the reason
 */
export function receiveResult(
  desk: Desk,
  request: Request,
  {
    session,
    message,
    number,
  }: { readonly session: Session; readonly message: Data; readonly number: number },
  onOther: (kind: "report" | "no-session") => void,
): void {
  const { id: device, row } = session;
  const { code, message: text } = message;
  const node = desk.nodes.own;
  const known = desk.commands.find(device, number)?.touch ?? null;
  const of = { device, number, session: row, node, code, message: text, at: desk.wallMs, known };
  desk.batch.submit(resulting(of), request, (resulted) => {
    if (!("row" in resulted)) return onOther(resulted.kind);
    desk.outbox.acknowledge(request, ack.dataStored, device);
    noteResult(desk, request, resulted);
    pushAfter(desk, device);
  });
}

function noteResult(
  desk: Desk,
  request: Request,
  { kind, row }: Extract<Resulted, { row: CommandRow }>,
): void {
  const { number, device, end, code } = row;
  if (kind === "repeated") return;
  if (kind === "ended") noteEnded(desk, row);
  else desk.feed.tell({ kind: "commanded", command: row, isOwn: true });
  const words = kind === "ended" ? `${end}` : `answered after it was ${end}`;
  desk.log.activity(
    "info",
    peerName(request.source),
    "RECV",
    `command ${number} of ${device} is ${words}: ${code}`,
  );
}

const countedAs = {
  done: "commandsDone",
  failed: "commandsFailed",
  expired: "commandsExpired",
  cancelled: "commandsCancelled",
} as const;

/** A command has ended, and that is on the disk. */
export function noteEnded(desk: Desk, row: CommandRow): void {
  const { device, number, end, ended, created } = row;
  desk.commands.remove(device, number);
  if (end !== null) desk.counters[countedAs[end]]++;
  // The wall clock may have been set back meanwhile.
  const seconds = Math.max(0, (ended ?? 0) - created) / 1000;
  if (end === "done" || end === "failed") desk.commandTimes.observe(seconds);
  desk.feed.tell({ kind: "commanded", command: row, isOwn: true });
}
