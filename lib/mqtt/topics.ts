// The topics of the bridge and the names that Home Assistant knows things by: made from ids, and read again. Pure.

/** The topics under one base, and where Home Assistant looks for its own. */
export type TopicPlace = {
  /** The first levels of all topics, such as `iot`. */
  readonly base: string;
  /** The first levels of Home Assistant's topics; null: it is told nothing. */
  readonly discovery: string | null;
  /** 8 hex digits of the server's key: two servers on one broker never touch each other's discovery. */
  readonly server: string;
};

/** What is published of a device and kept by the broker. */
export const keptOfDevice = ["availability", "state", "device"] as const;
/** What is published of the bridge and kept by the broker. */
export const keptOfBridge = ["state", "info"] as const;

/** What a device can be asked for over MQTT. */
export type RequestKind = "query" | "command";

const bridgeLevel = "bridge";
/** The level of a device whose id is `bridge`: no id has a `~`. */
const levelOfBridgeDevice = "bridge~";

/** A topic of the bridge itself. */
export function bridgeTopic({ base }: TopicPlace, name: string): string {
  return `${base}/${bridgeLevel}/${name}`;
}

/** A topic of a device. Its id is a level as it is: MQTT gives none of its characters a meaning. */
export function deviceTopic({ base }: TopicPlace, id: string, name: string): string {
  return `${base}/${id === bridgeLevel ? levelOfBridgeDevice : id}/${name}`;
}

/** The device and the last levels of a topic of a device; null for any other topic. */
export function readDeviceTopic(
  { base }: TopicPlace,
  topic: string,
): { readonly id: string; readonly name: string } | null {
  if (!topic.startsWith(`${base}/`)) return null;
  const rest = topic.slice(base.length + 1);
  const slash = rest.indexOf("/");
  const level = rest.slice(0, slash);
  if (slash < 1 || level === bridgeLevel) return null;
  return { id: level === levelOfBridgeDevice ? bridgeLevel : level, name: rest.slice(slash + 1) };
}

/** The name of a device, or of the server itself (null), that is unique among all that Home Assistant knows. */
export function uniqueName({ server }: TopicPlace, id: string | null): string {
  return id === null ? `iot_${server}` : `iot_${server}_${escaped(id)}`;
}

/** The topic with what Home Assistant is told of a device, or of the server itself (null). */
export function configTopic(place: TopicPlace, id: string | null): string {
  return `${place.discovery}/device/${uniqueName(place, id)}/config`;
}

/** Matches the configurations of all devices of all programs. */
export function configFilter({ discovery }: TopicPlace): string {
  return `${discovery}/device/+/config`;
}

/** The device whose configuration of this server has a topic; undefined for a topic of others or of the server itself. */
export function readConfigTopic(place: TopicPlace, topic: string): string | undefined {
  const begin = `${place.discovery}/device/${uniqueName(place, null)}_`;
  if (!topic.startsWith(begin) || !topic.endsWith("/config")) return undefined;
  return unescaped(topic.slice(begin.length, -"/config".length)) ?? undefined;
}

/** A text in letters, digits, `-` and `_`, from which it can be read again: other characters are `_` and two hex digits a byte. */
export function escaped(text: string): string {
  return text.replace(/[^A-Za-z0-9-]/gu, (char) =>
    Array.from(Buffer.from(char), (byte) => `_${hex(byte)}`).join(""),
  );
}

/** What was escaped; null if it was not written by `escaped`. */
export function unescaped(name: string): string | null {
  const bytes = name.replace(/_([0-9A-F]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  const text = Buffer.from(bytes, "latin1").toString();
  return escaped(text) === name ? text : null;
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, "0");
}
