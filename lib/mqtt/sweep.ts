// After the broker has connected: looks at what it keeps of this server's discovery. Finds devices that were deregistered while
// nobody could tell, and the fields that were told before the server started. Never touches what another server has told.

import type { Labels } from "../server/labels.ts";
import type { BrokerLink, Incoming } from "./broker.ts";
import { fieldsTold, type SeenField } from "./discovery.ts";
import { configFilter, readConfigTopic, type TopicPlace } from "./topics.ts";

/** It ends this long after its beginning, ms. */
const longestMs = 5_000;
/** It ends when nothing has come for this long, ms. */
const quietMs = 1_000;

/** What the sweep finds. */
export type SweepEvents = {
  readonly isRegistered: (id: string) => boolean;
  /** A device that is not registered any more. */
  readonly onOrphan: (id: string) => void;
  readonly onFields: (id: string, fields: readonly Omit<SeenField, "isGone">[]) => void;
  readonly labelsOf: (id: string) => Labels | undefined;
};

export class Sweep {
  #link: BrokerLink | null = null;
  #beganAt = 0;
  #heardAt = 0;

  constructor(
    private readonly place: TopicPlace,
    private readonly uptimeMs: () => number,
    private readonly events: SweepEvents,
  ) {}

  get isUnderWay(): boolean {
    return this.#link !== null;
  }

  /** Begins over a new link, if Home Assistant is told of devices. */
  begin(link: BrokerLink): void {
    const { discovery } = this.place;
    if (discovery === null) return;
    this.#beganAt = this.uptimeMs();
    this.#heardAt = this.#beganAt;
    this.#link = link;
    // With QoS 1 a broker keeps only its newest 1,000 messages for a subscriber, and drops the others.
    link.subscribe([configFilter(this.place), `${discovery}/status`], 0);
  }

  stop(): void {
    this.#link = null;
  }

  /** Ends it when nothing more comes. @returns whether it ends now */
  tick(): boolean {
    const now = this.uptimeMs();
    if (this.#link === null) return false;
    if (now - this.#heardAt < quietMs && now - this.#beganAt < longestMs) return false;
    this.#link.unsubscribe([configFilter(this.place)]);
    this.#link = null;
    return true;
  }

  /** Takes a message. @returns whether it was discovery */
  take({ topic, payload, retain }: Incoming): boolean {
    const { discovery } = this.place;
    if (discovery === null || !topic.startsWith(`${discovery}/device/`)) return false;
    if (this.#link === null || !retain || payload === "") return true;
    this.#heardAt = this.uptimeMs();
    const id = readConfigTopic(this.place, topic);
    if (id === undefined) return true;
    if (!this.events.isRegistered(id)) {
      this.events.onOrphan(id);
      return true;
    }
    const labels = this.events.labelsOf(id);
    // A unit that an operator has given is not the device's.
    const own = fieldsTold(payload).map(({ name, unit }) => ({
      name,
      unit: labels?.has(`unit.${name}`) ? null : unit,
    }));
    this.events.onFields(id, own);
    return true;
  }
}
