// The arguments of `iot-server command` and `commands`: what they mean, and what is refused.

import { expect, setDefaultTimeout, test } from "bun:test";
import { readServerConfig } from "../../lib/config/server.ts";
import { OperatingError } from "../../lib/operating-error.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const read = (...args: string[]) => readServerConfig(args, {}, 0);

function refusal(...args: string[]): string {
  try {
    read(...args);
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    expect(error).toMatchObject({ code: "usage", exit: 2 });
    expect(error.nextStep).not.toBe("");
    return error.message;
  }
  throw new Error(`nothing is wrong with ${args.join(" ")}`);
}

test("command: the id, then the message; or a selector", () => {
  expect(read("command", "pi1", "set", "relay=on")).toMatchObject({
    command: "command",
    id: "pi1",
    select: null,
    message: "set relay=on",
    ttlMs: 86_400_000,
    waitMs: 0,
    yes: false,
    json: false,
  });
  expect(
    read("command", "--select", "area=Kitchen", "reboot", "--ttl", "5m", "--wait", "10s", "--yes"),
  ).toMatchObject({
    id: null,
    select: { text: "area=Kitchen" },
    message: "reboot",
    ttlMs: 300_000,
    waitMs: 10_000,
    yes: true,
  });
});

test("commands: lists, or cancels by numbers or a device", () => {
  expect(read("commands")).toMatchObject({ what: "list", id: null, all: false });
  expect(read("commands", "pi1", "--all")).toMatchObject({ what: "list", id: "pi1", all: true });
  expect(read("commands", "cancel", "1", "42", "1")).toMatchObject({
    what: "cancel",
    numbers: [1, 42],
  });
  expect(read("commands", "cancel", "--device", "pi1")).toMatchObject({
    what: "cancel-all",
    id: "pi1",
  });
});

test("what cannot be meant is refused", () => {
  expect(refusal("command")).toBe("The device's id is missing.");
  expect(refusal("command", "pi1")).toBe("The message is missing.");
  expect(refusal("command", "pi1", "a\u0007")).toContain("control character");
  expect(refusal("command", "pi1", "x".repeat(1_025))).toContain("1025 bytes");
  expect(refusal("command", "pi1", "x", "--ttl", "31d")).toContain("--ttl");
  expect(refusal("command", "pi1", "x", "--ttl", "10ms")).toContain("--ttl");
  expect(refusal("commands", "pi1", "pi2")).toContain("pi2");
  expect(refusal("commands", "--device", "pi1")).toContain("--device");
  expect(refusal("commands", "cancel")).toBe("No command is named.");
  expect(refusal("commands", "cancel", "1", "--device", "pi1")).toContain("--device");
  for (const text of ["0", "01", "x", "1.5", "9007199254740993"]) {
    expect(refusal("commands", "cancel", text)).toContain("no number of a command");
  }
});
