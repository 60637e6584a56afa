// Owns RESET: the answer to a DATA packet for an unknown index, and the check whether a received one is genuine.
// Never acts on a RESET or limits its rate: the caller does, with a new handshake after a random delay.

import { sentTagsKept, tagBytes } from "./limits.ts";
import { receiverOf } from "./packet-form.ts";
import { encodePacket } from "./packets.ts";
import type { ResetPacket } from "./packets.ts";
import { equal } from "./primitives.ts";

/**
 * The RESET that answers a DATA packet for an unknown index: 24 bytes, which is less than any DATA packet.
 * @param data a DATA packet in which `packetFault` found no fault
 */
export function resetFor(data: Uint8Array): Uint8Array {
  return encodePacket({ type: "reset", receiver: receiverOf(data), tag: tagOf(data) });
}

/**
 * The tags of the latest 8 packets that a client sent. A RESET must repeat one of them, so only a host that
 * saw the packet can send a RESET that the client accepts.
 */
export class SentTags {
  readonly #tags = new Uint8Array(sentTagsKept * tagBytes);
  readonly #indexes = new Uint32Array(sentTagsKept);
  #noted = 0;

  /** @param data a DATA packet that is about to be sent */
  note(data: Uint8Array): void {
    const slot = this.#noted++ % sentTagsKept;
    this.#tags.set(tagOf(data), slot * tagBytes);
    this.#indexes[slot] = receiverOf(data);
  }

  /** Whether one of the noted packets caused this RESET. */
  caused(reset: ResetPacket): boolean {
    for (let slot = 0; slot < Math.min(this.#noted, sentTagsKept); slot++) {
      const tag = this.#tags.subarray(slot * tagBytes, (slot + 1) * tagBytes);
      if (this.#indexes[slot] === reset.receiver && equal(tag, reset.tag)) return true;
    }
    return false;
  }
}

function tagOf(data: Uint8Array): Uint8Array {
  return data.subarray(data.length - tagBytes);
}
