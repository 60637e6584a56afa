// Has a broker forget all that a bridge has told it: its own topics, and Home Assistant's. Never touches what another server has
// told, which the server's name shows.

import type { Broker, Incoming } from "./broker.ts";
import {
  bridgeTopic,
  configFilter,
  configTopic,
  keptOfBridge,
  keptOfDevice,
  readConfigTopic,
  readDeviceTopic,
  deviceTopic,
  type TopicPlace,
} from "./topics.ts";

/** What is kept was heard when nothing has come for this long, ms. */
const quietMs = 1_000;
/** Publications that may be under way. */
const underWayMax = 128;

/** What clearing needs. */
export type ClearPorts = {
  readonly place: TopicPlace;
  readonly broker: Broker;
  /** Resolves after a time, ms. */
  readonly pause: (ms: number) => Promise<void>;
};

/**
 * Clears.
 * @returns how many topics the broker has forgotten; `isOther`: the topics below the base are another server's, and stay
 * @throws Error if the broker does not let it
 */
export async function clearBroker(ports: ClearPorts): Promise<{ count: number; isOther: boolean }> {
  const { place, broker, pause } = ports;
  const kept = new Map<string, string>();
  let isQuiet = true;
  const opened = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => {});
  const link = broker.open(5, {
    onOpen: () => opened.resolve(),
    onMessage: ({ topic, payload, retain }: Incoming) => {
      isQuiet = false;
      if (retain && payload !== "") kept.set(topic, payload);
    },
    onEnd: ({ why }) => ended.reject(new Error(why)),
  });
  try {
    await Promise.race([opened.promise, ended.promise]);
    // With QoS 1 a broker drops all but the first thousand.
    const config = place.discovery === null ? [] : [configFilter(place)];
    link.subscribe([`${place.base}/#`, ...config], 0);
    do {
      isQuiet = true;
      await Promise.race([pause(quietMs), ended.promise]);
    } while (!isQuiet);
    const isOther = !isOwn(place, kept.get(bridgeTopic(place, "info")));
    const topics = Array.from(kept.keys()).filter((topic) => isTold(place, topic, isOther));
    for (let from = 0; from < topics.length; from += underWayMax) {
      const some = topics.slice(from, from + underWayMax).map(
        (topic) =>
          new Promise<void>((resolve, reject) => {
            link.publish({ topic, payload: "", qos: 1, retain: true }, (ok) =>
              ok ? resolve() : reject(new Error(`The broker does not let it clear ${topic}`)),
            );
          }),
      );
      await Promise.race([Promise.all(some), ended.promise]);
    }
    return { count: topics.length, isOther };
  } finally {
    await link.close();
  }
}

/** Whether the topics below the base are of this server. Without a word of it they are taken for its own. */
function isOwn({ server }: TopicPlace, info: string | undefined): boolean {
  if (info === undefined) return true;
  try {
    return (JSON.parse(info) as { server?: unknown }).server === server;
  } catch {
    return false;
  }
}

function isTold(place: TopicPlace, topic: string, isOther: boolean): boolean {
  if (place.discovery !== null) {
    if (topic === configTopic(place, null)) return true;
    if (readConfigTopic(place, topic) !== undefined) return true;
  }
  if (isOther) return false;
  if (keptOfBridge.some((name) => topic === bridgeTopic(place, name))) return true;
  const device = readDeviceTopic(place, topic);
  return (
    device !== null &&
    keptOfDevice.some(
      (name) => name === device.name && topic === deviceTopic(place, device.id, name),
    )
  );
}
