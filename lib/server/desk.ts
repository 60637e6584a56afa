// The engine's shared state: the tables, the batch being filled, the replies to send, the log. Holds no rule of a verb.
// A reply to a change is written only in the callback of its step, which runs after the commit.

import { ack, describeAck, type AckCode } from "../protocol/codes.ts";
import { encodeAck } from "../protocol/encode.ts";
import { utf8Bytes } from "../protocol/fields.ts";
import { encodeFrame, encodeTextFrame, type Frame } from "../sealed/frames.ts";
import { amplificationMax } from "../protocol/limits.ts";
import { encodeTime } from "../protocol/time.ts";
import { Asks } from "./asks.ts";
import { Contests } from "./sessions/contests.ts";
import { newCounters } from "./counters.ts";
import { CredentialGuard } from "./passwords/credential-guard.ts";
import type { Identity, Random } from "./identity.ts";
import type { Link } from "./links/link.ts";
import { LinkTable } from "./links/link-table.ts";
import { HashQueue } from "./passwords/hash-queue.ts";
import type { Log } from "./log.ts";
import { Logbook } from "./logbook.ts";
import type { Moment } from "./moment.ts";
import { finding } from "./devices.ts";
import { Feed } from "./feed.ts";
import type { SessionEnd } from "./sessions/session-end.ts";
import { OpenBatch } from "./open-batch.ts";
import type { Address } from "../protocol/messages.ts";
import { limits, type Policy } from "./policy.ts";
import type { Request } from "./request.ts";
import { type Session, SessionTable } from "./sessions/session.ts";
import { KeyedBuckets, TokenBucket } from "../token-bucket.ts";
import { Traffic } from "./traffic.ts";
import { VerifierCache } from "./passwords/verifier-cache.ts";

/** A datagram to send. A string is sent as UTF-8. */
export type Reply = { readonly payload: string | Uint8Array; readonly to: Address };

/** The policy and ports of an engine. */
export type DeskParts = {
  readonly policy: Policy;
  readonly log: Log;
  readonly random: Random;
  readonly identity: Identity;
};

export class Desk {
  readonly sessions = new SessionTable();
  readonly guard = new CredentialGuard();
  readonly hashQueue = new HashQueue();
  readonly asks = new Asks();
  readonly contests = new Contests();
  readonly batch = new OpenBatch();
  /** What was committed. */
  readonly feed = new Feed();
  readonly links = new LinkTable();
  readonly counters = newCounters();
  readonly traffic = new Traffic();
  readonly verifiers: VerifierCache;
  /** The wall clock at the current call, ms since 1970, to be written down and shown; set by `setTime`. */
  wallMs: number;
  /** The monotonic clock at the current call, ms: all that is measured, due or limited by time goes by it. */
  uptimeMs: number;
  /** Sessions whose stored row is older than their last packet. */
  #touched: Session[] = [];
  #replies: Reply[] = [];
  #second = -1;
  #time = "";
  readonly #longReplies: KeyedBuckets;
  readonly #longRepliesInAll: TokenBucket;
  readonly #logbook: Logbook;

  readonly policy: Policy;
  readonly log: Log;
  readonly random: Random;
  readonly identity: Identity;

  constructor(parts: DeskParts, now: Moment) {
    this.policy = parts.policy;
    this.log = parts.log;
    this.random = parts.random;
    this.identity = parts.identity;
    this.wallMs = now.wall;
    this.uptimeMs = now.monotonic;
    this.verifiers = new VerifierCache(parts.random.bytes(32), limits.verifiers);
    this.#longReplies = new KeyedBuckets(
      limits.longRepliesPerSecond,
      limits.longRepliesBurst,
      limits.longReplySources,
    );
    const inAll = limits.longRepliesPerSecondInAll;
    this.#longRepliesInAll = new TokenBucket(inAll, inAll, this.uptimeMs);
    this.#logbook = new Logbook(parts.log, this.uptimeMs);
  }

  /** Sets the time. Every call into the engine does this first. */
  setTime({ wall, monotonic }: Moment): void {
    this.wallMs = wall;
    this.uptimeMs = monotonic;
  }

  /** The server's time in the wire format; formatted once a second. */
  get time(): string {
    const second = Math.floor(this.wallMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#time = encodeTime(this.wallMs);
    }
    return this.#time;
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

  /** The session of this device if it belongs to the request's owner (protocol §4.8). */
  sessionOf(request: Request, id: string): Session | undefined {
    const session = this.sessions.at(id, request.owner);
    const { link } = request;
    // The link has the key that owns the session, which proves as much as a RESUME: the link becomes the device's.
    if (session !== undefined && link !== null && link.device === null) this.links.admit(link, id);
    return session;
  }

  /** Removes a session whose end is on the disk, with its questions. False if it was removed before. */
  endSession(session: Session): boolean {
    if (!this.sessions.remove(session)) return false;
    this.asks.drop(session.id, this.uptimeMs);
    if (session.sealed) this.links.dismiss(session.owner, session.id, this.uptimeMs);
    return true;
  }

  /** A session's end is on the disk. False if it was removed from memory before. */
  ended({ session, reason, at }: SessionEnd): boolean {
    const { id, row, lastSeen } = session;
    this.feed.tell({ kind: "ended", id, session: row, reason, lastSeen, at });
    return this.endSession(session);
  }

  /** The removal of a device is on the disk; `at` in ms since 1970. */
  removed(id: string, at: number): void {
    this.verifiers.forget(id);
    const session = this.sessions.get(id);
    if (session !== undefined) this.endSession(session);
    this.feed.tell({ kind: "removed", id, at });
  }

  /** Notes that a packet of this session was accepted: updates its last packet and source, and marks its row as due. */
  alive(session: Session, source: Address): void {
    session.lastSeen = this.wallMs;
    session.heardAt = this.uptimeMs;
    session.source = source;
    if (session.touched) return;
    session.touched = true;
    this.#touched.push(session);
  }

  /** Writes the ACK of a request. The reason is left out if the amplification limit does not allow the longer reply. */
  acknowledge(request: Request, code: AckCode, id: string, reason = ""): void {
    this.traffic.acknowledged(request.link !== null, request.verb, code);
    const plain = encodeAck(code, id, this.time, request.hash);
    if (reason === "") this.reply(request, plain);
    else this.reply(request, encodeAck(code, id, this.time, request.hash, reason), plain);
  }

  /**
   * Writes the ACK of a change that is on the disk, and its line in Activity.log.
   * @param more appended to the line
   */
  confirm(request: Request, code: AckCode, id: string, more = ""): void {
    this.acknowledge(request, code, id);
    const words = `${code} ${id} ${describeAck(code)}${more}`;
    // Only 01 changes nothing: anybody can have it said again and again.
    const { source, link } = request;
    const isIdle = code === ack.alreadyRegistered && this.#isStranger(source, link);
    this.#logbook.answered(source, isIdle, words, this.uptimeMs);
  }

  /** Answers a request whose batch could not be stored with 95. */
  acknowledgeFailed(request: Request): void {
    this.acknowledge(request, ack.storageFailed, request.id, "storage failed");
  }

  /**
   * Refuses a request for lack of a session: with 94 if it is text and the device's text is locked or its session is
   * sealed (protocol §5.19), else with `code`.
   */
  refuseStranger(request: Request, code: AckCode, id: string, what: string): void {
    const session = this.sessions.get(id);
    if (request.link !== null || session?.sealed === false) {
      return this.refuse(request, code, id, what);
    }
    if (session?.sealed === true) return this.refuse(request, ack.encryptionRequired, id, what);
    // Without a session only the store knows whether the device has logged in sealed before.
    this.batch.submit(finding(id), request, ({ textLocked }) => {
      this.refuse(request, textLocked ? ack.encryptionRequired : code, id, what);
    });
  }

  /**
   * Writes the ACK of a request that was refused, and its line in error.log.
   * @param reason for the peer, on 9x codes only
   * @param more for the log only
   */
  refuse(request: Request, code: AckCode, id: string, what: string, reason = "", more = ""): void {
    this.counters.refused++;
    const why = reason || describeAck(code);
    const words = `${what} of ${id} refused: ${code} ${why}${more === "" ? "" : `: ${more}`}`;
    this.reportError(request.source, words);
    this.acknowledge(request, code, id, reason);
  }

  /** Refuses a request with 93, because a limit is reached. */
  refuseBusy(request: Request, id: string, what: string, reason: string): void {
    this.counters.busy++;
    this.refuse(request, ack.busy, id, what, reason);
  }

  /**
   * Writes a reply, sealed if its request was. A text reply to a source without a session is subject to the
   * amplification limit (protocol §4.10): it is sent whole, as `shorter`, or not at all.
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

  /** Writes a datagram. The destination must be an address from which a packet came. */
  send(to: Address, payload: string | Uint8Array): void {
    this.#replies.push({ payload, to });
  }

  /** Seals a frame and sends it to the link's current source. */
  sendFrame(link: Link, frame: Frame): void {
    this.#sendSealed(link, encodeFrame(frame));
  }

  /** Marks sessions whose rows could not be written as due again. */
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

  /** Writes a line of error.log, if there are not too many. */
  reportError(source: Address | null, words: string): void {
    this.#logbook.error(source, words, this.uptimeMs);
  }

  /** Writes into Activity.log that a request came in, if there are not too many of strangers. */
  noteRequest({ source, link }: Request, words: string): void {
    this.#logbook.received(source, this.#isStranger(source, link), words, this.uptimeMs);
  }

  #isStranger({ ip }: Address, link: Link | null): boolean {
    return link === null ? !this.sessions.hasSource(ip) : link.device === null;
  }

  #forStranger(request: Request, text: string, shorter: string): string | null {
    const bytesMax = request.bytes * amplificationMax;
    if (utf8Bytes(text) <= bytesMax) return text;
    const { source } = request;
    if (
      this.#longReplies.take(source.ip, this.uptimeMs) &&
      this.#longRepliesInAll.take(this.uptimeMs)
    ) {
      return text;
    }
    return utf8Bytes(shorter) <= bytesMax ? shorter : null;
  }
}
