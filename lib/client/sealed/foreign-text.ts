// Decides which plain text a sealed client hears: the answer of a device that it has asked in text itself, and nothing
// else unless its operator allows it. Anybody can send text, under any name. Reads and sends nothing else.

import type { Address } from "../../protocol/messages.ts";
import { sameHost } from "../channel.ts";

/** The types that can be the answer to a question. */
const answers = ["DATA\t", "ACK\t"].map((type) => Buffer.from(type));

export class ForeignText {
  /** Datagrams of text that were dropped. */
  dropped = 0;
  /** The device asked last in text. */
  #asked: Address | null = null;

  /**
   * @param all whether all text is heard
   * @param onDropped called for the first datagram that is dropped
   */
  constructor(
    private readonly all: boolean,
    private readonly onDropped: (from: Address) => void,
  ) {}

  /** Notes that a request goes to a device in text. */
  ask(device: Address): void {
    this.#asked = device;
  }

  /**
   * Whether a datagram of text is heard; if not, it is counted.
   * @param bytes the datagram
   * @param from its source address, not the server's
   */
  hears(bytes: Uint8Array, from: Address): boolean {
    if (this.all || (this.#isAsked(from) && isAnswer(bytes))) return true;
    if (++this.dropped === 1) this.onDropped(from);
    return false;
  }

  #isAsked({ ip }: Address): boolean {
    return this.#asked !== null && sameHost(ip, this.#asked.ip);
  }
}

function isAnswer(bytes: Uint8Array): boolean {
  return answers.some((start) => start.equals(bytes.subarray(0, start.length)));
}
