// The engine: turns datagrams into steps for the store, and after the commit results into replies. Synchronous;
// knows no socket, clock, file or randomness. Its shell calls receive and tick, then take, then complete or fail.

import { ack } from "../protocol/codes.ts";
import { decode, type Refusal } from "../protocol/decode.ts";
import { Digest } from "../protocol/digest.ts";
import type { FrameReader } from "../sealed/bundle.ts";
import { areFlags, decodeFrame, type Frame, frameKind } from "../sealed/frames.ts";
import { Commanding } from "./commands/commanding.ts";
import { Attempts } from "./passwords/credentials.ts";
import { Desk, type DeskParts } from "./desk.ts";
import type { Outgoing } from "../protocol/messages.ts";
import { Doorkeeper } from "./door/doorkeeper.ts";
import type { Entry, OpenBatch } from "./open-batch.ts";
import type { Feed } from "./feed.ts";
import type { HashJob, HashResult } from "./passwords/hash-queue.ts";
import { PacketGate } from "./links/packet-gate.ts";
import type { Link } from "./links/link.ts";
import type { Moment } from "./moment.ts";
import { Elsewhere } from "./sessions/elsewhere.ts";
import type { SessionRow } from "./rows.ts";
import type { Failing } from "./store-failure.ts";
import type { Step, StepResult } from "./store-port.ts";
import type { Address } from "../protocol/messages.ts";
import { Operator } from "./operator.ts";
import { limits } from "./policy.ts";
import { Adoptions } from "./sessions/adoption.ts";
import { PresenceSweep } from "./sessions/presence-sweep.ts";
import { type Request, requestOver } from "./request.ts";
import { carryOut, type VerbParts } from "./verbs/index.ts";
import { receiveResume, refuseResume } from "./verbs/resume.ts";
import { Relay } from "./links/relay.ts";
import { refuse } from "./responses.ts";

/** `A`: ACK is the only type that starts with it. */
const letterA = 0x41;

/** The steps of one transaction, with their callbacks. */
export type Batch = readonly Entry[];

export class Engine {
  readonly desk: Desk;
  /** The operator's actions. */
  readonly operator: Operator;
  /** The operator's commands to devices. */
  readonly commands: Commanding;
  /** The operator's actions at the door. */
  readonly door: Doorkeeper;
  /** What other nodes have done. */
  readonly elsewhere: Elsewhere;
  readonly #parts: VerbParts;
  readonly #presence: PresenceSweep;
  readonly #gate: PacketGate;
  readonly #relay: Relay;
  /** Datagrams, and frames in them, since the last batch was taken. */
  #requests = 0;

  /**
   * @param stored the sessions that were open when the server last stopped
   */
  constructor(parts: DeskParts, stored: readonly SessionRow[], now: Moment) {
    this.desk = new Desk(parts, now);
    this.desk.sessions.restore(stored, now);
    this.#parts = {
      desk: this.desk,
      attempts: new Attempts(this.desk),
      adoptions: new Adoptions(this.desk),
    };
    this.#presence = new PresenceSweep(this.desk);
    this.#gate = new PacketGate(this.desk, (link, frame) => this.#receiveFrame(link, frame));
    this.#relay = new Relay(this.desk);
    this.operator = new Operator(this.desk);
    this.commands = new Commanding(this.desk, parts.commands?.open ?? []);
    this.door = new Doorkeeper(this.desk);
    this.elsewhere = new Elsewhere(this.desk, this.#relay);
  }

  /**
   * Handles one datagram; its steps join the current batch.
   * @param bytes not kept; may be overwritten after the call
   * @param late whether the event loop is behind, so that an INIT needs a cookie (sealed, Packets)
   */
  receive(bytes: Uint8Array, source: Address, now: Moment, late = false): void {
    const { desk } = this;
    desk.clock.set(now);
    desk.counters.received++;
    this.#requests++;
    const first = bytes[0] ?? 0;
    if (first >= 1 && first <= 7) return this.#gate.receive(bytes, source, late);
    const digest = new Digest(bytes);
    const { length } = bytes;
    const owner = source.ip;
    const request: Request = {
      source,
      id: "-",
      verb: "other",
      timeMs: null,
      bytes: length,
      digest,
      owner,
      link: null,
      msgidHigh: 0,
      msgidLow: 0,
      isAnswer: false,
      wantsReceipt: false,
    };
    if (desk.policy.requireEncryption) {
      // protocol §2.8: an ACK is never answered, not even with a refusal.
      if (bytes[0] === letterA && isAck(bytes)) return desk.traffic.unanswered(false, "ACK");
      refuse(desk, request, { code: ack.encryptionRequired, id: "-", what: "a text datagram" });
      return;
    }
    this.#receiveText(request, bytes);
  }

  /** Does what is due by time: ends silent sessions, writes session rows, removes links, sends questions again. */
  tick(now: Moment): void {
    this.desk.clock.set(now);
    this.#presence.tick();
    this.desk.links.expire(this.desk.uptimeMs);
    this.operator.tick();
    this.commands.tick();
    this.door.tick();
    this.elsewhere.tick();
  }

  /** The current batch, of each lane of the store. An empty one need not be stored. */
  get batch(): OpenBatch {
    return this.desk.batch;
  }

  /** Whether the current batch has a step. */
  get hasWork(): boolean {
    return this.desk.batch.size > 0;
  }

  /** Whether further datagrams should wait: so many requests came in this turn, or so many steps wait for a commit. */
  get isFull(): boolean {
    return this.#requests >= limits.requestsPerTurn || this.desk.batch.isFull;
  }

  /** What comes from now on belongs to the next turn. */
  endTurn(): void {
    this.#requests = 0;
  }

  /**
   * Runs the callbacks of a batch that is on the disk; they write the replies.
   * @param results one for each step, in the same order; anything else is a broken store, and throws
   */
  complete(batch: Batch, results: readonly StepResult[], now: Moment): void {
    if (results.length !== batch.length) {
      throw new Error(`${results.length} results of ${batch.length} steps`);
    }
    this.desk.clock.set(now);
    this.desk.counters.batches++;
    for (let i = 0; i < batch.length; i++) (batch[i] as Entry).onDone(results[i] as StepResult);
  }

  /**
   * Answers every request of a batch that failed: with 95 if it was not stored, with 93 if the store is away. If it is not
   * known whether it was stored there is no answer, because each would say something: devices repeat the request.
   */
  fail(batch: Batch, how: Failing, words: string, now: Moment): void {
    const { desk } = this;
    desk.clock.set(now);
    desk.counters.batchesFailed++;
    // A store that is away has said so itself, once.
    if (how !== "unavailable") {
      const what = how === "failed" ? "were not stored" : "may be stored or not";
      desk.logbook.error(null, `storage failed, ${batch.length} operations ${what}: ${words}`);
    }
    for (const { request, onFail } of batch) {
      onFail?.(how);
      if (request !== null) desk.outbox.acknowledgeFailed(request, how);
    }
    if (how === "unknown") this.elsewhere.doubt(batch.flatMap(({ step }) => changedBy(step)));
  }

  /** What was committed. */
  get feed(): Feed {
    return this.desk.feed;
  }

  /** Returns the datagrams to send since the last call, in order. */
  takeReplies(): Outgoing[] {
    return this.desk.outbox.take();
  }

  /**
   * Returns the passwords to hash or check off the event loop now, at most `most`; the others keep waiting, so that who
   * comes later can still be served before them. The result of each is passed to `resume`.
   */
  takeHashJobs(most?: number): HashJob[] {
    return this.desk.hashQueue.take(most);
  }

  /** Continues a request whose password was hashed or checked; its step joins the current batch. */
  resume(job: HashJob, result: HashResult, now: Moment): void {
    this.desk.clock.set(now);
    job.done(result);
  }

  /** Adds the due rows of all sessions to the current batch, for a clean stop. */
  settle(now: Moment): void {
    this.desk.clock.set(now);
    this.#presence.writeAll();
    this.commands.settle();
  }

  #receiveText(request: Request, text: Uint8Array): void {
    const decoded = decode(text);
    request.id = (decoded.ok ? decoded.message.id : decoded.id) ?? "-";
    if (!decoded.ok) return this.#refuseMalformed(request, decoded);
    const { id, type } = decoded.message;
    if (request.isAnswer && type !== "DATA" && type !== "ACK") {
      const reason = `a ${type} is no answer`;
      return this.#refuseMalformed(request, { ok: false, code: ack.malformed, id, reason });
    }
    request.timeMs = decoded.timeMs;
    carryOut(this.#parts, request, decoded.message);
  }

  #receiveFrame(link: Link, frame: FrameReader): void {
    this.#requests++;
    const { body } = frame;
    if (frame.kind === frameKind.text && areFlags(frame.kind, frame.flags)) {
      return this.#receiveText(requestOver(link, frame, body), body);
    }
    const decoded = decodeFrame(frame.kind, frame.flags, frame.msgid, body);
    if (decoded.ok) return this.#receiveOther(link, frame, decoded.value);
    this.desk.counters.sealedRefused++;
    if (frame.kind !== frameKind.resume) return;
    refuseResume(this.desk, requestOver(link, frame, body), "-", `malformed: ${decoded.reason}`);
  }

  /** Handles a frame that is no text message. */
  #receiveOther(link: Link, reader: FrameReader, frame: Frame): void {
    switch (frame.kind) {
      case "resume":
        if (frame.answer) {
          const request = requestOver(link, reader, reader.body);
          return refuseResume(this.desk, request, "-", "a RESUME is no answer");
        }
        return receiveResume(this.desk, requestOver(link, reader, reader.body), frame);
      case "relay":
        return this.#relay.pass(link, frame);
      case "keepalive": {
        const { device, key, source } = link;
        const session = device === null ? undefined : this.desk.sessions.at(device, key);
        if (session !== undefined) this.desk.due.heard(session, source);
        return;
      }
      case "close":
        // What was answered over the link before.
        this.desk.outbox.flush();
        return this.desk.links.remove(link);
      default:
        // Only a server sends the others.
        this.desk.counters.sealedRefused++;
    }
  }

  #refuseMalformed(request: Request, refusal: Refusal): void {
    const { desk } = this;
    desk.counters.malformed++;
    const { code, reason } = refusal;
    desk.logbook.error(
      request.source,
      `refused a datagram of ${request.bytes} bytes: ${code} ${reason}`,
    );
    desk.outbox.acknowledge(request, code, request.id, reason);
  }
}

/** The device whose session a step may have changed. */
function changedBy(step: Step): string[] {
  const id = step.kind === "rule" ? step.keys.device : undefined;
  return id === undefined ? [] : [id];
}

function isAck(bytes: Uint8Array): boolean {
  const decoded = decode(bytes);
  return decoded.ok && decoded.message.type === "ACK";
}
