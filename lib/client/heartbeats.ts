// The heartbeats of the ids that are logged in through the menu. The agent sends its own and never uses these.

import { ack } from "../protocol/codes.ts";
import type { Address } from "../protocol/messages.ts";
import type { MessageTimes } from "./message-times.ts";
import type { Requests } from "./requests.ts";

/** Implementation constant: a heartbeat gives up early, because a person's requests wait behind it. */
const beatTimeoutMs = 10_000;

/** A heartbeat that was answered with 41, or not at all. */
export type HeartbeatEvent = {
  readonly id: string;
  /** `lost`: the server has no session for the id (41). `silent`: the server did not answer. */
  readonly kind: "lost" | "silent";
};

/** Sends heartbeats for each id that is logged in. */
export class Heartbeats {
  #beatAt = new Map<string, number>();

  /** @param seconds the interval, 1 to 86,400 s; each heartbeat states it (`every=`) */
  constructor(
    readonly requests: Requests,
    readonly server: Address,
    readonly seconds: number,
    readonly times: MessageTimes,
    readonly onEvent: (event: HeartbeatEvent) => void,
  ) {}

  /** Starts the heartbeats of an id; the first is due after one interval, because the LOGIN counts as one. */
  add(id: string, now: number): void {
    this.#beatAt.set(id, now + this.seconds * 1000);
  }

  remove(id: string): void {
    this.#beatAt.delete(id);
  }

  /** When the next heartbeat is due, in ms; null for never. */
  get wakeAt(): number | null {
    return this.#beatAt.size === 0 ? null : Math.min(...this.#beatAt.values());
  }

  /** Sends the heartbeats that are due. */
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
