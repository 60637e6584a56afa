// What Home Assistant's MQTT discovery refuses or drops silently, as a check of one message. The facts are in home-assistant.json.
// Knows nothing of how the messages are made.

import facts from "./home-assistant.json";

type Fields = Readonly<Record<string, unknown>>;

/**
 * What is wrong with a discovery message of a device; nothing if Home Assistant shows all that it tells.
 * @param payload JSON, or empty to remove the device
 */
export function faultsOf(topic: string, payload: string): string[] {
  const faults: string[] = [];
  const id = /^homeassistant\/device\/([^/]+)\/config$/.exec(topic)?.[1];
  if (id === undefined) faults.push("the topic is not homeassistant/device/<id>/config");
  else if (!/^[A-Za-z0-9_-]+$/.test(id)) faults.push("the id of the topic has other characters");
  if (payload === "") return faults;
  let told: Fields;
  try {
    told = JSON.parse(payload) as Fields;
  } catch {
    return [...faults, "it is not JSON"];
  }
  const { device, origin, components } = told;
  unknownKeys("the root", told, facts.rootKeys, faults);
  if (!isFields(device)) faults.push("there is no device");
  else deviceFaults(device, faults);
  if (!isFields(origin) || !isText(origin["name"])) faults.push("there is no origin with a name");
  else unknownKeys("the origin", origin, facts.originKeys, faults);
  availabilityFaults("the root", told, faults);
  if (!isFields(components)) return [...faults, "there are no components"];
  const seen = new Set<unknown>();
  for (const [key, component] of Object.entries(components)) {
    if (isFields(component)) componentFaults(key, component, told, seen, faults);
    else faults.push(`${key} is no object`);
  }
  return faults;
}

function deviceFaults(device: Fields, faults: string[]): void {
  unknownKeys("the device", device, facts.deviceKeys, faults);
  const { identifiers, connections, configuration_url: url } = device;
  const named = [identifiers, connections].some((list) => Array.isArray(list) && list.length > 0);
  if (!named) faults.push("the device has neither identifiers nor connections");
  if (Array.isArray(connections) && connections.some((one) => !isPair(one))) {
    faults.push("a connection is no pair");
  }
  if (url !== undefined && !/^(?:https?|homeassistant):\/\/[^/]/.test(wordOf(url))) {
    faults.push("configuration_url is no address");
  }
}

function componentFaults(
  key: string,
  component: Fields,
  root: Fields,
  seen: Set<unknown>,
  faults: string[],
): void {
  const say = (words: string) => void faults.push(`${key}: ${words}`);
  const { platform, unique_id: unique } = component;
  const keys = (facts.platformKeys as Record<string, string[]>)[wordOf(platform)];
  if (keys === undefined) return say("it has no platform that is known");
  // What has its platform alone is removed.
  if (Object.keys(component).length === 1) return;
  unknownKeys(key, component, keys, faults);
  if (!isText(unique)) say("it has no unique_id");
  else if (seen.has(unique)) say("its unique_id is that of another component");
  seen.add(unique);
  if (component["name"] !== null && !isText(component["name"]))
    say("its name is neither text nor null");
  availabilityFaults(key, component, faults);
  const category = component["entity_category"];
  const isRead = platform === "sensor" || platform === "binary_sensor";
  const categories = isRead ? ["diagnostic"] : ["diagnostic", "config"];
  if (category !== undefined && !categories.includes(wordOf(category)))
    say("its entity_category is refused");
  const topic = isRead ? "state_topic" : "command_topic";
  if (!isTopic(component[topic] ?? root[topic])) say(`it has no ${topic}`);
  if (platform === "sensor") sensorFaults(component, say);
  const kind = component["device_class"];
  if (
    platform === "binary_sensor" &&
    kind !== undefined &&
    !facts.binarySensorClasses.includes(wordOf(kind))
  ) {
    say("its device_class is unknown");
  }
}

function sensorFaults(sensor: Fields, say: (words: string) => void): void {
  const { device_class: kind, unit_of_measurement: unit, state_class: state } = sensor;
  if (typeof unit === "string" && unit.includes("\u00b5"))
    say("its unit has the micro sign U+00B5");
  if (state !== undefined && !facts.stateClasses.includes(wordOf(state)))
    say("its state_class is unknown");
  if (kind === undefined) return;
  if (facts.classesWithoutNumber.includes(wordOf(kind))) {
    if (unit !== undefined || state !== undefined)
      say("its device_class takes neither unit nor state_class");
    return;
  }
  const units = (facts.unitsByClass as Record<string, (string | null)[]>)[wordOf(kind)];
  if (units === undefined) say("its device_class is unknown");
  else if (!units.includes((unit as string | undefined) ?? null))
    say("its unit is not of its device_class");
  if (kind === "energy" && !facts.stateClassesOfEnergy.includes(wordOf(state))) {
    say("the state_class of energy must be total or total_increasing");
  }
}

function availabilityFaults(where: string, fields: Fields, faults: string[]): void {
  const { availability, availability_mode: mode } = fields;
  if (mode !== undefined && !["all", "any", "latest"].includes(wordOf(mode))) {
    faults.push(`${where}: its availability_mode is unknown`);
  }
  if (availability === undefined) return;
  const isRight =
    Array.isArray(availability) && availability.every((one: Fields) => isTopic(one["topic"]));
  if (!isRight) faults.push(`${where}: its availability names no topic`);
}

function unknownKeys(
  where: string,
  fields: Fields,
  known: readonly string[],
  faults: string[],
): void {
  const unknown = Object.keys(fields).filter((key) => !known.includes(key));
  if (unknown.length > 0) faults.push(`${where}: ${unknown.join(", ")} would be dropped`);
}

/** A word as it is; anything else as JSON, which is no word that is known. */
function wordOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isPair(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every(isText);
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function isTopic(value: unknown): boolean {
  return isText(value) && !/[#+\0]/.test(value as string);
}
