// The line about another device that was asked: it names the clocks where only they can be the cause.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { PeerOutcome } from "../../../lib/cli/client/questions.ts";
import { outcomeLine, peerLine } from "../../../lib/cli/client/rendering.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const at = { ip: "192.0.2.7", port: 1995 };
const silent = { asked: "device", at, outcome: { kind: "silent", sendings: 5 } } as const;

test.each<[string, PeerOutcome, boolean]>([
  ["in text", { ...silent, via: "text" }, false],
  ["over a direct link", { ...silent, via: "direct" }, true],
  ["over a relayed link", { ...silent, via: "relayed" }, true],
  ["without a link", { ...silent, why: "it does not answer" }, false],
])("silence %s", (_, outcome, namesClock) => {
  const line = peerLine("bsmith", outcome);
  expect(line).toStartWith("-- bsmith ");
  expect(line.includes("clock")).toBe(namesClock);
});

test.each([
  ["95", "storage failed", "95 storage failed, nothing was stored"],
  ["93", "too many passwords", "93 busy, try again later (too many passwords)"],
  ["51", "", "51 data refused: not logged in"],
])("an ACK %s with the reason '%s'", (code, reason, line) => {
  const outcome = { kind: "ack", code, reason, repeated: false } as const;
  expect(outcomeLine("DATA", outcome, at)).toBe(line);
});
