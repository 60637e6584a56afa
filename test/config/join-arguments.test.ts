// The command lines of the door: what each is read as, and what is wrong with others.

import { expect, setDefaultTimeout, test } from "bun:test";
import { noLabels } from "../../lib/server/labels.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { day, hour, read, refusal } from "./read-server.ts";

setDefaultTimeout(testTimeoutMs);

const join = { command: "join", db: "iot_server.db", json: false, sharedIp: false } as const;
const token = {
  uses: 1,
  forMs: day,
  labels: noLabels,
  ids: null,
  approve: false,
  text: false,
  note: "",
};
const judge = { command: "judge", ids: [], select: null, labels: noLabels, yes: false };
const kitchen = new Map([["area", "Kitchen"]]);

test.each([
  ["join", { ...join, verb: "status" }],
  ["join status --json", { ...join, verb: "status", json: true }],
  ["join close", { ...join, verb: "close" }],
  ["join tokens --shared-ip", { ...join, verb: "tokens", sharedIp: true }],
  ["join open", { ...join, verb: "open", forMs: 300_000, labels: noLabels }],
  [
    "join open --for 30d --label area=Kitchen",
    { ...join, verb: "open", forMs: 30 * day, labels: kitchen },
  ],
  ["join token", { ...join, verb: "token", token }],
  [
    "join token --uses unlimited --for never --ids th-*|pi1 --approve --text --note x",
    {
      ...join,
      verb: "token",
      token: {
        uses: null,
        forMs: null,
        labels: noLabels,
        ids: "th-*|pi1",
        approve: true,
        text: true,
        note: "x",
      },
    },
  ],
  [
    "join token --uses 50 --for 1h --label area=Kitchen --label a=b",
    {
      ...join,
      verb: "token",
      token: { ...token, uses: 50, forMs: hour, labels: new Map([...kitchen, ["a", "b"]]) },
    },
  ],
  ["join revoke 7", { ...join, verb: "revoke", number: 7 }],
  ["devices --pending", { command: "pending", json: false, select: null }],
  ["devices approve a b", { ...judge, state: "approved", ids: ["a", "b"] }],
  ["devices approve --all --yes", { ...judge, state: "approved", yes: true }],
  ["devices approve a --label area=Kitchen", { ...judge, ids: ["a"], labels: kitchen }],
  ["devices reject --select id=x*", { ...judge, state: "rejected", select: { text: "id=x*" } }],
])("%s", (line, config) => {
  expect(read(line)).toMatchObject(config);
});

test.each([
  ["join now", '"now" is nothing that join does.'],
  ["join open --for 31d", "not a duration from 1s to 30d"],
  ["join open --for 5", "a number without a unit"],
  ["join open --uses 2", "--uses is not for join open."],
  ["join close --for 5m", "--for is not for join close."],
  ["join open please", "please"],
  ["join token --uses 0", '--uses is "0"'],
  ["join token --ids th/*", '--ids "th/*" is wrong at position 3'],
  ["join token --ids a,area=x", '--ids "a,area=x" is wrong'],
  ["join token --label Area=x", '--label "Area=x" is wrong at position 1'],
  ["join token --label area-", '--label "area-" is wrong'],
  ["join revoke", "The number of the token is missing."],
  ["join revoke x", 'The token is "x"'],
  ["devices approve", "No device is named."],
  ["devices approve a --all", "Devices are meant in two ways."],
  ["devices approve a/b", '"a/b" is not a device id.'],
  ["devices reject a --label x=y", "A rejected device gets no labels."],
  ["devices --all", "--all goes with devices approve."],
  ["devices a --pending", "a is named, and others are selected."],
])("%s is refused", (line, message) => {
  expect(refusal(line.split(" "))).toContain(message);
});
