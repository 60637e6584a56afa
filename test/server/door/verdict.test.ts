// The decision table of the door (protocol §4.1): who is let in, who waits, who is refused, and what is written of it. One line for
// each row of the table, then what a pending device and a token are bound to.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  type DoorRows,
  noDoorRows,
  pendingMax,
  pendingOfSourceMax,
  type PendingRow,
  type TokenRow,
  type WindowRow,
} from "../../../lib/server/door/door-rows.ts";
import { decideKnock, type Knock, type Verdict } from "../../../lib/server/door/verdict.ts";
import { labelsText, noLabels } from "../../../lib/server/labels.ts";
import type { Join } from "../../../lib/server/policy.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const at = 1_000_000;
const key = new Uint8Array(32).fill(1);
const otherKey = new Uint8Array(32).fill(2);
const hash = new Uint8Array(32).fill(3);
const device = { id: "th-1", mac: "aa:bb:cc:dd:ee:ff", ip: "10.0.0.1", port: 1994 };
const sealed: Knock = { source: "10.0.0.1", clientKey: key, token: null, window: null, at };
const inText: Knock = { ...sealed, clientKey: null };
const shown: Knock = { ...sealed, token: { hash, hasSecret: true } };

const token: TokenRow = {
  number: 4,
  hash,
  note: "",
  created: at - 1,
  expires: at + 1,
  usesLeft: 1,
  used: 0,
  labels: new Map([["area", "Cellar"]]),
  ids: null,
  approve: false,
  text: false,
  revoked: false,
  lastUsed: null,
};
const pending: PendingRow = {
  ...device,
  source: "10.0.0.1",
  clientKey: key,
  firstSeen: at - 5_000,
  lastSeen: at - 5_000,
  tries: 3,
  state: "waiting",
  labels: new Map([["name", "Freezer"]]),
};
const approved = { ...pending, state: "approved" } as const;
const rejected = { ...pending, state: "rejected" } as const;
const window: WindowRow = {
  number: 2,
  leftMs: 5_000,
  until: at + 5_000,
  labels: new Map([["w", "1"]]),
};

/** A verdict in short: what is done, the labels, and the writes. */
function words(verdict: Verdict): string {
  const said = { admit: "", wait: "reason", refuse: "why" } as const;
  const more =
    verdict.kind === "admit"
      ? labelsText(verdict.labels)
      : (verdict as unknown as Record<string, string>)[said[verdict.kind]];
  const written = verdict.writes.map(({ what }) => `+${what}`).join(" ");
  return [verdict.kind, more, written].filter((part) => part !== "").join(" ");
}

function decide(join: Join, knock: Knock, rows: Partial<DoorRows>): string {
  return words(decideKnock(device, knock, join, { ...noDoorRows, ...rows }));
}

describe("the first row that fits", () => {
  test.each([
    ["a valid token", "open", shown, { token }, "admit area=Cellar +use-token"],
    ["a valid token", "approve", shown, { token }, "admit area=Cellar +use-token"],
    ["a valid token", "closed", shown, { token }, "admit area=Cellar +use-token"],
    [
      "a valid token of one that was rejected",
      "closed",
      shown,
      { token, pending: rejected },
      "admit area=Cellar,name=Freezer +use-token",
    ],
    ["a token that is not known", "open", shown, {}, "refuse no such join token"],
    [
      "a revoked token",
      "open",
      shown,
      { token: { ...token, revoked: true } },
      "refuse join token 4 is revoked",
    ],
    [
      "a token that expires now",
      "open",
      shown,
      { token: { ...token, expires: at } },
      "refuse join token 4 has expired",
    ],
    [
      "a used-up token",
      "open",
      shown,
      { token: { ...token, usesLeft: 0 } },
      "refuse join token 4 is used up",
    ],
    [
      "a token for other ids",
      "approve",
      shown,
      { token: { ...token, ids: "x*|th-2" } },
      "refuse join token 4 is for ids x*|th-2",
    ],
    [
      "a token for its id",
      "approve",
      shown,
      { token: { ...token, ids: "x*|th-*" } },
      "admit area=Cellar +use-token",
    ],
    [
      "a token with any number of uses, for ever",
      "closed",
      shown,
      { token: { ...token, usesLeft: null, expires: null } },
      "admit area=Cellar +use-token",
    ],
    [
      "a token before it was made: the clock is wrong",
      "closed",
      shown,
      { token: { ...token, created: at + 1, expires: at + 9 } },
      "wait the server's clock is wrong",
    ],
    [
      "a token without a secret behind it",
      "open",
      { ...shown, token: { hash, hasSecret: false } },
      { token },
      "refuse join token 4 came alone: a password is the token, a dot and a secret",
    ],
    [
      "an invalid token in an open window",
      "approve",
      shown,
      { window },
      "refuse no such join token",
    ],
    [
      "a token that asks for approval",
      "open",
      shown,
      { token: { ...token, approve: true } },
      "wait waiting for approval +add-pending",
    ],
    [
      "the same, approved",
      "closed",
      shown,
      { token: { ...token, approve: true }, pending: approved },
      "admit area=Cellar,name=Freezer +use-token",
    ],
    [
      "the same, rejected",
      "closed",
      shown,
      { token: { ...token, approve: true }, pending: rejected },
      "refuse it was rejected +change-pending",
    ],
    ["an open window", "approve", sealed, { window }, "admit w=1"],
    ["an open window", "closed", inText, { window }, "admit w=1"],
    [
      "an open window for one that was rejected",
      "approve",
      sealed,
      { window, pending: rejected },
      "refuse it was rejected +change-pending",
    ],
    [
      "a window that is over",
      "closed",
      sealed,
      { window: { ...window, leftMs: 0 } },
      "refuse no unknown devices (--join closed)",
    ],
    ["an open door", "open", inText, {}, "admit"],
    ["an open door and a rejection from before", "open", sealed, { pending: rejected }, "admit"],
    ["nothing", "approve", sealed, {}, "wait waiting for approval +add-pending"],
    ["nothing, again", "approve", sealed, { pending }, "wait waiting for approval +change-pending"],
    [
      "nothing, within a second",
      "approve",
      { ...sealed, at: at - 4_001 },
      { pending },
      "wait waiting for approval",
    ],
    ["approval", "approve", sealed, { pending: approved }, "admit name=Freezer"],
    ["approval, then a closed door", "closed", sealed, { pending: approved }, "admit name=Freezer"],
    [
      "rejection",
      "approve",
      sealed,
      { pending: rejected },
      "refuse it was rejected +change-pending",
    ],
    ["nothing at a closed door", "closed", sealed, {}, "refuse no unknown devices (--join closed)"],
    [
      "nothing at a closed door while it is pending",
      "closed",
      sealed,
      { pending },
      "refuse no unknown devices (--join closed)",
    ],
  ] as const)("%s (%s)", (_name, join, knock, rows, outcome) => {
    expect(decide(join, knock, rows)).toBe(outcome);
  });
});

describe("an approval is bound to id, MAC and who asked", () => {
  const other = "wait another device waits under this id";
  test.each([
    ["another MAC", { ...approved, mac: "aa:bb:cc:dd:ee:00" }, sealed, other],
    [
      "the MAC in another notation",
      { ...approved, mac: "AA-BB-CC-DD-EE-FF" },
      sealed,
      "admit name=Freezer",
    ],
    ["another key", approved, { ...sealed, clientKey: otherKey }, other],
    ["text in place of a key", approved, inText, other],
    ["a key in place of text", { ...approved, clientKey: null }, sealed, other],
    ["text", { ...approved, clientKey: null }, inText, "admit name=Freezer"],
    [
      "text from another address",
      { ...approved, clientKey: null },
      { ...inText, source: "10.0.0.9" },
      other,
    ],
    [
      "the key from another address",
      approved,
      { ...sealed, source: "10.0.0.9" },
      "admit name=Freezer",
    ],
    ["another key while it waits", pending, { ...sealed, clientKey: otherKey }, other],
    [
      "another key after a rejection",
      rejected,
      { ...sealed, clientKey: otherKey },
      "wait waiting for approval +change-pending",
    ],
  ] as const)("%s", (_name, row, knock, outcome) => {
    expect(decide("approve", knock, { pending: row })).toBe(outcome);
  });

  test("who takes the place of a rejected device begins anew", () => {
    const rows = { ...noDoorRows, pending: rejected };
    const verdict = decideKnock(device, { ...sealed, clientKey: otherKey }, "approve", rows);
    expect(verdict).toMatchObject({
      isNew: true,
      writes: [{ pending: { clientKey: otherKey, tries: 1, state: "waiting", labels: noLabels } }],
    });
  });
});

test("a token in text needs --text; the log says what to do", () => {
  const text = { ...shown, clientKey: null };
  expect(decide("open", text, { token })).toBe(
    "refuse join token 4 came in text, where everybody can read it: revoke it, or make one with --text",
  );
  expect(decide("closed", text, { token: { ...token, text: true } })).toBe(
    "admit area=Cellar +use-token",
  );
});

test("where there is no room, the source that has most gives way", () => {
  const waits = "wait waiting for approval +add-pending";
  const crowd = { all: pendingMax, ofSource: 0, ofLargest: 2 };
  expect(decide("approve", sealed, { crowd })).toBe(waits);
  const known = { all: pendingMax, ofSource: 8, ofLargest: 10 };
  expect(decide("approve", sealed, { crowd: known })).toBe(waits);
});

test.each([
  ["a source", { all: 0, ofSource: pendingOfSourceMax, ofLargest: 0 }],
  ["a source", { all: pendingMax, ofSource: pendingOfSourceMax, ofLargest: pendingMax }],
  ["all", { all: pendingMax, ofSource: 0, ofLargest: 1 }],
  ["all", { all: pendingMax, ofSource: 9, ofLargest: 10 }],
])("of %s only so many wait", (_name, crowd) => {
  expect(decide("approve", sealed, { crowd })).toBe("wait too many devices wait for approval");
  expect(decide("approve", sealed, { crowd, pending })).toBe(
    "wait waiting for approval +change-pending",
  );
});
