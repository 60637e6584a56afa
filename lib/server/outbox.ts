// The datagrams to send: replies to requests in text or sealed, as far as the amplification limits allow them, and what
// the server sends by itself. A reply to a change is written only after its commit.

import { ack, type AckCode } from "../protocol/codes.ts";
import { encodeAck } from "../protocol/encode.ts";
import type { Address, Outgoing } from "../protocol/messages.ts";
import { FrameWriter } from "../sealed/bundle.ts";
import { encodeBody, type Frame } from "../sealed/frames.ts";
import { msgidBytes, receiptHeadBytes } from "../sealed/limits.ts";
import type { Counters } from "./counters.ts";
import type { EngineClock } from "./engine-clock.ts";
import type { Link } from "./links/link.ts";
import { ReplyLimits } from "./reply-limits.ts";
import type { Request } from "./request.ts";
import type { Failing } from "./store-failure.ts";
import type { SessionTable } from "./sessions/session-table.ts";
import type { Traffic } from "./traffic.ts";

export class Outbox {
  #replies: Outgoing[] = [];
  readonly #limits: ReplyLimits;
  /** The frames of the packet that is being filled, and the link it goes to. */
  readonly #frames = new FrameWriter();
  #framesTo: Link | null = null;

  constructor(
    private readonly clock: EngineClock,
    sessions: SessionTable,
    private readonly counters: Counters,
    private readonly traffic: Traffic,
  ) {
    this.#limits = new ReplyLimits(clock, sessions);
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
    const { hex } = request.digest;
    const plain = encodeAck(code, id, time, hex);
    if (reason === "") this.reply(request, plain);
    else this.reply(request, encodeAck(code, id, time, hex, reason), plain);
  }

  /** Answers a request whose batch failed: with 95 or 93, or not at all if it may be stored. */
  acknowledgeFailed(request: Request, how: Failing): void {
    if (how === "unknown") this.counters.silenced++;
    else if (how === "unavailable") {
      this.acknowledge(request, ack.busy, request.id, "the store is away");
    } else this.acknowledge(request, ack.storageFailed, request.id, "storage failed");
  }

  /**
   * Writes a reply, sealed if its request was. If the amplification limit (protocol §4.10) does not allow all of it, it is
   * sent as `shorter`, or not at all.
   */
  reply(request: Request, text: string, shorter = text): void {
    const { link, source, msgidHigh, msgidLow } = request;
    const said =
      link === null
        ? this.#limits.inText(request, text, shorter)
        : this.#limits.sealed(link, text, shorter);
    if (said === null) {
      this.counters.silenced++;
      return;
    }
    this.counters.replied++;
    if (link === null) return this.send(source, said);
    this.#aimAt(link);
    while (!this.#frames.addAnswer(said, msgidHigh, msgidLow)) this.#beginPacket(link);
  }

  /** Writes a datagram. The destination must be an address from which a packet came. */
  send(to: Address, payload: string | Uint8Array): void {
    this.#replies.push({ payload, to });
  }

  /** Writes a frame; it goes to the link's current source. An answer is subject to the amplification limit. */
  sendFrame(link: Link, frame: Frame): void {
    if (frame.answer && !this.#limits.allowsFrame(link, encodeBody(frame).length)) {
      this.counters.silenced++;
      return;
    }
    this.#aimAt(link);
    while (!this.#frames.add(frame)) this.#beginPacket(link);
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
    if (!this.#limits.allowsFrame(link, receiptHeadBytes + msgidBytes)) {
      this.counters.silenced++;
      return;
    }
    this.counters.replied++;
    const timeMs = Math.max(0, Math.floor(this.clock.wallMs));
    this.#aimAt(link);
    while (!this.#frames.addReceipt(code, timeMs, msgidHigh, msgidLow)) this.#beginPacket(link);
  }

  /**
   * The next frame is for this link. Frames of one link that follow each other share packets, as the answers do that one
   * packet gets at once, and those that it gets after a commit.
   */
  #aimAt(link: Link): void {
    if (this.#framesTo !== link) this.#beginPacket(link);
  }

  #beginPacket(link: Link): void {
    this.flush();
    this.#framesTo = link;
  }
}
