// Which of several servers a simulated device uses: the first, until it is silent, then the next, round and round, as
// lib/cli/client/servers.ts does it. Never sends: the engine has one address, which is always the current one.

import type { Carrier } from "../../../lib/client/channel.ts";
import type { Requests } from "../../../lib/client/requests.ts";
import type { Address } from "../../../lib/protocol/messages.ts";
import type { Timeline } from "../timeline.ts";

/** How long a look-up takes, ms. */
const lookUpMs = 3;

type Watched = {
  readonly requests: Requests;
  readonly carrier: Carrier;
  readonly onMoved: () => void;
};

export class ServerChoice {
  readonly address: Address;
  /** How often the device went to another server. */
  moves = 0;
  #current: number;
  #watched: Watched | null = null;
  #isMoving = false;

  constructor(
    private readonly timeline: Timeline,
    private readonly all: readonly Address[],
    private readonly first: number,
  ) {
    this.#current = first;
    const current = () => this.all[this.#current] as Address;
    this.address = {
      get ip() {
        return current().ip;
      },
      get port() {
        return current().port;
      },
    };
  }

  /** A process of the device begins, with the first server. @param onMoved called when it has gone to another server */
  watch(requests: Requests, carrier: Carrier, onMoved: () => void): void {
    this.#watched = { requests, carrier, onMoved };
    this.#current = this.first;
    this.#isMoving = false;
  }

  /** When the current server will have been silent for too long, in ms; null for never. */
  get wakeAt(): number | null {
    if (this.#watched === null || this.#isMoving) return null;
    return this.#watched.requests.silentAt(this.address);
  }

  tick(): void {
    if (this.timeline.now < (this.wakeAt ?? Infinity)) return;
    const watched = this.#watched as Watched;
    this.#isMoving = true;
    this.timeline.after(lookUpMs, () => {
      if (this.#watched !== watched) return;
      this.#isMoving = false;
      const at = watched.requests.silentAt(this.address);
      // It may have answered meanwhile.
      if (at !== null && at <= this.timeline.now) this.#move(watched);
      watched.onMoved();
    });
  }

  #move({ requests, carrier }: Watched): void {
    this.#current = (this.#current + 1) % this.all.length;
    this.moves++;
    carrier.moved();
    requests.moved(this.address, this.timeline.now);
  }
}
