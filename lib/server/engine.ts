// The engine: datagrams in, operations for the store, and after the commit the replies. Synchronous; knows no socket,
// clock, file or randomness. Its shell calls receive and tick, then take, then complete or fail.

import { hash as digest } from "node:crypto";
import { ack, type AckCode, answer } from "../protocol/codes.ts";
import { decode, type Refusal } from "../protocol/decode.ts";
import { encode } from "../protocol/encode.ts";
import type { Frame } from "../sealed/frames.ts";
import type { Message } from "../protocol/messages.ts";
import type { Ask } from "./asks.ts";
import { Attempts } from "./credentials.ts";
import { Desk, type DeskParts, type Entry, type Replies, peerName } from "./desk.ts";
import type { HashJob, HashResult } from "./hash-queue.ts";
import { Gate } from "./links/gate.ts";
import type { Link } from "./links/link.ts";
import type { DeviceFacts, Endpoint, Outcome, StoredSession } from "./operation.ts";
import { Presence } from "./presence.ts";
import type { Request } from "./request.ts";
import { receiveData } from "./verbs/data.ts";
import { receiveDeregister } from "./verbs/deregister.ts";
import { receiveLogin } from "./verbs/login.ts";
import { receiveLogoff } from "./verbs/logoff.ts";
import { receiveQuery } from "./verbs/query.ts";
import { receiveResume } from "./verbs/resume.ts";
import { receiveRegister } from "./verbs/register.ts";
import { Relay } from "./relay.ts";
import { receiveStatus } from "./verbs/status.ts";

/** `A`: of the messages, only ACK starts with it. */
const letterA = 0x41;

/** What the engine hands out after a batch was filled. */
export type Batch = readonly Entry[];

/** What became of an operator's removal of a device. */
export type RemoveResult = "removed" | "unknown" | "storage-failed";

/** What became of a registration by the operator: an ACK code, or the hash of its password is wanted. */
export type EnrollResult =
  { readonly kind: "hash" } | { readonly kind: "done"; readonly code: AckCode };

export class Engine {
  readonly desk: Desk;
  readonly #attempts: Attempts;
  readonly #presence: Presence;
  readonly #gate: Gate;
  readonly #relay: Relay;

  /**
   * @param stored the sessions that were open when the server last stopped
   * @param now milliseconds since 1970
   */
  constructor(parts: DeskParts, stored: readonly StoredSession[], now: number) {
    this.desk = new Desk(parts, now);
    this.desk.sessions.restore(stored);
    this.#attempts = new Attempts(this.desk);
    this.#presence = new Presence(this.desk, now);
    this.#gate = new Gate(this.desk, (link, frame, body) => this.#receiveFrame(link, frame, body));
    this.#relay = new Relay(this.desk);
  }

  /**
   * Takes one datagram into the batch in hand.
   * @param late whether the loop is late, so that strangers who want a link have to show a cookie
   */
  receive(bytes: Uint8Array, source: Endpoint, now: number, late = false): void {
    const { desk } = this;
    desk.now = now;
    desk.counters.received++;
    const first = bytes[0] ?? 0;
    if (first >= 1 && first <= 7) return this.#gate.receive(bytes, source, late);
    const hash = digest("sha256", bytes, "hex");
    const { length } = bytes;
    const owner = source.ip;
    const request: Request = {
      source,
      id: "-",
      verb: "other",
      bytes: length,
      hash,
      owner,
      link: null,
      msgid: 0n,
    };
    if (desk.policy.requireEncryption) {
      // An ACK is never answered, not even with a refusal.
      if (bytes[0] === letterA) return;
      desk.refuse(request, ack.encryptionRequired, "-", "a text datagram");
      return;
    }
    this.#receiveText(request, bytes);
  }

  /** Does what is due by time: sessions go offline, questions are sent again, rows are written behind. */
  tick(now: number): void {
    this.desk.now = now;
    this.#presence.tick();
    this.desk.links.expire(now);
    this.#sendAsks();
  }

  /** Whether something waits for the next batch. */
  get hasWork(): boolean {
    return this.desk.hasEntries;
  }

  /** The batch in hand, for the store. An empty one needs no store. */
  take(): Batch {
    return this.desk.takeEntries();
  }

  /** The batch is on the disk: writes its replies. */
  complete(batch: Batch, outcomes: readonly Outcome[], now: number): void {
    this.desk.now = now;
    this.desk.counters.batches++;
    for (let i = 0; i < batch.length; i++) (batch[i] as Entry).onDone(outcomes[i] as Outcome);
  }

  /** Nothing of the batch was stored: says so to everyone in it. */
  fail(batch: Batch, words: string, now: number): void {
    const { desk } = this;
    desk.now = now;
    desk.counters.batchesFailed++;
    desk.reportError(null, `storage failed, ${batch.length} operations were not stored: ${words}`);
    for (const { request, onFail } of batch) {
      onFail?.();
      if (request !== null)
        desk.acknowledge(request, ack.storageFailed, request.id, "storage failed");
    }
  }

  /** The datagrams to send, in order: payload, port, ip, repeated. */
  takeReplies(): Replies {
    return this.desk.takeReplies();
  }

  /** The passwords to hash or check off the loop; each comes back through `resume`. */
  takeHashJobs(): HashJob[] {
    return this.desk.hashQueue.take();
  }

  /** A password was hashed or checked: goes on with its request, in the batch in hand. */
  resume(job: HashJob, result: HashResult, now: number): void {
    this.desk.now = now;
    job.done(result);
  }

  /** Where a packet of the server would reach this device, or null when it is not logged in. */
  destinationOf(id: string): Endpoint | null {
    const session = this.desk.sessions.get(id);
    if (session === undefined || session.ending) return null;
    const { source, stated } = session;
    return stated.ip === source.ip ? stated : source;
  }

  /** Asks a device on the operator's behalf; the result comes through `ask.onResult`. */
  ask(ask: Ask, now: number): void {
    this.desk.now = now;
    if (this.destinationOf(ask.id) === null) {
      this.desk.submit(
        { kind: "find", id: ask.id },
        null,
        (outcome) => {
          const known = outcome.kind === "found" && outcome.known;
          ask.onResult({ kind: known ? "not-logged-in" : "unknown" });
        },
        () => ask.onResult({ kind: "busy" }),
      );
    } else if (!this.desk.asks.add(ask)) {
      ask.onResult({ kind: "busy" });
    } else {
      this.#sendAsks();
    }
  }

  /** Lets a device speak text again after it was sealed (sealed, Downgrade). */
  allowText(id: string, onResult: (known: boolean) => void, now: number): void {
    this.desk.now = now;
    this.desk.submit(
      { kind: "allow-text", id },
      null,
      (outcome) => {
        const known = outcome.kind === "found" && outcome.known;
        if (known) this.desk.log.activity("info", "-", "-", `${id} may speak text again`);
        onResult(known);
      },
      () => onResult(false),
    );
  }

  /** Takes a device out of the registrar on the operator's behalf; its reports stay. */
  remove(id: string, onResult: (result: RemoveResult) => void, now: number): void {
    const { desk } = this;
    desk.now = now;
    desk.submit(
      { kind: "remove", id, at: now },
      null,
      (outcome) => {
        const known = outcome.kind === "found" && outcome.known;
        if (!known) return onResult("unknown");
        desk.verifiers.forget(id);
        const session = desk.sessions.get(id);
        if (session !== undefined) desk.endSession(session);
        desk.log.activity("info", "-", "-", `${id} was deregistered by the operator`);
        onResult("removed");
      },
      () => onResult("storage-failed"),
    );
  }

  /**
   * Registers a device on the operator's behalf.
   * @param hash of its password, or null to learn first whether it would be refused
   */
  enroll(
    device: DeviceFacts,
    hash: string | null,
    onResult: (result: EnrollResult) => void,
    now: number,
  ): void {
    this.desk.now = now;
    const proof = hash === null ? ({ kind: "none" } as const) : ({ kind: "hashed", hash } as const);
    this.desk.submit(
      { kind: "register", device, proof, sealed: true, at: now },
      null,
      (outcome) => onResult(enrolled(outcome)),
      () => onResult({ kind: "done", code: ack.storageFailed }),
    );
  }

  /** Writes every live session's last packet, for a clean stop. */
  settle(now: number): void {
    this.desk.now = now;
    this.#presence.writeAll();
  }

  #receiveText(request: Request, text: Uint8Array): void {
    const decoded = decode(text);
    request.id = (decoded.ok ? decoded.message.id : decoded.id) ?? "-";
    if (decoded.ok) this.#dispatch(request, decoded.message);
    else this.#refuseMalformed(request, decoded);
  }

  #receiveFrame(link: Link, frame: Frame, body: Uint8Array): void {
    const { source, key } = link;
    switch (frame.kind) {
      case "text":
        return this.#receiveText(requestOver(link, frame, body), body);
      case "resume":
        return receiveResume(this.desk, requestOver(link, frame, body), frame);
      case "relay":
        return this.#relay.pass(link, frame);
      case "keepalive": {
        const session = link.device === null ? undefined : this.desk.sessions.at(link.device, key);
        if (session !== undefined) this.desk.alive(session, source);
        return;
      }
      case "close":
        return this.desk.links.remove(link);
      case "ticket":
      case "peer":
      case "error":
        // A server's to send.
        this.desk.counters.sealedRefused++;
    }
  }

  #dispatch(request: Request, message: Message): void {
    const { desk } = this;
    request.verb = message.type;
    switch (message.type) {
      case "STATUS":
        return receiveStatus(desk, request, message);
      case "DATA":
        return receiveData(desk, request, message);
      case "QUERY":
        return receiveQuery(desk, request, message);
      case "LOGIN":
        return receiveLogin(desk, this.#attempts, request, message);
      case "LOGOFF":
        return receiveLogoff(desk, request, message);
      case "REGISTER":
        return receiveRegister(desk, this.#attempts, request, message);
      case "DEREGISTER":
        return receiveDeregister(desk, this.#attempts, request, message);
      case "ACK":
        // An ACK is never answered: two servers would answer each other for ever.
        desk.traffic.unanswered(request.link !== null, "ACK");
    }
  }

  #refuseMalformed(request: Request, refusal: Refusal): void {
    const { desk } = this;
    desk.counters.malformed++;
    const { code, reason } = refusal;
    desk.reportError(
      request.source,
      `refused a datagram of ${request.bytes} bytes: ${code} ${reason}`,
    );
    desk.acknowledge(request, code, request.id, reason);
  }

  #sendAsks(): void {
    const { desk } = this;
    for (const open of desk.asks.due(desk.now)) {
      const { id, code, target, answerTo } = open.ask;
      const to = this.destinationOf(id);
      const session = desk.sessions.get(id);
      if (to === null || session === undefined) {
        desk.asks.drop(id);
        continue;
      }
      const { time } = open;
      const text = encode({ type: "QUERY", code, id: "server", address: answerTo, time, target });
      if (!session.sealed) desk.send(to, text);
      else this.#sendSealed(session.owner, text);
      desk.log.activity("info", peerName(to), "SEND", `QUERY ${code} to ${id} about ${target}`);
    }
  }

  /** A device that is logged in sealed is asked over its link, or not at all. */
  #sendSealed(owner: string, text: string): void {
    const link = this.desk.links.currentOf(owner);
    if (link === undefined) return;
    const body = Buffer.from(text);
    this.desk.sendFrame(link, { kind: "text", answer: false, msgid: link.nextMsgid(), body });
  }
}

/** A request that came over a link. */
function requestOver(link: Link, { msgid }: Frame, body: Uint8Array): Request {
  const hash = digest("sha256", body, "hex");
  const { source, key: owner } = link;
  return { source, id: "-", verb: "other", bytes: body.length, hash, owner, link, msgid };
}

/** What an outcome of a registration by the operator says. */
export function enrolled(outcome: Outcome): EnrollResult {
  if (outcome.kind === "done") return { kind: "done", code: outcome.code };
  const isNew = outcome.kind === "need" && outcome.need.kind === "hash";
  // Another address for a device that is there wants its password: that is the device's to send.
  return isNew ? { kind: "hash" } : { kind: "done", code: ack.credentialsRefused };
}

/** The words of an operator's question that came to nothing, by its DATA code (clause 3). */
export const askCodes = {
  unknown: answer.unknownDevice,
  "not-logged-in": answer.notLoggedIn,
  "no-answer": answer.noAnswer,
} as const;
