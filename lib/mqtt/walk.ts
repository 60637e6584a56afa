// Goes through all devices after the broker has connected, or Home Assistant has started, and has everything told of each, at a
// bounded rate. Tells nothing itself.

import { TokenBucket } from "../token-bucket.ts";

/** What is told of a device. */
export type DeviceTopic = "availability" | "device" | "state";

const topics: readonly DeviceTopic[] = ["availability", "device", "state"];

/** Publications a second. */
export const walkPerSecond = 500;
/** A busy machine may tick late: then it catches up with this many. */
const burst = 250;
/** Devices that are gone through together, whose records are read together. */
const groupMax = 128;

/** What the walk uses of the bridge. */
export type WalkPorts = {
  readonly ids: () => Promise<Iterable<string>>;
  /** Whether a device is read; if it is not, that begins. */
  readonly isRead: (id: string) => boolean;
  /** Whether there is something to tell. */
  readonly has: (id: string, topic: DeviceTopic) => boolean;
  /** Publishes one topic of a device as it is now. @returns whether there was room */
  readonly tell: (id: string, topic: DeviceTopic) => boolean;
};

export class Walk {
  #ids: Iterator<string> | null = null;
  #group: string[] = [];
  /** What is due of the first device of the group. */
  #due: readonly DeviceTopic[] = topics;
  #bucket: TokenBucket;
  #hasToken = false;
  /** Counts beginnings: a list of ids that comes after the next one has begun is not used. */
  #generation = 0;
  #isListing = false;

  constructor(
    private readonly ports: WalkPorts,
    private readonly uptimeMs: () => number,
  ) {
    this.#bucket = new TokenBucket(walkPerSecond, burst, uptimeMs());
  }

  get isUnderWay(): boolean {
    return this.#isListing || this.#ids !== null || this.#group.length > 0;
  }

  /** Begins, anew if it is under way. */
  async begin(): Promise<void> {
    const generation = this.stop();
    this.#isListing = true;
    try {
      const ids = await this.ports.ids();
      if (generation === this.#generation) this.#ids = ids[Symbol.iterator]();
    } finally {
      if (generation === this.#generation) this.#isListing = false;
    }
  }

  stop(): number {
    this.#isListing = false;
    this.#ids = null;
    this.#group = [];
    this.#due = topics;
    return ++this.#generation;
  }

  /** Has as much told as the rate and the room allow. */
  tick(): void {
    const now = this.uptimeMs();
    for (;;) {
      if (this.#group.length === 0 && !this.#nextGroup()) return;
      const unread = this.#group.filter((id) => !this.ports.isRead(id));
      if (unread.length > 0) return;
      while (this.#group.length > 0) if (!this.#tellOne(now)) return;
    }
  }

  /** Whether a device is just gone through. */
  includes(id: string): boolean {
    return this.#group.includes(id);
  }

  /** A device is not registered any more. */
  leaveOut(id: string): void {
    if (this.#group[0] === id) this.#due = topics;
    this.#group = this.#group.filter((one) => one !== id);
  }

  #nextGroup(): boolean {
    while (this.#ids !== null && this.#group.length < groupMax) {
      const next = this.#ids.next();
      if (next.done) this.#ids = null;
      else this.#group.push(next.value);
    }
    return this.#group.length > 0;
  }

  #tellOne(now: number): boolean {
    const [id] = this.#group as [string];
    const [topic, ...rest] = this.#due as [DeviceTopic, ...DeviceTopic[]];
    if (this.ports.has(id, topic)) {
      this.#hasToken ||= this.#bucket.take(now);
      if (!this.#hasToken || !this.ports.tell(id, topic)) return false;
      this.#hasToken = false;
    }
    this.#due = rest;
    if (rest.length > 0) return true;
    this.#group.shift();
    this.#due = topics;
    return true;
  }
}
