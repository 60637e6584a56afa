// Publishes what is told of a device, as it is now: its own topics, and what Home Assistant is told. Decides nothing of when.

import type { PresenceSource } from "../fleet/live-session.ts";
import { presenceOf } from "../fleet/presence-of.ts";
import type { Roster } from "../fleet/roster.ts";
import type { BridgedDevice } from "./bridged-device.ts";
import { deviceConfig, type Origin } from "./discovery.ts";
import type { FleetRecords } from "./fleet-records.ts";
import { devicePayload, offlineWord, onlineWord } from "./payloads.ts";
import type { Publisher } from "./publisher.ts";
import { configTopic, deviceTopic, keptOfDevice, type TopicPlace } from "./topics.ts";
import type { DeviceTopic } from "./walk.ts";

/** A configuration is told at most this often, ms. */
export const configEveryMs = 5_000;

export class ToldDevices {
  constructor(
    private readonly place: TopicPlace,
    private readonly origin: Origin,
    private readonly roster: Pick<Roster, "get">,
    private readonly presence: Pick<PresenceSource, "get">,
    private readonly records: FleetRecords,
    private readonly publisher: Publisher,
    private readonly takesCommands: boolean,
    private readonly uptimeMs: () => number,
    /** Called when a device has other fields than were told. */
    private readonly onOtherFields: (id: string) => void,
  ) {}

  /** Publishes a topic of a device. @returns whether there was room; true too if there is nothing to tell */
  tell(id: string, topic: DeviceTopic): boolean {
    switch (topic) {
      case "availability":
        return this.#tellAvailability(id);
      case "device":
        return this.#tellDevice(id, false);
      case "state":
        return this.#tellState(id);
    }
  }

  /** Publishes what is told of a device besides reports, if it has changed. @returns as `tell` */
  tellChanges(id: string): boolean {
    return this.#tellDevice(id, true);
  }

  /** Publishes one report, which the broker does not keep. @param payload as of the topic `state` */
  tellReport(id: string, payload: () => string): void {
    if (!this.publisher.hasRoom) this.publisher.dropped++;
    else this.publisher.publish({ ...this.#at(id, "report", payload()), qos: 0, retain: false });
  }

  /**
   * Publishes what Home Assistant is told of a device, if it has changed.
   * @returns `later` if it was told a moment ago, or nothing can be published now
   */
  tellConfig(id: string): "published" | "unchanged" | "later" {
    const device = this.records.get(id);
    const entry = this.roster.get(id);
    if (device === undefined || entry === undefined || this.place.discovery === null) {
      return "unchanged";
    }
    const now = this.uptimeMs();
    if (now - device.configAt < configEveryMs) return "later";
    const { mac, fields } = device;
    const { takesCommands } = this;
    const told = { id, mac, labels: entry.labels, fields, takesCommands };
    const { topic, payload } = deviceConfig(this.place, told, this.origin);
    if (payload === device.toldConfig) return "unchanged";
    if (!this.publisher.publish({ topic, payload, qos: 1, retain: true })) return "later";
    device.toldConfig = payload;
    device.configAt = now;
    device.forgetGone();
    return "published";
  }

  /** How many publications `tellGone` needs. */
  get goneCount(): number {
    return keptOfDevice.length + (this.place.discovery === null ? 0 : 1);
  }

  /** Has the broker forget a device. */
  tellGone(id: string): void {
    const kept = keptOfDevice.map((name) => deviceTopic(this.place, id, name));
    const config = this.place.discovery === null ? [] : [configTopic(this.place, id)];
    for (const topic of [...config, ...kept]) {
      this.publisher.publishOrDrop({ topic, payload: "", qos: 1, retain: true });
    }
  }

  #tellAvailability(id: string): boolean {
    const entry = this.roster.get(id);
    if (entry === undefined) return true;
    const word = presenceOf(entry) === "online" ? onlineWord : offlineWord;
    return this.publisher.publish({ ...this.#at(id, "availability", word), qos: 1, retain: true });
  }

  #tellDevice(id: string, ifChanged: boolean): boolean {
    const device = this.records.get(id);
    const entry = this.roster.get(id);
    if (device === undefined || entry === undefined) return true;
    const session = this.presence.get(id);
    const { mac, registered } = device;
    const everySeconds = session?.everySeconds ?? null;
    const transport = session === undefined ? null : session.sealed ? "sealed" : "text";
    const payload = devicePayload({
      mac,
      registered,
      labels: entry.labels,
      everySeconds,
      transport,
    });
    if (ifChanged && payload === device.toldDevice) return true;
    const isTold = this.publisher.publish({
      ...this.#at(id, "device", payload),
      qos: 1,
      retain: true,
    });
    if (isTold) device.toldDevice = payload;
    return isTold;
  }

  #tellState(id: string): boolean {
    const device = this.records.get(id);
    const newest = device?.newest ?? null;
    if (device === undefined || newest === null) return true;
    if (!this.publisher.hasRoom) return false;
    const { payload, isNews } = device.statePayload(newest, this.uptimeMs());
    if (isNews || device.toldConfig === "") this.onOtherFields(id);
    return this.publisher.publish({ ...this.#at(id, "state", payload), qos: 0, retain: true });
  }

  #at(id: string, name: string, payload: string) {
    return { topic: deviceTopic(this.place, id, name), payload };
  }
}

/** Whether what is told of a device besides its reports may have changed since, by its session. */
export function isDeviceStale(device: BridgedDevice, everySeconds: number | null): boolean {
  return device.toldDevice !== "" && !device.toldDevice.includes(`"everySeconds":${everySeconds},`);
}
