// RELAY (protocol §5.18): passes the sealed packets of two devices without a direct path from one to the other, with a
// rate limit for each sender. Cannot read the packets.

import type { Frame } from "../../sealed/frames.ts";
import { frameBodyBytesMax } from "../../sealed/limits.ts";
import { answer } from "../../protocol/codes.ts";
import type { Desk } from "../desk.ts";
import { findingSession } from "../devices.ts";
import type { Relayed } from "../nodes.ts";
import type { Link } from "./link.ts";
import { limits } from "../policy.ts";
import { KeyedBuckets, TokenBucket } from "../../token-bucket.ts";

type RelayFrame = Extract<Frame, { kind: "relay" }>;

export class Relay {
  readonly #buckets = new KeyedBuckets(
    limits.relaysPerSecond,
    limits.relaysBurst,
    limits.relaySenders,
  );

  readonly #toNodes: TokenBucket;

  constructor(private readonly desk: Desk) {
    const { nodeRelaysPerSecond } = limits;
    this.#toNodes = new TokenBucket(nodeRelaysPerSecond, nodeRelaysPerSecond, desk.uptimeMs);
  }

  /**
   * Passes a packet on to the device that the frame names. The frame sent on names the sender's device instead.
   * If the sender is not logged in or the target cannot be reached, the sender gets an ERROR. A packet above the rate
   * limit is dropped.
   */
  pass(link: Link, frame: RelayFrame): void {
    const { desk } = this;
    const { msgid, packet } = frame;
    if (link.device === null || desk.sessions.get(link.device)?.owner !== link.key) {
      return this.#refuse(link, msgid, answer.notLoggedIn, "log in first");
    }
    if (!this.#buckets.take(link.key, desk.uptimeMs)) return;
    if (isTooLong(link.device, packet)) {
      return this.#refuse(link, msgid, answer.noAnswer, "the packet is too long for both ids");
    }
    const relayed = { from: link.device, to: frame.id, packet };
    const target = desk.sessions.get(frame.id);
    if (target === undefined && desk.nodes.own !== "") {
      return this.#passToNode(link, msgid, { ...relayed, packet: Uint8Array.from(packet) });
    }
    if (target?.sealed !== true) return this.#refuseUnsealed(link, msgid);
    if (!this.deliver(relayed)) {
      this.#refuse(link, msgid, answer.noAnswer, "the device is not reached");
    }
  }

  /** Sends a packet to a device of this node. False if there is no link to it, or if it is too long: another node may say so. */
  deliver({ from, to, packet }: Relayed): boolean {
    const { desk } = this;
    if (isTooLong(from, packet)) return false;
    const target = desk.sessions.get(to);
    const onward = target?.sealed === true ? desk.links.currentOf(target.owner) : undefined;
    if (onward === undefined) return false;
    desk.counters.relayed++;
    const msgid = onward.nextMsgid();
    desk.outbox.sendFrame(onward, { kind: "relay", answer: false, msgid, id: from, packet });
    return true;
  }

  /** Passes a packet to the node at which its target is logged in. */
  #passToNode(link: Link, msgid: bigint, relayed: Relayed): void {
    const { desk } = this;
    // Before the look-up, which is a commit.
    if (!this.#toNodes.take(desk.uptimeMs)) return;
    desk.batch.submit(findingSession(relayed.to), null, ({ session }) => {
      if (session === null || session.clientKey === null) return this.#refuseUnsealed(link, msgid);
      // It may have logged in here meanwhile.
      if (!this.deliver(relayed)) desk.nodes.relay(session.node, relayed);
    });
  }

  #refuseUnsealed(link: Link, msgid: bigint): void {
    this.#refuse(link, msgid, answer.notLoggedIn, "the device is not logged in sealed");
  }

  #refuse(link: Link, msgid: bigint, code: string, text: string): void {
    this.desk.outbox.sendFrame(link, {
      kind: "error",
      answer: true,
      msgid,
      code: Number(code),
      text,
    });
  }
}

/** Whether a frame has no room for a packet: it names the sender, whose id may be longer than the one that the packet had room for. */
function isTooLong(from: string, packet: Uint8Array): boolean {
  return 1 + from.length + packet.length > frameBodyBytesMax;
}
