// RELAY (protocol §5.18): passes the sealed packets of two devices without a direct path from one to the other, with a
// rate limit for each sender. Cannot read the packets.

import type { Frame } from "../../sealed/frames.ts";
import { frameBodyBytesMax } from "../../sealed/limits.ts";
import { answer } from "../../protocol/codes.ts";
import type { Desk } from "../desk.ts";
import type { Link } from "./link.ts";
import { limits } from "../policy.ts";
import { KeyedBuckets } from "../../token-bucket.ts";

type RelayFrame = Extract<Frame, { kind: "relay" }>;

export class Relay {
  readonly #buckets = new KeyedBuckets(
    limits.relaysPerSecond,
    limits.relaysBurst,
    limits.relaySenders,
  );

  constructor(private readonly desk: Desk) {}

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
    const target = desk.sessions.get(frame.id);
    if (target === undefined || !target.sealed) {
      return this.#refuse(link, msgid, answer.notLoggedIn, "the device is not logged in sealed");
    }
    const onward = desk.links.currentOf(target.owner);
    if (onward === undefined)
      return this.#refuse(link, msgid, answer.noAnswer, "the device is not reached");
    // The frame to the target names the sender, whose id may be longer than the one it had room for.
    if (1 + link.device.length + packet.length > frameBodyBytesMax) {
      return this.#refuse(link, msgid, answer.noAnswer, "the packet is too long for both ids");
    }
    desk.counters.relayed++;
    const next = onward.nextMsgid();
    desk.outbox.sendFrame(onward, {
      kind: "relay",
      answer: false,
      msgid: next,
      id: link.device,
      packet,
    });
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
