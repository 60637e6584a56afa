// What has become of a command, in the words of the dashboard; and which of two readings of one is older.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { CommandJson } from "../../../../lib/web/api/command-shapes.ts";
import {
  commandWords,
  isOlder,
  type Waited,
} from "../../../../lib/web/ui/commands/command-words.ts";
import { clockTime } from "../../../../lib/web/ui/parts/formats.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const at = "2026-11-28T10:00:01.000Z";
const now = Date.parse(at);
const queued: CommandJson = {
  number: 42,
  device: "pi1",
  message: "set relay=on",
  state: "queued",
  origin: "cli",
  created: at,
  expires: at,
  sent: null,
  sendings: 0,
  delivered: null,
  ended: null,
  code: null,
  result: null,
  late: false,
};
const online: Waited = { presence: "online", lastSeen: at, everySeconds: 300 };
const sent = { ...queued, state: "sent", sendings: 3 } as const;
const delivered = { ...sent, state: "delivered", delivered: at } as const;
const done = { ...delivered, state: "done", ended: at, code: "01", result: "relay on" } as const;
const failed = { ...done, state: "failed", code: "15" } as const;
const expired = { ...sent, state: "expired", ended: at } as const;

test.each([
  [queued, "waiting for the device to wake, next expected in about 3 min"],
  [sent, "sent, waiting for the device to wake, next expected in about 3 min"],
  [delivered, `delivered ${clockTime(now)}, not answered yet`],
  [done, "done: relay on"],
  [{ ...done, result: "" }, "done"],
  [failed, "failed: relay on"],
  [{ ...failed, result: "" }, "failed: code 15"],
  [{ ...failed, code: "16", result: "" }, "failed: the device does not understand it"],
  [expired, "expired"],
  [{ ...expired, late: true, code: "01", result: "on" }, "answered too late: on"],
  [{ ...expired, state: "cancelled" }, "cancelled"],
  [
    { ...expired, state: "cancelled", result: "another-device" },
    "cancelled: another device has taken over the id",
  ],
] as const)("%j: %s", (command, words) => {
  expect(commandWords(command, online, false, now + 100_000)).toBe(words);
});

test.each([
  [online, 290_000, "waiting for the device to wake, next expected within a minute"],
  [online, 300_000, "waiting for the device to wake, next expected now"],
  [
    { ...online, everySeconds: 7_200 },
    0,
    "waiting for the device to wake, next expected in about 2 h",
  ],
  [{ ...online, everySeconds: null }, 0, "waiting for the device to wake"],
  [{ ...online, presence: "offline" }, 0, "waiting for the device to log in"],
  [
    { presence: "never", lastSeen: null, everySeconds: null },
    0,
    "waiting for the device to log in",
  ],
  [null, 0, "waiting for the device to wake"],
] as const)("with %j after %i ms: %s", (device, later, words) => {
  expect(commandWords(queued, device, false, now + later)).toBe(words);
});

test("behind another one it waits for that", () => {
  expect(commandWords(queued, online, true, now)).toBe("waiting for the command before it");
});

test("what has come further is newer", () => {
  const late = { ...expired, late: true, result: "on" };
  const order = [queued, sent, delivered, done];
  for (const [i, one] of order.entries()) {
    for (const [j, other] of order.entries()) expect(isOlder(one, other)).toBe(i < j);
  }
  expect([isOlder(expired, late), isOlder(late, expired), isOlder(late, late)]).toEqual([
    true,
    false,
    false,
  ]);
  // One that ended before it was delivered.
  expect([isOlder(delivered, expired), isOlder(expired, delivered)]).toEqual([true, false]);
});
