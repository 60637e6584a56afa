// What every verb works at: the tables, the batch being filled, the replies being written, the log. Decides nothing
// about a verb. A reply to a change can only be written from a continuation, which runs after its commit.

import { ack, describeAck, type AckCode } from "../protocol/codes.ts";
import { encodeAck } from "../protocol/encode.ts";
import { utf8Bytes } from "../protocol/fields.ts";
import { encodeFrame, encodeTextFrame, type Frame } from "../sealed/frames.ts";
import { amplificationMax } from "../protocol/limits.ts";
import { encodeTime } from "../protocol/time.ts";
import { Asks } from "./asks.ts";
import { newCounters } from "./counters.ts";
import { CredentialGuard } from "./credential-guard.ts";
import type { Identity, Random } from "./identity.ts";
import type { Link } from "./links/link.ts";
import { LinkTable } from "./links/link-table.ts";
import { HashQueue } from "./hash-queue.ts";
import type { Log } from "./log.ts";
import type { Endpoint, Operation, Outcome } from "./operation.ts";
import { limits, type Policy } from "./policy.ts";
import type { Request } from "./request.ts";
import { type Session, SessionTable } from "./session.ts";
import { KeyedBuckets, TokenBucket } from "./token-bucket.ts";
import { Traffic } from "./traffic.ts";
import { VerifierCache } from "./verifier-cache.ts";

/** An operation and what follows its commit. */
export type Entry = {
  readonly operation: Operation;
  /** Who is answered 95 when the batch could not be stored; null for the server's own doing. */
  readonly request: Request | null;
  readonly onDone: (outcome: Outcome) => void;
  readonly onFail: (() => void) | null;
};

/** A datagram to send. Text leaves as UTF-8. */
export type Reply = { readonly payload: string | Uint8Array; readonly to: Endpoint };

/** What an engine is made of besides its tables. */
export type DeskParts = {
  readonly policy: Policy;
  readonly log: Log;
  readonly random: Random;
  readonly identity: Identity;
};

/** The engine is called at each tick, four times a second: a longer step is a clock that was set, or a machine that slept. */
const clockStepMaxMs = 5_000;

export class Desk {
  readonly sessions = new SessionTable();
  readonly guard = new CredentialGuard();
  readonly hashQueue = new HashQueue();
  readonly asks = new Asks();
  readonly links = new LinkTable();
  readonly counters = newCounters();
  readonly traffic = new Traffic();
  readonly verifiers: VerifierCache;
  /** The time of the batch in hand, ms since 1970; set by `setTime`. */
  now: number;
  /**
   * A monotonic clock, ms since the start: the age of keys, cookies and links must not depend on somebody who sets the
   * clock. It follows `now`, but never goes back and skips what a clock set forward skips.
   */
  uptimeMs = 0;
  #entries: Entry[] = [];
  /** Sessions whose stored row is older than their last packet. */
  #touched: Session[] = [];
  #replies: Reply[] = [];
  #second = -1;
  #time = "";
  readonly #longReplies: KeyedBuckets;
  readonly #longRepliesInAll: TokenBucket;
  readonly #errorLines: TokenBucket;
  #errorLinesLost = 0;

  readonly policy: Policy;
  readonly log: Log;
  readonly random: Random;
  readonly identity: Identity;

  constructor(parts: DeskParts, now: number) {
    this.policy = parts.policy;
    this.log = parts.log;
    this.random = parts.random;
    this.identity = parts.identity;
    this.now = now;
    this.verifiers = new VerifierCache(parts.random.bytes(32), limits.verifiers);
    this.#longReplies = new KeyedBuckets(
      limits.longRepliesPerSecond,
      limits.longRepliesBurst,
      limits.longReplySources,
    );
    const inAll = limits.longRepliesPerSecondInAll;
    this.#longRepliesInAll = new TokenBucket(inAll, inAll, now);
    this.#errorLines = new TokenBucket(limits.errorLinesPerSecond, limits.errorLinesPerSecond, now);
  }

  /**
   * Sets the time; first thing in each call into the engine.
   * @param now ms since 1970
   */
  setTime(now: number): void {
    const stepMs = now - this.now;
    if (stepMs > 0) this.uptimeMs += Math.min(stepMs, clockStepMaxMs);
    this.now = now;
  }

  /** The server's time as the wire writes it. */
  get time(): string {
    const second = Math.floor(this.now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#time = encodeTime(this.now);
    }
    return this.#time;
  }

  /** Puts an operation into the batch in hand; what follows runs once it is on the disk. */
  submit(
    operation: Operation,
    request: Request | null,
    onDone: (outcome: Outcome) => void,
    onFail: (() => void) | null = null,
  ): void {
    this.#entries.push({ operation, request, onDone, onFail });
  }

  get hasEntries(): boolean {
    return this.#entries.length > 0;
  }

  takeEntries(): Entry[] {
    const entries = this.#entries;
    this.#entries = [];
    return entries;
  }

  takeTouched(): Session[] {
    const touched = this.#touched;
    this.#touched = [];
    return touched;
  }

  takeReplies(): Reply[] {
    const replies = this.#replies;
    this.#replies = [];
    return replies;
  }

  /** The session of this device, if the request may act for it. */
  sessionOf(request: Request, id: string): Session | undefined {
    const session = this.sessions.at(id, request.owner);
    const { link } = request;
    // The key that owns the session is as good as a RESUME: what comes over this link next is the device's too.
    if (session !== undefined && link !== null && link.device === null) this.links.admit(link, id);
    return session;
  }

  /** A session is over, on the disk too: nothing is left of it here. Whether it was still there. */
  endSession(session: Session): boolean {
    if (!this.sessions.remove(session)) return false;
    this.asks.drop(session.id);
    const link = session.sealed ? this.links.currentOf(session.owner) : undefined;
    if (link?.device === session.id) this.links.dismiss(link, this.uptimeMs);
    return true;
  }

  /** A packet of this session was accepted: the device is alive, here. */
  alive(session: Session, source: Endpoint): void {
    session.lastSeen = this.now;
    session.source = source;
    if (session.touched) return;
    session.touched = true;
    this.#touched.push(session);
  }

  /** Writes the ACK of a request; the reason goes where a stranger has had enough of long replies. */
  acknowledge(request: Request, code: AckCode, id: string, reason = ""): void {
    this.traffic.acknowledged(request.link !== null, request.verb, code);
    const plain = encodeAck(code, id, this.time, request.hash);
    if (reason === "") this.reply(request, plain);
    else this.reply(request, encodeAck(code, id, this.time, request.hash, reason), plain);
  }

  /**
   * Writes the ACK of a change that is on the disk, and its line in Activity.log.
   * @param more what the line says behind the code's words
   */
  confirm(request: Request, code: AckCode, id: string, more = ""): void {
    this.acknowledge(request, code, id);
    const words = `${code} ${id} ${describeAck(code)}${more}`;
    this.log.activity("info", peerName(request.source), "SEND", words);
  }

  /** Refuses a request for lack of a session, or of encryption where it is text and the device was sealed. */
  refuseStranger(request: Request, code: AckCode, id: string, what: string): void {
    const session = this.sessions.get(id);
    if (request.link !== null || session?.sealed === false) {
      return this.refuse(request, code, id, what);
    }
    if (session?.sealed === true) return this.refuse(request, ack.encryptionRequired, id, what);
    // Without a session the store knows whether it was sealed once (sealed, Downgrade).
    this.submit({ kind: "find", id }, request, (outcome) => {
      const isLocked = outcome.kind === "found" && outcome.textLocked === true;
      this.refuse(request, isLocked ? ack.encryptionRequired : code, id, what);
    });
  }

  /** Writes the ACK of a request that was refused, and its line in error.log. */
  refuse(request: Request, code: AckCode, id: string, what: string, reason = ""): void {
    this.counters.refused++;
    this.reportError(
      request.source,
      `${what} of ${id} refused: ${code} ${reason || describeAck(code)}`,
    );
    this.acknowledge(request, code, id, reason);
  }

  /** Refuses for lack of room: 93. */
  refuseBusy(request: Request, id: string, what: string, reason: string): void {
    this.counters.busy++;
    this.refuse(request, ack.busy, id, what, reason);
  }

  /**
   * Writes a reply, the way its request came, unless it would make the server an amplifier (clause 4).
   * @param shorter what to say where a stranger is not told the whole
   */
  reply(request: Request, text: string, shorter = text): void {
    const { link, msgid } = request;
    if (link !== null) {
      this.counters.replied++;
      this.#sendSealed(link, encodeTextFrame(text, msgid, true));
      return;
    }
    const isStranger = !this.sessions.hasSource(request.source.ip);
    const said = isStranger ? this.#forStranger(request, text, shorter) : text;
    if (said === null) {
      this.counters.silenced++;
      return;
    }
    this.counters.replied++;
    this.send(request.source, said);
  }

  /** Writes a datagram to a place a packet came from. */
  send(to: Endpoint, payload: string | Uint8Array): void {
    this.#replies.push({ payload, to });
  }

  /** Seals a frame and writes it to where the link's device is. */
  sendFrame(link: Link, frame: Frame): void {
    this.#sendSealed(link, encodeFrame(frame));
  }

  /** The rows of these sessions could not be written: they are due again. */
  stillTouched(sessions: readonly Session[]): void {
    for (const session of sessions) {
      if (session.touched) continue;
      session.touched = true;
      this.#touched.push(session);
    }
  }

  #sendSealed(link: Link, frame: Uint8Array): void {
    const packet = link.transport.seal(frame, this.uptimeMs);
    if (packet.ok) this.send(link.source, packet.value);
  }

  /** A line of error.log; a flood of them is counted instead. */
  reportError(source: Endpoint | null, words: string): void {
    if (!this.#errorLines.take(this.now)) {
      this.#errorLinesLost++;
      return;
    }
    if (this.#errorLinesLost > 0) {
      this.log.error("-", `${this.#errorLinesLost} more lines were not written here`);
      this.#errorLinesLost = 0;
    }
    this.log.error(source === null ? "-" : peerName(source), words);
  }

  #forStranger(request: Request, text: string, shorter: string): string | null {
    const bytesMax = request.bytes * amplificationMax;
    if (utf8Bytes(text) <= bytesMax) return text;
    const { source } = request;
    if (this.#longReplies.take(source.ip, this.now) && this.#longRepliesInAll.take(this.now)) {
      return text;
    }
    return utf8Bytes(shorter) <= bytesMax ? shorter : null;
  }
}

/** How a log names a peer. */
export function peerName(source: Endpoint): string {
  return source.ip.includes(":") ? `[${source.ip}]:${source.port}` : `${source.ip}:${source.port}`;
}
