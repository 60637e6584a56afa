// Tries a broker out, step by step, as the bridge will use it: connects, subscribes, publishes, reads back, and vanishes. Changes
// nothing that stays.

import type { Broker, BrokerLink, Incoming, LinkEnd } from "./broker.ts";
import { bridgeTopic, type TopicPlace } from "./topics.ts";

/** What came of a step; `what to do` in the words of a failure. */
export type TrialStep = { readonly name: string; readonly isDone: boolean; readonly words: string };

/** How long a step may take, ms. */
const stepMs = 10_000;

/** What a trial needs. */
export type TrialPorts = {
  readonly place: TopicPlace;
  /** The broker as this program and as another one see it; the first has the topic `bridge/test/will` for its will. */
  readonly broker: Broker;
  readonly observer: Broker;
  /** Resolves after a time, ms; never if it was cancelled. */
  readonly after: (ms: number) => { readonly over: Promise<void>; cancel(): void };
  readonly onStep: (step: TrialStep) => void;
};

/** Names the topic of a trial. */
export function trialTopic(place: TopicPlace, name: string): string {
  return bridgeTopic(place, `test/${name}`);
}

/** Tries the broker out. @returns whether all steps are done */
export async function tryBroker(ports: TrialPorts): Promise<boolean> {
  const { place, broker, observer, onStep } = ports;
  const open: OpenLink[] = [];
  const step = async (name: string, words: string, act: () => Promise<unknown>, toDo: string) => {
    try {
      await act();
      onStep({ name, isDone: true, words });
    } catch (error) {
      onStep({ name, isDone: false, words: `${(error as Error).message}. ${toDo}` });
      throw new Failed();
    }
  };
  const [kept, will] = [trialTopic(place, "kept"), trialTopic(place, "will")];
  try {
    const first = new OpenLink(ports, broker);
    open.push(first);
    const connected = `to ${broker.name}`;
    await step(
      "connect",
      connected,
      () => first.opened(),
      "See that the broker runs there, and that the user and IOT_MQTT_PASSWORD are right",
    );
    const other = new OpenLink(ports, observer);
    open.push(other);
    await other.opened();
    const allowed = "Allow this user to read and to write all topics below the base";
    await step("publish", kept, () => first.publish(kept, "kept"), allowed);
    await step(
      "subscribe",
      trialTopic(place, "+"),
      async () => {
        other.link.subscribe([trialTopic(place, "+")], 1);
        const message = await other.hears(kept);
        if (!message.retain) throw new Error("What it keeps is not marked as kept");
      },
      allowed,
    );
    await step(
      "read back",
      "what is published arrives",
      async () => {
        await first.publish(trialTopic(place, "live"), "live");
        await other.hears(trialTopic(place, "live"));
      },
      allowed,
    );
    await step(
      "will",
      "the broker tells when this server vanishes",
      async () => {
        // The same client again: the broker gives the first one up.
        const second = new OpenLink(ports, broker);
        open.push(second);
        await second.opened();
        await other.hears(will);
      },
      allowed,
    );
    return true;
  } catch (error) {
    if (error instanceof Failed) return false;
    throw error;
  } finally {
    const last = open.findLast((link) => link.isUp);
    for (const topic of [kept, will]) await last?.publish(topic, "").catch(() => {});
    await Promise.all(open.map(({ link }) => link.close()));
  }
}

class Failed extends Error {}

/** A link whose events can be awaited. */
class OpenLink {
  readonly link: BrokerLink;
  isUp = false;
  readonly #ended = Promise.withResolvers<never>();
  readonly #opened = Promise.withResolvers<void>();
  readonly #heard: Incoming[] = [];
  #onMessage = () => {};

  constructor(
    private readonly ports: Pick<TrialPorts, "after">,
    broker: Broker,
    version: 5 | 4 = 5,
  ) {
    this.#ended.promise.catch(() => {});
    this.link = broker.open(version, {
      onOpen: () => {
        this.isUp = true;
        this.#opened.resolve();
      },
      onMessage: (message) => {
        this.#heard.push(message);
        this.#onMessage();
      },
      onEnd: ({ why }: LinkEnd) => {
        this.isUp = false;
        this.#ended.reject(new Error(why.replace(/\.$/, "")));
      },
    });
  }

  opened(): Promise<void> {
    return this.#within(this.#opened.promise);
  }

  publish(topic: string, payload: string): Promise<void> {
    const done = new Promise<void>((resolve, reject) => {
      this.link.publish(
        { topic, payload, qos: 1, retain: topic.endsWith("kept") || payload === "" },
        (ok) => (ok ? resolve() : reject(new Error("The broker does not take it"))),
      );
    });
    return this.#within(done);
  }

  hears(topic: string): Promise<Incoming> {
    const heard = new Promise<Incoming>((resolve) => {
      this.#onMessage = () => {
        const message = this.#heard.find((one) => one.topic === topic);
        if (message !== undefined) resolve(message);
      };
      this.#onMessage();
    });
    return this.#within(heard);
  }

  async #within<T>(awaited: Promise<T>): Promise<T> {
    const { over, cancel } = this.ports.after(stepMs);
    const late = over.then(() => {
      throw new Error(`Nothing came for ${stepMs / 1000} s`);
    });
    try {
      return await Promise.race([awaited, this.#ended.promise, late]);
    } finally {
      cancel();
    }
  }
}
