// What Home Assistant is told of a device and of the server: one message each, as its MQTT discovery has it. Pure. Says nothing
// that Home Assistant would refuse (test/mqtt/discovery-rules.ts).

import type { Labels } from "../server/labels.ts";
import {
  bridgeTopic,
  configTopic,
  deviceTopic,
  escaped,
  type TopicPlace,
  uniqueName,
} from "./topics.ts";
import { aloneName } from "../fleet/numbers-in-messages.ts";
import { offlineWord, onlineWord } from "./payloads.ts";
import { measuredOf } from "./units.ts";

/** A field of a device as it was seen in its reports. */
export type SeenField = {
  readonly name: string;
  /** As the device writes it behind the number; null if it writes none. */
  readonly unit: string | null;
  /** Whether it was not seen for so long that Home Assistant shall forget it. */
  readonly isGone: boolean;
};

/** What Home Assistant is told of a device. */
export type Discovered = {
  readonly id: string;
  readonly mac: string;
  readonly labels: Labels;
  readonly fields: readonly SeenField[];
  /** Whether commands are accepted. */
  readonly takesCommands: boolean;
};

/** What it is told of the server. */
export type Origin = {
  readonly version: string;
  /** The address of the dashboard; null if there is none that others reach. */
  readonly url: string | null;
};

const maker = "iot-server";
/** Fields a device that are told of; the first ones that were seen. */
export const fieldsMax = 32;
/** The longest text that a field of Home Assistant takes. */
const textCharsMax = 255;
const buttonsMax = 16;

type Component = Readonly<Record<string, unknown>>;

/** The topic and the payload that tell of a device. */
export function deviceConfig(
  place: TopicPlace,
  device: Discovered,
  origin: Origin,
): { readonly topic: string; readonly payload: string } {
  const { id, mac, labels } = device;
  const unique = uniqueName(place, id);
  const model = labels.get("model");
  const area = labels.get("area");
  const bridge = [{ topic: bridgeTopic(place, "state") }];
  const availability = deviceTopic(place, id, "availability");
  const told = {
    device: {
      identifiers: [unique],
      name: labels.get("name") || id,
      manufacturer: maker,
      ...(model ? { model } : {}),
      ...(area ? { suggested_area: area } : {}),
      ...(/^[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}$/i.test(mac)
        ? { connections: [["mac", mac.toLowerCase().replaceAll("-", ":")]] }
        : {}),
      via_device: uniqueName(place, null),
      ...urlOf(origin, `/#/devices/${encodeURIComponent(id)}`),
    },
    origin: originOf(origin),
    availability: [...bridge, { topic: availability }],
    availability_mode: "all",
    state_topic: deviceTopic(place, id, "state"),
    components: {
      ...sensors(unique, device),
      last_seen: {
        platform: "sensor",
        unique_id: `${unique}__last_seen`,
        name: "Last report",
        device_class: "timestamp",
        entity_category: "diagnostic",
        enabled_by_default: false,
        value_template: "{{ value_json.received }}",
      },
      is_online: connectivity(`${unique}__is_online`, availability, bridge),
      ...(device.takesCommands ? controls(place, unique, device, bridge) : {}),
    },
  };
  return { topic: configTopic(place, id), payload: JSON.stringify(told) };
}

/** The topic and the payload that tell of the server itself. */
export function serverConfig(
  place: TopicPlace,
  origin: Origin,
  canJoin: boolean,
): { readonly topic: string; readonly payload: string } {
  const unique = uniqueName(place, null);
  const state = bridgeTopic(place, "state");
  const count = (key: string, name: string, path: string) => ({
    [key]: {
      platform: "sensor",
      unique_id: `${unique}__${key}`,
      name,
      state_class: "measurement",
      entity_category: "diagnostic",
      value_template: `{{ value_json.${path} }}`,
    },
  });
  const told = {
    device: {
      identifiers: [unique],
      name: `iot-server ${place.server}`,
      manufacturer: maker,
      sw_version: origin.version,
      ...urlOf(origin, ""),
    },
    origin: originOf(origin),
    availability: [{ topic: state }],
    state_topic: bridgeTopic(place, "info"),
    components: {
      connected: connectivity(`${unique}__connected`, state, []),
      ...count("registered", "Devices registered", "devices.registered"),
      ...count("online", "Devices online", "devices.online"),
      ...count("silent", "Devices silent", "devices.silent"),
      ...count("pending", "Devices that want to join", "pending"),
      ...(canJoin
        ? {
            allow_joining: {
              platform: "button",
              unique_id: `${unique}__allow_joining`,
              name: "Allow joining for 5 minutes",
              command_topic: bridgeTopic(place, "join"),
              payload_press: JSON.stringify({ open: "5m" }),
              entity_category: "config",
            },
          }
        : {}),
    },
  };
  return { topic: configTopic(place, null), payload: JSON.stringify(told) };
}

/** The fields in a configuration that was told before, with their units; none if it is not of this form. */
export function fieldsTold(payload: string): readonly { name: string; unit: string | null }[] {
  try {
    const { components } = JSON.parse(payload) as { components: Record<string, Component> };
    return Object.values(components).flatMap(
      ({ value_template: template, unit_of_measurement }) => {
        const read = typeof template === "string" && fieldForm.exec(template);
        const name = read ? read[1] : undefined;
        const unit = typeof unit_of_measurement === "string" ? unit_of_measurement : null;
        return name === undefined ? [] : [{ name: JSON.parse(name) as string, unit }];
      },
    );
  } catch {
    return [];
  }
}

const fieldForm = /^\{\{ value_json\.fields\[(".*")\] \| default\(None\) \}\}$/s;

function sensors(unique: string, { fields, labels }: Discovered): Record<string, Component> {
  const told: [string, Component][] = fields
    .filter(({ name }) => name !== "")
    .slice(0, fieldsMax)
    .map(({ name, unit, isGone }) => {
      const key = escaped(name);
      // What has only its platform is removed.
      if (isGone) return [key, { platform: "sensor" }];
      const measured = measuredOf(name, unit ?? labels.get(`unit.${name}`) ?? null);
      const component = {
        platform: "sensor",
        unique_id: `${unique}__${key}`,
        // A sensor without a name is called as its device.
        name: name === aloneName ? null : name,
        ...(measured.deviceClass === null ? {} : { device_class: measured.deviceClass }),
        ...(measured.unit === null ? {} : { unit_of_measurement: measured.unit }),
        state_class: measured.stateClass,
        // Strings of the template language are read as those of JSON.
        value_template: `{{ value_json.fields[${JSON.stringify(name)}] | default(None) }}`,
      };
      return [key, component];
    });
  return Object.fromEntries(told);
}

/** What a person can do with a device; also while it sleeps, so only the bridge has to be there. */
function controls(
  place: TopicPlace,
  unique: string,
  { id, labels }: Discovered,
  availability: readonly { topic: string }[],
): Record<string, Component> {
  const command_topic = deviceTopic(place, id, "command");
  const buttons = (labels.get("ha.buttons") ?? "")
    .split(";")
    .map((text) => text.trim())
    .filter((text) => text !== "");
  const pressed = [...new Set(buttons)].slice(0, buttonsMax).map((text): [string, Component] => [
    `b__${escaped(text)}`,
    {
      platform: "button",
      unique_id: `${unique}__b__${escaped(text)}`,
      name: text,
      command_topic,
      payload_press: text,
      availability,
    },
  ]);
  return {
    send_command: {
      platform: "text",
      unique_id: `${unique}__send_command`,
      name: "Command",
      command_topic,
      max: textCharsMax,
      enabled_by_default: false,
      entity_category: "config",
      availability,
    },
    ...Object.fromEntries(pressed),
  };
}

function connectivity(
  unique_id: string,
  state_topic: string,
  availability: readonly { topic: string }[],
): Component {
  return {
    platform: "binary_sensor",
    unique_id,
    name: "Connected",
    device_class: "connectivity",
    entity_category: "diagnostic",
    state_topic,
    payload_on: onlineWord,
    payload_off: offlineWord,
    availability,
  };
}

function originOf({ version }: Origin): Component {
  return { name: maker, sw_version: version };
}

function urlOf({ url }: Origin, path: string): { configuration_url?: string } {
  return url === null ? {} : { configuration_url: `${url}${path}` };
}
