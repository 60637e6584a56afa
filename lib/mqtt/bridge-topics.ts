// Publishes what is told of the bridge itself: that it is there, how many devices there are, how the door is, and the server as a
// device of Home Assistant. Knows no device.

import type { BridgedDoor } from "./bridged-door.ts";
import { type Origin, serverConfig } from "./discovery.ts";
import { bridgePayload, offlineWord, onlineWord, type ToldBridge } from "./payloads.ts";
import type { Publisher } from "./publisher.ts";
import { bridgeTopic, type TopicPlace } from "./topics.ts";

/** The counts are told at most this often, ms. */
const infoEveryMs = 5_000;

/** What is told from. */
export type BridgeFacts = {
  readonly place: TopicPlace;
  readonly origin: Origin;
  readonly roster: { readonly counts: ToldBridge["devices"] };
  /** Whether joining can be opened over MQTT. */
  readonly canJoin: boolean;
  readonly uptimeMs: () => number;
};

export class BridgeTopics {
  #toldInfo = "";
  #infoAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly facts: BridgeFacts,
    private readonly door: BridgedDoor,
    private readonly publisher: Publisher,
  ) {}

  /** The broker has connected: the bridge is there. */
  tellBegin(): void {
    this.door.begin();
    this.#tell("state", onlineWord);
  }

  /** The bridge ends. */
  tellEnd(): void {
    this.#tell("state", offlineWord);
  }

  forgetTold(): void {
    this.#toldInfo = "";
    this.#infoAt = Number.NEGATIVE_INFINITY;
  }

  /** Tells Home Assistant of the server. */
  tellServer(): void {
    const { place, origin, canJoin } = this.facts;
    if (place.discovery === null) return;
    const told = serverConfig(place, origin, canJoin);
    this.publisher.publishOrDrop({ ...told, qos: 1, retain: true });
  }

  /** Tells how many devices there are, and how the door is, if that has changed. */
  tick(): void {
    const { place, origin, roster, uptimeMs } = this.facts;
    const joining = this.door.told();
    const isEarly = uptimeMs() - this.#infoAt < infoEveryMs;
    if (isEarly || joining === null || !this.publisher.hasRoom) return;
    const payload = bridgePayload({
      version: origin.version,
      server: place.server,
      devices: roster.counts,
      joining,
    });
    if (payload === this.#toldInfo) return;
    this.#tell("info", payload);
    this.#toldInfo = payload;
    this.#infoAt = uptimeMs();
  }

  #tell(name: string, payload: string): void {
    const topic = bridgeTopic(this.facts.place, name);
    this.publisher.publishOrDrop({ topic, payload, qos: 1, retain: true });
  }
}
