// Owns RESET: its answer to a packet for an unknown index, and whether one may be believed.
// Never acts on it, and never decides how often: the caller handshakes again, jittered.

import { sentTagsKept, tagBytes } from "./limits.ts";
import { receiverOf } from "./packet-form.ts";
import { encodePacket } from "./packets.ts";
import type { ResetPacket } from "./packets.ts";
import { equal } from "./primitives.ts";

/**
 * The RESET that answers a DATA packet for an unknown index: 24 bytes, less than its cause.
 * @param data a DATA packet without fault
 */
export function resetFor(data: Uint8Array): Uint8Array {
  return encodePacket({ type: "reset", receiver: receiverOf(data), tag: tagOf(data) });
}

/**
 * The tags of the latest packets that a client sent. Only who saw one of them can name it: a
 * RESET from elsewhere is not believed.
 */
export class SentTags {
  readonly #tags = new Uint8Array(sentTagsKept * tagBytes);
  readonly #indexes = new Uint32Array(sentTagsKept);
  #noted = 0;

  /** @param data a DATA packet that goes out */
  note(data: Uint8Array): void {
    const slot = this.#noted++ % sentTagsKept;
    this.#tags.set(tagOf(data), slot * tagBytes);
    this.#indexes[slot] = receiverOf(data);
  }

  /** Whether one of the packets noted caused this RESET. */
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
