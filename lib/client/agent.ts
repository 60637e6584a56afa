// The agent: a device that keeps itself registered, logged in and alive, and delivers its reports in order. Never reads
// a clock and never opens a socket or a file: the caller passes in the time, the reports and the received messages.

import { ack } from "../protocol/codes.ts";
import type { AgentEvent, AgentSettings, StatedIdentity } from "./agent-event.ts";
import { LostSessions } from "./lost-sessions.ts";
import { fitted, withoutLineEnd } from "./message-room.ts";
import { utf8Bytes } from "../protocol/fields.ts";
import type { Data, Message } from "../protocol/messages.ts";
import type { MessageTimes } from "./message-times.ts";
import { codeOf, type Outcome, reasonOf, verdictOf } from "./outcome.ts";
import { Persistence } from "./persistence.ts";
import type { EncodedRequest } from "./outstanding.ts";
import type { Requests } from "./requests.ts";
import type { Spool, SpooledReport } from "./spool.ts";
import { reportOf } from "./spooled-report.ts";

/** Implementation constants, in ms. */
const logOffTimeoutMs = 5_000;
/** More reports than a packet carries: a frame of a report has 26 bytes at least. */
export const packetReportsMax = 48;
/** Codes of REGISTER for facts that are another device's: this device may be registered nevertheless, with its old ones. */
const takenCodes: readonly string[] = [ack.idTaken, ack.ipTaken, ack.macTaken];

type Phase = "registering" | "logging-in" | "online" | "logging-off" | "ended";

/** One agent. Call `start` once, then `tick` at `wakeAt`, `report` at any time, and `stop` once or twice. */
export class Agent {
  #phase: Phase = "ended";
  #registeredNow = false;
  #loggedInBefore = false;
  readonly #persistence: Persistence;
  #beatAt = 0;
  /** When to stop delivering; Infinity before `stop`. */
  #stopBy = Infinity;
  readonly #sessions = new LostSessions();
  /** The refusal of a REGISTER after which LOGIN is tried once. */
  #registerRefusal: Outcome | null = null;

  constructor(
    readonly identity: StatedIdentity,
    readonly settings: AgentSettings,
    readonly requests: Requests,
    readonly times: MessageTimes,
    readonly queue: Spool,
    readonly onEvent: (event: AgentEvent) => void,
  ) {
    this.#persistence = new Persistence(requests, queue, onEvent, (now) => this.#advance(now));
  }

  /** Sends REGISTER; for a device that is registered already, the server confirms it. */
  start(now: number): void {
    this.#phase = "registering";
    this.#advance(now);
  }

  /**
   * Queues a report, also while the agent delivers after `stop`. A message that does not fit into one datagram is cut.
   * @param code two digits
   * @param time its time field: that of the command of which it is the result; else the time of day
   * @returns false if the agent logs off or has ended: the report is not taken
   */
  report(code: string, message: string, now: number, time?: string): boolean {
    if (this.#phase === "logging-off" || this.ended) return false;
    time ??= this.times.distinctFor(message);
    const data = fitted(
      { type: "DATA" as const, code, id: this.identity.id, address: null, time, message },
      this.requests.channel.textBytesMax,
    );
    this.#tellIfCut(message, data);
    if (this.queue.push(this.requests.prepare(data, this.settings.server))) {
      this.onEvent({ kind: "report-dropped", dropped: this.queue.dropped });
    }
    this.#advance(now);
    return true;
  }

  /**
   * Delivers the queued reports while the server answers, for at most `drainMs`; logs in for them if that is needed.
   * Then, unless the server was silent all that time, sends LOGOFF and waits at most 5 s for its ACK. A second call ends
   * the agent at once.
   */
  stop(now: number): void {
    if (this.stopping || this.ended) return this.#end(false);
    this.#stopBy = now + this.settings.drainMs;
    this.#persistence.hurry(now);
    if (this.queue.length === 0) return this.#leave(now);
    this.#advance(now);
  }

  /** Whether the agent has ended, by `stop` or by a refusal. */
  get ended(): boolean {
    return this.#phase === "ended";
  }

  /** Whether `stop` was called and the agent has not ended yet. */
  get stopping(): boolean {
    return this.#stopBy !== Infinity && !this.ended;
  }

  /** When `tick` is to be called next, in ms; null for never. */
  get wakeAt(): number | null {
    const requestAt = this.requests.wakeAt;
    if (this.#phase === "ended" || this.#phase === "logging-off") return requestAt;
    return Math.min(requestAt ?? this.#nextRequestAt(), this.#stopBy);
  }

  #nextRequestAt(): number {
    if (this.#phase !== "online" || this.queue.length > 0) return this.#persistence.pauseUntil;
    return Math.max(this.#beatAt, this.#persistence.pauseUntil);
  }

  /** Runs the timers that are due. */
  tick(now: number): void {
    this.requests.tick(now);
    if (now < this.#stopBy || this.#phase === "logging-off") return this.#advance(now);
    if (this.#persistence.wasAnswered) this.#leave(now);
    else this.#end(false);
  }

  /** Starts the next request of the current phase, unless a request is outstanding or a pause is running. */
  #advance(now: number): void {
    if (!this.requests.idle || now < this.#persistence.pauseUntil) return;
    if (this.stopping && this.queue.length === 0) return this.#leave(now);
    switch (this.#phase) {
      case "registering":
        return this.#register(now);
      case "logging-in":
        return this.#logIn(now);
      case "online":
        if (now >= this.#beatAt && !this.stopping) return this.#beat(now);
        return this.#deliver(now);
      case "logging-off":
      case "ended":
        return;
    }
  }

  #register(now: number): void {
    const request = this.#prepare({ type: "REGISTER", ...this.identity });
    this.#persistence.submit(request, now, (outcome) => {
      const isDone = verdictOf("REGISTER", outcome) === "done";
      if (!isDone && !takenCodes.includes(codeOf(outcome))) {
        return this.#refuse("REGISTER", outcome);
      }
      if (isDone) this.onEvent({ kind: "registered", code: codeOf(outcome) });
      // A network may have given its IP to another device since. To be logged in it needs no new registration.
      this.#registerRefusal = isDone ? null : outcome;
      this.#registeredNow = true;
      this.#phase = "logging-in";
    });
  }

  #logIn(now: number): void {
    const { id, password, ip, port } = this.identity;
    const request = this.#prepare({ type: "LOGIN", id, password, ip, port });
    this.#persistence.submit(request, now, (outcome, at) => {
      if (verdictOf("LOGIN", outcome) === "done") {
        this.#tellRegistrationKept();
        this.onEvent({ kind: "logged-in", again: this.#loggedInBefore });
        this.#loggedInBefore = true;
        this.#registeredNow = false;
        this.#phase = "online";
        this.#beatAt = at;
        this.#sessions.opened(at);
        return;
      }
      if (this.#registerRefusal !== null) return this.#refuse("REGISTER", this.#registerRefusal);
      // 31 may mean that the id was deregistered meanwhile: register again. Right after a REGISTER it means a wrong
      // password, and the agent ends.
      if (codeOf(outcome) === ack.credentialsRefused && !this.#registeredNow) {
        this.#phase = "registering";
        return;
      }
      this.#refuse("LOGIN", outcome);
    });
  }

  #beat(now: number): void {
    const seconds = this.settings.heartbeatSeconds;
    this.#beatAt = now + seconds * 1000;
    const { id } = this.identity;
    const message = `heartbeat every=${seconds}`;
    const request = this.#prepare({
      type: "STATUS",
      code: "01",
      id,
      time: this.times.distinct(),
      message,
    });
    this.#persistence.submit(request, now, (outcome, at) => {
      this.#beatAt = at + seconds * 1000;
      if (verdictOf("STATUS", outcome) === "done") return;
      if (codeOf(outcome) === ack.statusRefused) return this.#logInAgain(at);
      this.#refuse("STATUS", outcome);
    });
  }

  /** Sends the oldest reports, as many as one packet carries. */
  #deliver(now: number): void {
    // One that waits must always be there to be dropped when the queue is full.
    const waiting = this.queue.take(Math.min(packetReportsMax, this.queue.reportsMax - 1));
    const [first] = waiting;
    if (first === undefined) return;
    const packet = this.#packetOf(waiting);
    const taken = this.queue.take(Math.max(1, packet.length));
    if (packet.length === 0) {
      this.queue.settle([first]);
      this.onEvent({ kind: "report-refused", code: "", reason: "it is damaged" });
      return this.#advance(now);
    }
    this.#persistence.submitAll(packet, now, (answered, at) => {
      const isLost = (code: string) => code === ack.dataRefused || code === ack.encryptionRequired;
      const ended = answered.filter(({ outcome }) => !isLost(codeOf(outcome)));
      const msgids = new Set(ended.map(({ request }) => request.msgid));
      this.queue.settle(taken.filter(({ msgid }) => msgids.has(msgid)));
      for (const { outcome } of ended) {
        if (verdictOf("DATA", outcome) === "done") continue;
        this.onEvent({ kind: "report-refused", code: codeOf(outcome), reason: reasonOf(outcome) });
      }
      const lost = answered.find(({ outcome }) => isLost(codeOf(outcome)));
      if (lost === undefined) return;
      if (codeOf(lost.outcome) === ack.encryptionRequired)
        return this.#refuse("DATA", lost.outcome);
      this.queue.putBack();
      this.#logInAgain(at);
    });
  }

  /** The requests of as many reports as fit in one packet, from the first on; none if that one is damaged. */
  #packetOf(reports: readonly SpooledReport[]): EncodedRequest[] {
    const { channel } = this.requests;
    const packet: EncodedRequest[] = [];
    for (const report of reports) {
      const data = reportOf(report, channel.textBytesMax);
      if (data === null) break;
      const request = this.requests.prepare(data.fitted, this.settings.server, report.msgid);
      const texts = [...packet, request].map(({ text }) => text);
      if (channel.countInPacket(texts) < texts.length) break;
      this.#tellIfCut(data.whole, data.fitted);
      packet.push(request);
    }
    return packet;
  }

  /** Logs off, if there may be a session to end. */
  #leave(now: number): void {
    if (this.#phase === "logging-off" || this.#phase === "ended") return;
    if (!this.#loggedInBefore) return this.#end(false);
    this.requests.cancelAll();
    this.#phase = "logging-off";
    const request = this.#prepare({ type: "LOGOFF", id: this.identity.id });
    const onOutcome = (outcome: Outcome) => this.#end(verdictOf("LOGOFF", outcome) === "done");
    this.requests.submit(request, now, onOutcome, logOffTimeoutMs);
  }

  #end(loggedOff: boolean): void {
    if (this.ended) return;
    this.#phase = "ended";
    this.requests.cancelAll();
    this.onEvent({ kind: "stopped", loggedOff, ...this.#left });
  }

  /** What is not delivered at the end. */
  get #left(): { undelivered: number; kept: number } {
    return { undelivered: this.queue.length, kept: this.queue.keep() };
  }

  #prepare(message: EncodedRequest["message"]): EncodedRequest {
    return this.requests.prepare(message, this.settings.server);
  }

  /** Handles a lost session: the server restarted, an operator ended it, or the device was silent for too long. */
  #logInAgain(now: number): void {
    this.#phase = "logging-in";
    const { lost, pauseMs } = this.#sessions.lost(now);
    if (pauseMs === 0) return;
    this.#persistence.pause(now, pauseMs);
    if (lost > 0) this.onEvent({ kind: "contested", lost, pauseMs });
  }

  #tellRegistrationKept(): void {
    const refusal = this.#registerRefusal;
    this.#registerRefusal = null;
    if (refusal === null) return;
    const [code, reason] = [codeOf(refusal), reasonOf(refusal)];
    this.onEvent({ kind: "registration-kept", code, reason });
  }

  #tellIfCut(message: string, data: Data): void {
    const [bytes, kept] = [utf8Bytes(withoutLineEnd(message)), utf8Bytes(data.message)];
    if (kept < bytes) this.onEvent({ kind: "report-cut", bytes, kept });
  }

  #refuse(verb: Message["type"], outcome: Outcome): void {
    this.#phase = "ended";
    const [code, reason] = [codeOf(outcome), reasonOf(outcome)];
    this.onEvent({ kind: "refused", verb, code, reason, ...this.#left });
  }
}
