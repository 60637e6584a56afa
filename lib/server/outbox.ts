// The datagrams to send: replies to requests in text or sealed, and what the server sends by itself. Limits what a source
// without a session can make the server send (protocol §4.10). A reply to a change is written only after its commit.

import { ack, type AckCode } from "../protocol/codes.ts";
import { encodeAck } from "../protocol/encode.ts";
import { utf8Bytes } from "../protocol/fields.ts";
import { amplificationMax } from "../protocol/limits.ts";
import type { Address, Outgoing } from "../protocol/messages.ts";
import { FrameWriter } from "../sealed/bundle.ts";
import type { Frame } from "../sealed/frames.ts";
import { KeyedBuckets, TokenBucket } from "../token-bucket.ts";
import type { Counters } from "./counters.ts";
import type { EngineClock } from "./engine-clock.ts";
import type { Link } from "./links/link.ts";
import { limits } from "./policy.ts";
import type { Request } from "./request.ts";
import type { Failing } from "./store-failure.ts";
import type { SessionTable } from "./sessions/session-table.ts";
import type { Traffic } from "./traffic.ts";

export class Outbox {
  #replies: Outgoing[] = [];
  readonly #longReplies = new KeyedBuckets(
    limits.longRepliesPerSecond,
    limits.longRepliesBurst,
    limits.longReplySources,
  );
  readonly #longRepliesInAll: TokenBucket;
  /** The frames of the packet that is being filled, and the link it goes to. */
  readonly #frames = new FrameWriter();
  #framesTo: Link | null = null;

  constructor(
    private readonly clock: EngineClock,
    private readonly sessions: SessionTable,
    private readonly counters: Counters,
    private readonly traffic: Traffic,
  ) {
    const inAll = limits.longRepliesPerSecondInAll;
    this.#longRepliesInAll = new TokenBucket(inAll, inAll, clock.uptimeMs);
  }

  /** Returns the datagrams written since the last call, in order. */
  take(): Outgoing[] {
    this.flush();
    const replies = this.#replies;
    this.#replies = [];
    return replies;
  }

  /** Writes the ACK of a request. The reason is left out if the amplification limit does not allow the longer reply. */
  acknowledge(request: Request, code: AckCode, id: string, reason = ""): void {
    this.traffic.acknowledged(request.link !== null, request.verb, code);
    if (request.wantsReceipt && (code === ack.dataStored || code === ack.statusNoted)) {
      return this.#receipt(request, code);
    }
    const { time } = this.clock;
    const plain = encodeAck(code, id, time, request.hash);
    if (reason === "") this.reply(request, plain);
    else this.reply(request, encodeAck(code, id, time, request.hash, reason), plain);
  }

  /** Answers a request whose batch failed: with 95 or 93, or not at all if it may be stored. */
  acknowledgeFailed(request: Request, how: Failing): void {
    if (how === "unknown") this.counters.silenced++;
    else if (how === "unavailable") {
      this.acknowledge(request, ack.busy, request.id, "the store is away");
    } else this.acknowledge(request, ack.storageFailed, request.id, "storage failed");
  }

  /**
   * Writes a reply, sealed if its request was. A text reply to a source without a session is subject to the
   * amplification limit (protocol §4.10): it is sent whole, as `shorter`, or not at all.
   */
  reply(request: Request, text: string, shorter = text): void {
    const { link, msgidHigh, msgidLow } = request;
    if (link !== null) {
      this.counters.replied++;
      this.#begin(link);
      if (this.#frames.addAnswer(text, msgidHigh, msgidLow)) return;
      this.#beginNext(link);
      this.#frames.addAnswer(text, msgidHigh, msgidLow);
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

  /** Writes a frame; it goes to the link's current source. */
  sendFrame(link: Link, frame: Frame): void {
    this.#begin(link);
    if (this.#frames.add(frame)) return;
    this.#beginNext(link);
    this.#frames.add(frame);
  }

  /** Seals the frames that are written: nothing more fits, or their link ends. Without any it does nothing. */
  flush(): void {
    const link = this.#framesTo;
    this.#framesTo = null;
    if (link === null) return;
    const packet = link.transport.seal(this.#frames.take(), this.clock.uptimeMs);
    if (packet.ok) this.send(link.source, packet.value);
  }

  #receipt(request: Request, code: AckCode): void {
    const { link, msgidHigh, msgidLow } = request;
    if (link === null) return;
    this.counters.replied++;
    const timeMs = Math.max(0, Math.floor(this.clock.wallMs));
    this.#begin(link);
    if (this.#frames.addReceipt(code, timeMs, msgidHigh, msgidLow)) return;
    this.#beginNext(link);
    this.#frames.addReceipt(code, timeMs, msgidHigh, msgidLow);
  }

  /**
   * The next frame is for this link. The frames of one link that follow each other share packets, which is so for the
   * answers to the frames of one packet.
   */
  #begin(link: Link): void {
    if (this.#framesTo === link) return;
    this.flush();
    this.#framesTo = link;
  }

  #beginNext(link: Link): void {
    this.flush();
    this.#framesTo = link;
  }

  #forStranger(request: Request, text: string, shorter: string): string | null {
    const bytesMax = request.bytes * amplificationMax;
    if (utf8Bytes(text) <= bytesMax) return text;
    const { uptimeMs } = this.clock;
    const { ip } = request.source;
    if (this.#longReplies.take(ip, uptimeMs) && this.#longRepliesInAll.take(uptimeMs)) return text;
    return utf8Bytes(shorter) <= bytesMax ? shorter : null;
  }
}
