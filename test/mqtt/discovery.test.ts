// What Home Assistant is told: every message of a fleet passes its rules, the rules refuse what is broken, and names never collide.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { numbersIn, unitIn } from "../../lib/fleet/numbers-in-messages.ts";
import {
  deviceConfig,
  fieldsMax,
  fieldsTold,
  type SeenField,
  serverConfig,
} from "../../lib/mqtt/discovery.ts";
import { readConfigTopic } from "../../lib/mqtt/topics.ts";
import { measuredOf } from "../../lib/mqtt/units.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { faultsOf } from "./discovery-rules.ts";
import { goldenFleet } from "./golden-fleet.ts";

setDefaultTimeout(testTimeoutMs);

const place = { base: "iot", discovery: "homeassistant", server: "7ec3b79f" };
const origin = { version: "1.1.0", url: "https://dash.example.org/iot" };

type Golden = (typeof goldenFleet)[number];

function told(device: Golden, gone: readonly string[] = []) {
  const units = new Map<string, string | null>();
  for (const message of device.reports) {
    for (const [name] of numbersIn(message)) units.set(name, unitIn(message, name));
  }
  const fields: SeenField[] = Array.from(units, ([name, unit]) => ({
    name,
    unit,
    isGone: gone.includes(name),
  }));
  const labels = new Map(Object.entries(device.labels ?? {}));
  return deviceConfig(place, { ...device, labels, fields }, origin);
}

function componentsOf(
  id: string,
  gone: readonly string[] = [],
): Record<string, Record<string, unknown>> {
  const device = goldenFleet.find((one) => one.id === id) as Golden;
  return JSON.parse(told(device, gone).payload).components;
}

describe("Home Assistant accepts", () => {
  for (const device of goldenFleet) {
    test(device.id, () => {
      const { topic, payload } = told(device);
      expect(faultsOf(topic, payload)).toEqual([]);
      expect(faultsOf(topic, "")).toEqual([]);
      expect(readConfigTopic(place, topic)).toBe(device.id);
    });
  }

  test("the server itself, with and without joining", () => {
    for (const canJoin of [true, false]) {
      const { topic, payload } = serverConfig(place, origin, canJoin);
      expect(faultsOf(topic, payload)).toEqual([]);
      expect(payload.includes("allow_joining")).toBe(canJoin);
      expect(readConfigTopic(place, topic)).toBeUndefined();
    }
  });
});

test("a device as it is documented", () => {
  const [kitchen] = goldenFleet;
  const { topic, payload } = told(kitchen as Golden);
  expect(topic).toBe("homeassistant/device/iot_7ec3b79f_kitchen_2Eth_3A1/config");
  const { device, components, availability, state_topic } = JSON.parse(payload);
  expect(device).toEqual({
    identifiers: ["iot_7ec3b79f_kitchen_2Eth_3A1"],
    name: "Cold room",
    manufacturer: "iot-server",
    model: "th-2",
    suggested_area: "Kitchen",
    connections: [["mac", "52:54:00:12:34:56"]],
    via_device: "iot_7ec3b79f",
    configuration_url: "https://dash.example.org/iot/#/devices/kitchen.th%3A1",
  });
  expect(availability).toEqual([
    { topic: "iot/bridge/state" },
    { topic: "iot/kitchen.th:1/availability" },
  ]);
  expect(state_topic).toBe("iot/kitchen.th:1/state");
  expect(components.temp).toEqual({
    platform: "sensor",
    unique_id: "iot_7ec3b79f_kitchen_2Eth_3A1__temp",
    name: "temp",
    device_class: "temperature",
    unit_of_measurement: "°C",
    state_class: "measurement",
    value_template: '{{ value_json.fields["temp"] | default(None) }}',
  });
});

test("no two devices and no two entities have the same name", () => {
  const payloads = goldenFleet.map((device) => told(device));
  expect(new Set(payloads.map(({ topic }) => topic)).size).toBe(goldenFleet.length);
  const names = payloads.flatMap(({ payload }) =>
    Object.values<{ unique_id?: string }>(JSON.parse(payload).components).map(
      ({ unique_id }) => unique_id,
    ),
  );
  expect(new Set(names).size).toBe(names.length);
  // A field called as one of the bridge's own entities is none of them.
  const names2 = Object.keys(componentsOf("names"));
  expect(names2).toContain("online");
  expect(names2).toContain("is_online");
  expect(names2).toContain("is_5Fonline");
});

test("a field that was not seen for long is removed, and a button is one press of its command", () => {
  expect(componentsOf("plant", ["soil"])["soil"]).toEqual({ platform: "sensor" });
  const buttons = Object.values(componentsOf("buttons")).filter(
    ({ platform }) => platform === "button",
  );
  expect(buttons.map(({ payload_press }) => payload_press)).toEqual([
    "reboot",
    "blink 3 times",
    "blüh",
  ]);
  expect(buttons.map(({ availability }) => availability)).toEqual(
    Array.from({ length: 3 }, () => [{ topic: "iot/bridge/state" }]),
  );
});

test("without commands there is nothing to press or to type", () => {
  const platforms = Object.values(componentsOf("silent")).map(({ platform }) => platform);
  expect(platforms).toEqual(["sensor", "binary_sensor"]);
});

test("a number that is the whole message is called as its device; at most 32 fields are told", () => {
  expect(componentsOf("pi1")["value"]?.["name"]).toBeNull();
  const fields = Object.keys(componentsOf("many")).filter((key) => key.startsWith("f"));
  expect(fields).toHaveLength(fieldsMax);
});

test("a unit names a class only if the class has the unit", () => {
  const classes = (field: string, unit: string | null) => measuredOf(field, unit).deviceClass;
  expect(classes("x", "°C")).toBe("temperature");
  expect(classes("outside.hum", "%")).toBe("humidity");
  expect(classes("load", "%")).toBeNull();
  expect(classes("co2", "ppm")).toBe("carbon_dioxide");
  expect(classes("x", "ppm")).toBeNull();
  expect(measuredOf("energy", "kWh").stateClass).toBe("total_increasing");
  expect(measuredOf("x", "\u00b5A")).toEqual({
    unit: "\u03bcA",
    deviceClass: null,
    stateClass: "measurement",
  });
  expect(measuredOf("constructor", "toString").deviceClass).toBeNull();
  expect(measuredOf("x", null).unit).toBeNull();
});

test("the fields of a message that was told before are read back", () => {
  const device = goldenFleet.find(({ id }) => id === "quotes") as Golden;
  const names = numbersIn(device.reports[0] as string).map(([name]) => name);
  expect(fieldsTold(told(device).payload).map(({ name }) => name)).toEqual(names);
  expect(fieldsTold("no JSON")).toEqual([]);
  expect(fieldsTold('{"components":{"a":{"value_template":"{{ 1 }}"}}}')).toEqual([]);
  expect(fieldsTold("{}")).toEqual([]);
});

describe("the rules refuse", () => {
  const { topic, payload } = told(goldenFleet[0] as Golden);
  const broken: [string, RegExp, (message: Message) => void][] = [
    [
      "a unit of another class",
      /unit is not of/,
      ({ temp }) => (temp["unit_of_measurement"] = "%"),
    ],
    [
      "a class without its unit",
      /unit is not of/,
      ({ temp }) => delete temp["unit_of_measurement"],
    ],
    [
      "an unknown class",
      /device_class is unknown/,
      ({ temp }) => (temp["device_class"] = "warmth"),
    ],
    [
      "energy that is only measured",
      /state_class of energy/,
      ({ temp }) => Object.assign(temp, { device_class: "energy", unit_of_measurement: "kWh" }),
    ],
    ["the micro sign", /U\+00B5/, ({ temp }) => (temp["unit_of_measurement"] = "\u00b5A")],
    [
      "a timestamp that is summed up",
      /neither unit nor/,
      ({ components }) =>
        (components["last_seen"] = { ...components["last_seen"], state_class: "measurement" }),
    ],
    [
      "a sensor to be configured",
      /entity_category/,
      ({ temp }) => (temp["entity_category"] = "config"),
    ],
    ["a component without a unique id", /no unique_id/, ({ temp }) => delete temp["unique_id"]],
    [
      "the same unique id twice",
      /another component/,
      ({ components, temp }) => (components["other"] = { ...temp }),
    ],
    ["a component without a platform", /no platform/, ({ temp }) => delete temp["platform"]],
    [
      "a device that nothing identifies",
      /neither identifiers/,
      ({ device }) => {
        delete device["identifiers"];
        delete device["connections"];
      },
    ],
    ["a message without an origin", /origin/, ({ root }) => delete root["origin"]],
    ["a key that would be dropped", /would be dropped/, ({ temp }) => (temp["expires_after"] = 60)],
    [
      "a command without a topic",
      /no command_topic/,
      ({ components }) => delete components["send_command"]?.["command_topic"],
    ],
    [
      "an address that is none",
      /no address/,
      ({ device }) => (device["configuration_url"] = "dash"),
    ],
    ["no components", /no components/, ({ root }) => delete root["components"]],
  ];
  for (const [what, fault, breakIt] of broken) {
    test(what, () => {
      const message = messageOf(payload);
      breakIt(message);
      expect(faultsOf(topic, JSON.stringify(message.root)).join("; ")).toMatch(fault);
    });
  }

  test("a topic with a dot in the id, and half a message", () => {
    expect(faultsOf("homeassistant/device/a.b/config", payload).join()).toMatch(/other characters/);
    expect(faultsOf(topic, payload.slice(0, -9)).join()).toMatch(/not JSON/);
  });
});

type Fields = Record<string, unknown>;
type Message = ReturnType<typeof messageOf>;

function messageOf(payload: string) {
  const root = JSON.parse(payload) as Fields;
  const components = root["components"] as Record<string, Fields>;
  return { root, components, device: root["device"] as Fields, temp: components["temp"] as Fields };
}
