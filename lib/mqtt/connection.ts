// Keeps a link to the broker as long as one is wanted: begins it, and after its end the next one, later each time. Publishes
// nothing itself.

import type { Broker, BrokerLink, Incoming, LinkEnd } from "./broker.ts";

/** Pauses before the next link, ms: doubled after each link that did not open. */
const pauseMinMs = 1_000;
const pauseMaxMs = 60_000;

/** What follows the connection. */
export type ConnectionEvents = {
  onUp(link: BrokerLink, unackedMax: number): void;
  onMessage(message: Incoming): void;
  onDown(): void;
};

/** How the connection is. */
export type ConnectionState = "off" | "connecting" | "up" | "waiting";

export class Connection {
  #state: ConnectionState = "off";
  #link: BrokerLink | null = null;
  #version: 5 | 4 = 5;
  #pauseMs = pauseMinMs;
  #nextAt = 0;
  /** When the state last changed between up and not up, by the monotonic clock, ms. */
  #since: number;
  #failure: LinkEnd | null = null;
  /** Counts links, so that the events of one that was given up do nothing. */
  #generation = 0;

  /**
   * @param uptimeMs the monotonic clock
   * @param random from 0 to below 1
   * @param note gets one line for each change between up and not up, and for another reason
   */
  constructor(
    private readonly broker: Broker,
    private readonly events: ConnectionEvents,
    private readonly uptimeMs: () => number,
    private readonly random: () => number,
    private readonly note: (words: string) => void,
  ) {
    this.#since = uptimeMs();
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get since(): number {
    return this.#since;
  }

  /** Why there is no link, or why the one before ended; null while none has failed. */
  get failure(): LinkEnd | null {
    return this.#failure;
  }

  /** Wants a link from now on. */
  begin(): void {
    if (this.#state !== "off") return;
    this.#pauseMs = pauseMinMs;
    this.#open();
  }

  /** Wants no link any more; takes leave of the broker. */
  async end(): Promise<void> {
    if (this.#state === "off") return;
    const wasUp = this.#state === "up";
    const link = this.#link;
    this.#generation++;
    this.#link = null;
    this.#turn("off");
    if (wasUp) this.events.onDown();
    await link?.close();
  }

  /** Begins the next link if it is time. */
  tick(): void {
    if (this.#state === "waiting" && this.uptimeMs() >= this.#nextAt) this.#open();
  }

  #open(): void {
    const generation = ++this.#generation;
    const ifCurrent = (act: () => void) => {
      if (generation === this.#generation) act();
    };
    this.#turn("connecting");
    const link = this.broker.open(this.#version, {
      onOpen: (unackedMax) => ifCurrent(() => this.#opened(link, unackedMax)),
      onMessage: (message) => ifCurrent(() => this.events.onMessage(message)),
      onEnd: (end) => ifCurrent(() => this.#ended(end)),
    });
    this.#link = link;
  }

  #opened(link: BrokerLink, unackedMax: number): void {
    this.#pauseMs = pauseMinMs;
    this.#failure = null;
    this.#turn("up");
    this.note(`MQTT: connected to ${this.broker.name}`);
    this.events.onUp(link, unackedMax);
  }

  #ended(end: LinkEnd): void {
    const wasUp = this.#state === "up";
    this.#generation++;
    this.#link = null;
    this.#turn("waiting");
    if (end.kind === "version" && this.#version === 5) {
      this.#version = 4;
      this.#nextAt = this.uptimeMs();
      return;
    }
    if (this.#failure?.why !== end.why) this.note(`MQTT: ${this.broker.name}: ${end.why}`);
    this.#failure = end;
    // Not all servers of a broker that has restarted come back in the same moment.
    this.#nextAt = this.uptimeMs() + this.#pauseMs * (0.5 + this.random() / 2);
    this.#pauseMs = Math.min(pauseMaxMs, this.#pauseMs * 2);
    if (wasUp) this.events.onDown();
  }

  #turn(state: ConnectionState): void {
    if ((state === "up") !== (this.#state === "up")) this.#since = this.uptimeMs();
    this.#state = state;
  }
}
