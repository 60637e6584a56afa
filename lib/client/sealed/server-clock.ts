// The server's time, as the device last learned it: the device's own clock may be wrong or missing, and a voucher's expiry
// is the server's time. Reads its clocks through the ports.

import { decode } from "../../protocol/decode.ts";
import { decodeTime } from "../../protocol/time.ts";
import type { SealedPorts } from "./ports.ts";

export class ServerClock {
  /** The server's time minus our monotonic time, ms; null before the first ACK. */
  #ahead: number | null = null;

  constructor(private readonly ports: Pick<SealedPorts, "now" | "time">) {}

  /** Takes a text that the server sent over its link: an ACK has its time. */
  learn(text: Uint8Array): void {
    const decoded = decode(text);
    if (!decoded.ok || decoded.message.type !== "ACK") return;
    const at = decodeTime(decoded.message.time);
    if (at !== null) this.learnMs(at);
  }

  /** Takes the server's time, ms since 1970: a RECEIPT has it. */
  learnMs(at: number): void {
    this.#ahead = at - this.ports.now();
  }

  /** Seconds since 1970, by the server; by our own clock before the first ACK. */
  get seconds(): number {
    const ms = this.#ahead === null ? this.ports.time() : this.#ahead + this.ports.now();
    return Math.floor(ms / 1000);
  }
}
