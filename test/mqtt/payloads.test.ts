// Topics and payloads of the bridge: what is told of reports, devices and the server, and that ids are found again.

import { expect, setDefaultTimeout, test } from "bun:test";
import { bridgePayload, devicePayload, reportPayload } from "../../lib/mqtt/payloads.ts";
import {
  bridgeTopic,
  deviceTopic,
  escaped,
  readDeviceTopic,
  unescaped,
} from "../../lib/mqtt/topics.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const place = { base: "home/iot", discovery: "homeassistant", server: "7ec3b79f" };
const received = Date.parse("2026-11-28T10:00:00.123Z");

test("a report has its numbers by their fields", () => {
  expect(
    JSON.parse(reportPayload({ received, code: "01", message: "temp=21.5°C hum=40%" })),
  ).toEqual({
    received: "2026-11-28T10:00:00.123Z",
    code: "01",
    message: "temp=21.5°C hum=40%",
    fields: { temp: 21.5, hum: 40 },
  });
  const text = reportPayload({ received, code: "02", message: '{"__proto__":1}' });
  expect(text).toContain('"fields":{"__proto__":1}');
  expect(JSON.parse(reportPayload({ received, code: "02", message: "all well" })).fields).toEqual(
    {},
  );
});

test("a device is told with its labels, the bridge with its counts", () => {
  const labels = new Map([
    ["name", "Cold room"],
    ["area", "Kitchen"],
  ]);
  const device = { mac: "m", labels, registered: received, everySeconds: 60 } as const;
  expect(devicePayload({ ...device, transport: "sealed" })).toBe(
    '{"mac":"m","labels":{"area":"Kitchen","name":"Cold room"},"registered":"2026-11-28T10:00:00.123Z",' +
      '"everySeconds":60,"transport":"sealed"}',
  );
  const devices = { registered: 3, online: 2, silent: 1, never: 7 };
  const bridge = { version: "1.1.0", server: "7ec3b79f", devices };
  const told =
    '{"version":"1.1.0","server":"7ec3b79f","devices":{"registered":3,"online":2,"silent":1}';
  const closed = { open: false, until: null, pending: 0 };
  expect(bridgePayload({ ...bridge, joining: closed })).toBe(
    `${told},"join":{"open":false,"until":null},"pending":0}`,
  );
  const joining = { open: true, until: received, pending: 2 };
  expect(bridgePayload({ ...bridge, joining })).toBe(
    `${told},"join":{"open":true,"until":"2026-11-28T10:00:00.123Z"},"pending":2}`,
  );
});

test("a device is found again by its topic; the bridge is none, also not for a device called bridge", () => {
  for (const id of ["pi1", "a.b:c_d", "bridge", "bridge_", "-"]) {
    expect(readDeviceTopic(place, deviceTopic(place, id, "query"))).toEqual({ id, name: "query" });
  }
  expect(deviceTopic(place, "bridge", "state")).not.toBe(bridgeTopic(place, "state"));
  expect(readDeviceTopic(place, bridgeTopic(place, "join"))).toBeNull();
  for (const topic of ["iot/pi1/query", "home/iot/pi1", "home/iot//query", "home/iots/pi1/query"]) {
    expect(readDeviceTopic(place, topic)).toBeNull();
  }
});

test("an escaped name has letters, digits, - and _ only, and is never that of another text", () => {
  expect(escaped("a.b")).toBe("a_2Eb");
  expect(escaped("a_b")).toBe("a_5Fb");
  expect(escaped("ü")).toBe("_C3_BC");
  for (const text of ["", "a.b", "a_b", "a_2Eb", "kitchen.th:1", "ü ß😀", "%$§/"]) {
    expect(escaped(text)).toMatch(/^[A-Za-z0-9_-]*$/);
    expect(unescaped(escaped(text))).toBe(text);
  }
  for (const name of ["a.b", "a_b", "a_2e", "_C3"]) expect(unescaped(name)).toBeNull();
});
