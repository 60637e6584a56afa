// The broker that --mqtt names: each part of its URL and its environment, and what is refused. No error shows a password.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { Env } from "../../lib/config/arguments.ts";
import type { ServeConfig } from "../../lib/config/serve-config.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { read, refusal } from "./read-server.ts";

setDefaultTimeout(testTimeoutMs);

const brokerOf = (line: string, env: Env = {}) => (read(`9000 ${line}`, env) as ServeConfig).mqtt;

const plain = {
  scheme: "mqtt",
  host: "broker.example.org",
  port: 1883,
  username: null,
  password: null,
  passwordFile: null,
  base: "iot",
  discovery: "homeassistant",
  takesRequests: true,
  caFile: null,
  isInsecure: false,
  version: null,
  wsPath: "/mqtt",
} as const;

test("a URL alone is enough, as a flag or a variable", () => {
  expect(brokerOf("--mqtt mqtt://broker.example.org")).toEqual(plain);
  expect(brokerOf("", { IOT_MQTT: "mqtt://broker.example.org/" })).toEqual(plain);
  expect(brokerOf("")).toBeNull();
});

test("each part of it is read", () => {
  const long =
    "mqtts://iot%40home@[::1]:1234/plants/iot?ca=ca.pem&discovery=off&commands=off&v=4&insecure=true";
  expect(brokerOf(`--mqtt ${long} --mqtt-password-file f`, { IOT_MQTT_PASSWORD: "p" })).toEqual({
    ...plain,
    scheme: "mqtts",
    host: "::1",
    port: 1234,
    username: "iot@home",
    password: "p",
    passwordFile: "f",
    base: "plants/iot",
    discovery: null,
    takesRequests: false,
    caFile: "ca.pem",
    isInsecure: true,
    version: 4,
  });
  expect(brokerOf("--mqtt wss://h?path=/ws&v=5&discovery=ha/x")).toMatchObject({
    port: 443,
    wsPath: "/ws",
    version: 5,
    discovery: "ha/x",
  });
  expect(["mqtts", "ws"].map((scheme) => brokerOf(`--mqtt ${scheme}://h`)?.port)).toEqual([
    8883, 80,
  ]);
});

test("what is wrong is refused, with its name, and no password is shown", () => {
  const cases: [line: string, says: string][] = [
    ["--mqtt broker", "--mqtt is no URL with mqtt://"],
    ["--mqtt http://broker", "--mqtt is no URL with mqtt://"],
    ["--mqtt mqtt://", "--mqtt "],
    [
      "--mqtt mqtt://iot:sesame@h",
      "contains a password, which every user of this machine can read",
    ],
    ["--mqtt mqtt://:sesame@h", "contains a password"],
    ["--mqtt mqtt://h/a/+/b", "the path"],
    ["--mqtt mqtt://h/a//b", "the path"],
    ["--mqtt mqtt://h/$SYS", "the path"],
    ["--mqtt mqtt://h/iot/", "the path"],
    ["--mqtt mqtt://h?qos=2", '"qos"'],
    ["--mqtt mqtt://h?v=4&v=5", '"v"'],
    ["--mqtt mqtt://h?v=3", 'v="3"'],
    ["--mqtt mqtt://h?insecure=true", "have none"],
    ["--mqtt mqtt://h?ca=x", "have none"],
    ["--mqtt mqtt://h?discovery=a%23", "the discovery"],
    ["--mqtt mqtt://%zz@h", "broken %"],
    ["--mqtt mqtt://h --mqtt-password-file f", "names no user"],
    ["--mqtt-password-file f", "--mqtt-password-file goes with --mqtt."],
  ];
  for (const [line, says] of cases) {
    const message = refusal(["9000", ...line.split(" ")]);
    expect(message).toContain(says);
    expect(message).not.toContain("sesame");
  }
  expect(refusal(["9000"], { IOT_MQTT: "mqtt://iot:sesame@h" })).toContain("IOT_MQTT contains");
});

test("the command mqtt tells, tries or clears", () => {
  expect(read("mqtt --json")).toMatchObject({ command: "mqtt", what: "state", json: true });
  const named = { command: "mqtt", broker: plain };
  const url = "--mqtt mqtt://broker.example.org";
  expect(read(`mqtt test ${url}`)).toMatchObject({ ...named, what: "test" });
  expect(read(`mqtt clear ${url}`)).toMatchObject({ ...named, what: "clear" });
  expect(refusal(["mqtt", "clear"])).toBe("mqtt clear needs to know the broker.");
  expect(refusal(["mqtt", "erase"])).toBe('"erase" is nothing that mqtt does.');
});
