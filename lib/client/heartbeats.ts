// The heartbeats of the devices that logged in through this client. An agent beats by itself and does not need these.

import { ack } from "../protocol/codes.ts";
import type { Address } from "../protocol/messages.ts";
import type { MessageTimes } from "./message-times.ts";
import type { Requests } from "./requests.ts";

/** Implementation constant: a beat gives up before it stands in a person's way. The next one follows. */
const beatTimeoutMs = 10_000;

/** What became of a beat that was not simply noted. */
export type HeartbeatEvent = {
  readonly id: string;
  /** `lost`: the server knows of no session. `silent`: it did not answer. */
  readonly kind: "lost" | "silent";
};

/** Beats for each id that is logged in. */
export class Heartbeats {
  #beatAt = new Map<string, number>();

  /** @param seconds the interval, 1 to 86,400; each beat states it */
  constructor(
    readonly requests: Requests,
    readonly server: Address,
    readonly seconds: number,
    readonly times: MessageTimes,
    readonly onEvent: (event: HeartbeatEvent) => void,
  ) {}

  /** Begins to beat, one interval from now: the LOGIN was a sign of life itself. */
  add(id: string, now: number): void {
    this.#beatAt.set(id, now + this.seconds * 1000);
  }

  remove(id: string): void {
    this.#beatAt.delete(id);
  }

  has(id: string): boolean {
    return this.#beatAt.has(id);
  }

  /** When the next beat is due, in ms; null for never. */
  get wakeAt(): number | null {
    return this.#beatAt.size === 0 ? null : Math.min(...this.#beatAt.values());
  }

  /** Sends the beats that are due. */
  tick(now: number): void {
    for (const [id, at] of this.#beatAt) {
      if (now < at) continue;
      this.#beatAt.set(id, now + this.seconds * 1000);
      this.#beat(id, now);
    }
  }

  #beat(id: string, now: number): void {
    const time = this.times.distinct();
    const message = `heartbeat every=${this.seconds}`;
    const status = { type: "STATUS" as const, code: "01", id, time, message };
    this.requests.submit(
      this.requests.prepare(status, this.server),
      now,
      (outcome) => {
        if (outcome.kind === "silent") return this.onEvent({ id, kind: "silent" });
        if (outcome.code !== ack.statusRefused || !this.#beatAt.delete(id)) return;
        this.onEvent({ id, kind: "lost" });
      },
      beatTimeoutMs,
    );
  }
}
