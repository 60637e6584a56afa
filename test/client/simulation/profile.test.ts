// What simulated devices are and measure: identities that no other has, habits in the proportion that was meant, curves with a
// day's shape.

import { expect, setDefaultTimeout, test } from "bun:test";
import {
  devicesMax,
  profileOf,
  readingOf,
  silenceAfter,
} from "../../../lib/client/simulation/profile.ts";
import { isIp } from "../../../lib/protocol/ip.ts";
import { fieldRules } from "../../../lib/protocol/fields.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const day = 86_400_000;

test("each device has an id, a MAC and an IP of its own, the IP of those for benchmarks", () => {
  const all = [...Array(devicesMax).keys()].map((index) => profileOf(index + 1, 1, 1_000).identity);
  for (const name of ["id", "mac", "ip"] as const) {
    expect(new Set(all.map((identity) => identity[name])).size).toBe(devicesMax);
  }
  expect(
    all.every(({ id, mac, ip }) => fieldRules.id.test(id) && fieldRules.mac.test(mac) && isIp(ip)),
  ).toBe(true);
  expect(all.every(({ ip }) => /^198\.1[89]\./.test(ip))).toBe(true);
  expect(all[0]).toEqual({
    id: "sim-00001",
    mac: "02:73:69:00:00:01",
    ip: "198.18.0.1",
    port: 1994,
  });
});

test("of 100 devices 10 are sleepers and 5 unsteady, of each seed others", () => {
  const habits = (seed: number) =>
    [...Array(10_000).keys()].map((index) => profileOf(index + 1, seed, 1_000).habit);
  const share = (habit: string) => habits(1).filter((it) => it === habit).length / 10_000;
  expect(share("sleeper")).toBeCloseTo(0.1, 1);
  expect(share("unsteady")).toBeGreaterThan(0.04);
  expect(share("unsteady")).toBeLessThan(0.06);
  expect(habits(1)).not.toEqual(habits(2));
});

test("it is warmer and drier in the afternoon than in the night, and never far off", () => {
  for (let number = 1; number <= 200; number++) {
    const profile = profileOf(number, 1, 1_000);
    const at = (hour: number) => {
      const reading = readingOf(profile, hour, Date.UTC(2026, 10, 22, hour));
      const [, temp, hum] = /^temp=(-?\d+\.\d)°C hum=(\d+)%$/.exec(reading) ?? [];
      return [Number(temp), Number(hum)] as const;
    };
    expect(at(15)[0]).toBeGreaterThan(at(3)[0]);
    expect(at(15)[1]).toBeLessThan(at(3)[1]);
    for (let hour = 0; hour < 24; hour++) {
      expect(Math.abs(at(hour)[0] - 20)).toBeLessThan(7);
      expect(Math.abs(at(hour)[1] - 50)).toBeLessThan(46);
    }
  }
  expect(readingOf(profileOf(1, 1, 1), 5, day)).toBe(readingOf(profileOf(1, 1, 1), 5, day));
});

test("only unsteady devices fall silent, for longer than their sessions last", () => {
  const all = [...Array(500).keys()].map((index) => profileOf(index + 1, 1, 30_000));
  for (const profile of all) {
    const silences = [...Array(100).keys()]
      .map((count) => silenceAfter(profile, count))
      .filter(Boolean);
    if (profile.habit !== "unsteady") expect(silences).toEqual([]);
    else expect(Math.min(...silences)).toBeGreaterThan(2.5 * profile.heartbeatSeconds * 1000);
  }
});
