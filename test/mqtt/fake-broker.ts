// A broker in memory: what it keeps, what was published, and links that open, acknowledge and end when a test says so.

import type {
  Broker,
  BrokerLink,
  Incoming,
  LinkEnd,
  LinkEvents,
  Publication,
} from "../../lib/mqtt/broker.ts";

export class FakeBroker implements Broker {
  readonly name = "mqtt://broker";
  /** What it keeps, by topic. */
  readonly kept = new Map<string, string>();
  /** All that was published, in order. */
  readonly published: Publication[] = [];
  readonly links: FakeLink[] = [];
  /** Whether links open and publications are acknowledged at once. */
  opens = true;
  acknowledges = true;
  unackedMax = 65_535;

  open(version: 5 | 4, events: LinkEvents): BrokerLink {
    const link = new FakeLink(this, version, events);
    this.links.push(link);
    // A link never opens before `open` has returned.
    if (this.opens) queueMicrotask(() => link.events.onOpen(this.unackedMax));
    return link;
  }

  /** The link that was begun last. */
  get link(): FakeLink {
    return this.links.at(-1) as FakeLink;
  }

  payloads(topic: string): string[] {
    return this.published.filter((one) => one.topic === topic).map(({ payload }) => payload);
  }
}

export class FakeLink implements BrokerLink {
  readonly filters: string[] = [];
  readonly gone: string[] = [];
  isClosed = false;
  readonly #unacked: (() => void)[] = [];

  constructor(
    private readonly broker: FakeBroker,
    readonly version: 5 | 4,
    readonly events: LinkEvents,
  ) {}

  publish(publication: Publication, onDone: (isTaken: boolean) => void): void {
    if (this.isClosed) throw new Error("published over a link that has ended");
    this.broker.published.push(publication);
    const { topic, payload, retain } = publication;
    if (retain && payload === "") this.broker.kept.delete(topic);
    else if (retain) this.broker.kept.set(topic, payload);
    if (this.broker.acknowledges) onDone(true);
    else this.#unacked.push(() => onDone(true));
  }

  subscribe(filters: readonly string[], qos: 0 | 1): void {
    this.filters.push(...filters.map((filter) => `${filter} ${qos}`));
    for (const filter of filters) {
      const form = new RegExp(`^${filter.replaceAll("+", "[^/]+")}$`);
      for (const [topic, payload] of this.broker.kept) {
        if (form.test(topic)) this.events.onMessage(incoming(topic, payload, { retain: true }));
      }
    }
  }

  unsubscribe(filters: readonly string[]): void {
    this.gone.push(...filters);
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  /** Publications that are not acknowledged. */
  get unacked(): number {
    return this.#unacked.length;
  }

  acknowledge(count: number): void {
    for (const done of this.#unacked.splice(0, count)) done();
  }

  end(end: LinkEnd): void {
    this.isClosed = true;
    this.events.onEnd(end);
  }
}

export function incoming(topic: string, payload: string, more: Partial<Incoming> = {}): Incoming {
  const usual = { isText: true, retain: false, responseTopic: null, correlation: null };
  return { topic, payload, ...usual, ...more };
}
