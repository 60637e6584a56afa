// The commands of a device: each number is carried out once, also when it is sent again, when the device crashes at any step, and
// when nothing can be kept.

import { expect, setDefaultTimeout, test } from "bun:test";
import { type CommandResult, DeviceCommands } from "../../lib/client/device-commands.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { RememberedCommands } from "./remembered-commands.ts";

setDefaultTimeout(testTimeoutMs);

const done = (message: string): CommandResult => ({ code: "01", message });

/** A device whose commands end when the test says so. */
function device(memory: RememberedCommands | null = new RememberedCommands()) {
  const run: string[] = [];
  const told: string[] = [];
  const troubles: string[] = [];
  const ends: ((result: CommandResult, now: number) => void)[] = [];
  const commands = new DeviceCommands({
    memory,
    execute(number, message, end) {
      run.push(`${number} ${message}`);
      ends.push(end);
    },
    tell: (number, { code, message }) => told.push(`${number} ${code} ${message}`),
    trouble: (words) => troubles.push(words),
  });
  const end = (result: CommandResult, now: number) => ends.shift()?.(result, now);
  return { commands, memory, run, told, troubles, end };
}

test("a command is carried out once; a repeat gets its old result", () => {
  const { commands, run, told, end } = device();
  commands.receive(1, "on", 0);
  commands.receive(1, "on", 2_000);
  expect({ run, told }).toEqual({ run: ["1 on"], told: [] });
  end(done("relay on"), 3_000);
  expect(told).toEqual(["1 01 relay on"]);
  // A repeat that crossed the result on the way.
  commands.receive(1, "on", 3_500);
  expect(told).toHaveLength(1);
  commands.receive(1, "on", 10_000);
  expect(told).toEqual(["1 01 relay on", "1 01 relay on"]);
  expect(run).toEqual(["1 on"]);
});

test("they are carried out one after the other, in the order in which they came", () => {
  const { commands, run, told, end } = device();
  for (const number of [1, 2, 3]) commands.receive(number, "x", 0);
  commands.receive(2, "x", 1_000);
  expect(run).toEqual(["1 x"]);
  end(done("a"), 1_000);
  end(done("b"), 2_000);
  expect(run).toEqual(["1 x", "2 x", "3 x"]);
  end({ code: "15", message: "c" }, 3_000);
  expect(told).toEqual(["1 01 a", "2 01 b", "3 15 c"]);
  expect(commands.isBusy).toBe(false);
});

test("after a crash what was begun is answered as interrupted, and never begun again", () => {
  const before = device();
  before.commands.receive(1, "on", 0);
  before.commands.receive(2, "off", 0);
  const after = device(before.memory);
  after.commands.start(0);
  expect(after.told).toEqual(["1 15 interrupted"]);
  after.commands.receive(1, "on", 60_000);
  after.commands.receive(2, "off", 60_000);
  expect(after.run).toEqual(["2 off"]);
  expect(after.told.slice(1)).toEqual(["1 15 interrupted"]);
  const last = device(before.memory);
  after.end(done("z"), 70_000);
  last.commands.start(0);
  expect(last.told).toEqual([]);
  last.commands.receive(2, "off", 0);
  expect([last.run, last.told]).toEqual([[], ["2 01 z"]]);
});

test("the same number with another text is another command: its server is another one", () => {
  const { commands, run, end } = device();
  commands.receive(1, "on", 0);
  end(done(""), 0);
  commands.receive(1, "off", 0);
  expect(run).toEqual(["1 on", "1 off"]);
});

test("what cannot be kept is not begun, as it could be carried out twice", () => {
  const { commands, memory, run, told, troubles } = device();
  if (memory !== null) memory.trouble = "disk full";
  commands.receive(1, "on", 0);
  expect(run).toEqual([]);
  expect(told).toEqual(["1 15 not begun: it cannot be kept (disk full)"]);
  expect(troubles).toHaveLength(1);
  if (memory !== null) memory.trouble = null;
  commands.receive(1, "on", 10_000);
  expect(run).toEqual(["1 on"]);
});

test("a device without a program says that it carries out none", () => {
  const { commands, run, told } = device(null);
  commands.start(0);
  commands.receive(1, "on", 0);
  expect([run, told]).toEqual([[], ["1 16 this device carries out no commands"]]);
});
