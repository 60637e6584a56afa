// How commands are written: numbers in the place of a time, the answer to a QUERY 04, and which messages are refused.

import { expect, setDefaultTimeout, test } from "bun:test";
import {
  commandAnswer,
  commandFault,
  commandIn,
  commandNumber,
  commandStatus,
  commandTime,
} from "../../lib/protocol/commands.ts";
import { encode } from "../../lib/protocol/encode.ts";
import { decodeTime } from "../../lib/protocol/time.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

test("a number is written and read, and is no time of day", () => {
  for (const number of [1, 42, Number.MAX_SAFE_INTEGER]) {
    expect(commandNumber(commandTime(number))).toBe(number);
    expect(decodeTime(commandTime(number))).toBeNull();
  }
  const others = [
    "",
    "#",
    "#0",
    "#01",
    "#-1",
    "# 1",
    "#1 ",
    "#9007199254740992",
    "42",
    "##1",
    "#1.5",
  ];
  expect(others.map(commandNumber)).toEqual(others.map(() => null));
});

test("the bytes of a command depend on its number and message", () => {
  expect(encode(commandStatus(42, "set relay=on"))).toBe(
    "STATUS\t10\tserver\t#42\t12\tset relay=on",
  );
});

test("the answer to a QUERY 04 has the command", () => {
  for (const message of ["set relay=on", "a\tb\nc", "\t"]) {
    expect(commandIn(commandAnswer(7, message))).toEqual({ number: 7, message });
  }
  for (const text of ["", "#7", "#7\t10", "2026-11-22:09:15:06\t07\t21.5", "#7\t11\ton"]) {
    expect(commandIn(text)).toBeNull();
  }
});

test("the longest command fits into the answer and into a frame", () => {
  const message = commandAnswer(Number.MAX_SAFE_INTEGER, "x".repeat(1_024));
  const [id, time] = ["i".repeat(64), "t".repeat(32)];
  const data = { type: "DATA", code: "01", id, address: null, time, message } as const;
  expect(encode(data).length).toBeLessThanOrEqual(1_156);
});

test("a message that cannot be sent is refused, with the reason", () => {
  for (const good of ["x", "ä\tö\nü", "x".repeat(1_024)]) expect(commandFault(good)).toBeNull();
  expect(commandFault("")).toBe("is empty");
  expect(commandFault("on\n")).toBe("ends in a line feed");
  for (const bad of ["a\0", "a\r", "\u007f", "\u0085"])
    expect(commandFault(bad)).toContain("control");
  expect(commandFault("\ud800")).toBe("is not Unicode");
  expect(commandFault("ä".repeat(513))).toBe("has 1026 bytes, and at most 1024 are sent");
});
