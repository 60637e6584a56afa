// The arguments of `iot-server alert`: what each action means, and what is refused with the form that is right.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { AlertAction } from "../../lib/config/alert-arguments.ts";
import { readServerConfig } from "../../lib/config/server.ts";
import { OperatingError } from "../../lib/operating-error.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const read = (words: readonly string[]) => readServerConfig(["alert", ...words], {}, 0);

const plainRule = { rule: "offline for 10m", select: null, to: [] } as const;
const mute = { action: "mute", rule: null, select: null, note: "", yes: false } as const;
const hook = { name: "hook", url: "https://h/", headerFile: null } as const;

const actions: readonly (readonly [words: readonly string[], action: AlertAction])[] = [
  [[], { action: "list", isAll: false }],
  [["list"], { action: "list", isAll: false }],
  [["list", "--all"], { action: "list", isAll: true }],
  [["rules"], { action: "rules" }],
  [["to", "hook", "https://h/"], { action: "to", ...hook }],
  [
    ["to", "hook", "https://h/", "--format", "ntfy", "--header-file", "secret"],
    { action: "to", ...hook, format: "ntfy", headerFile: "secret" },
  ],
  [["add", "quiet", "offline for 10m"], { action: "add", name: "quiet", ...plainRule }],
  [
    ["add", "q", "gone", "--select", "area=Kitchen", "--to", "a, b,,c", "--severity", "critical"],
    {
      action: "add",
      name: "q",
      rule: "gone",
      select: "area=Kitchen",
      to: ["a", "b", "c"],
      severity: "critical",
    },
  ],
  [
    ["add", "q", "offline for 10m", "--repeat", "90m"],
    { action: "add", name: "q", ...plainRule, repeatMs: 5_400_000 },
  ],
  [
    ["add", "q", "offline for 10m", "--repeat", "never"],
    { action: "add", name: "q", ...plainRule, repeatMs: null },
  ],
  [["remove", "quiet"], { action: "remove", name: "quiet" }],
  [["test", "hook"], { action: "test", name: "hook" }],
  [["mute", "--for", "2h"], { ...mute, forMs: 7_200_000 }],
  [
    ["mute", "--for=1s", "--rule", "q", "--select", "id=th-*", "--note", "new batteries"],
    { ...mute, forMs: 1_000, rule: "q", select: "id=th-*", note: "new batteries" },
  ],
  [["mute", "--for=1s", "--yes"], { ...mute, forMs: 1_000, yes: true }],
  [["unmute", "3"], { action: "unmute", name: "3" }],
];

test.each(actions)("alert %p", (words, action) => {
  expect(read(words)).toMatchObject({ command: "alert", json: false, db: "iot_server.db" });
  expect((read(words) as { readonly alert?: unknown }).alert).toEqual(action);
});

test("--json, and a store elsewhere", () => {
  const words = ["list", "--json", "--store", "postgres://iot@h/d"];
  expect(read(words)).toMatchObject({ command: "alert", json: true });
});

const toForm = "alert to <name> <url> [--format FORMAT] [--header-file FILE]";
const addForm =
  "alert add <name> '<rule>' [--select SELECTOR] [--to NAME,…] [--severity S] [--repeat TIME]";
const muteForm = "alert mute --for TIME [--rule NAME] [--select SELECTOR] [--note TEXT] [--yes]";
const write = (form: string) => `Write: iot-server ${form}`;

const refusals: readonly (readonly [line: string, words: string, step: string])[] = [
  ["lst", `alert has no "lst".`, "Use one of list, rules, to, add, remove, test, mute, unmute."],
  ["toString", `alert has no "toString".`, "Use one of list, rules"],
  ["list x", "alert list has other arguments.", write("alert list [--all]")],
  ["to hook", "alert to has other arguments.", write(toForm)],
  ["add quiet offline for 10m", "alert add has other arguments.", write(addForm)],
  ["remove", "alert remove has other arguments.", write("alert remove <name>")],
  ["test", "alert test has other arguments.", write("alert test <name>")],
  ["unmute", "alert unmute has other arguments.", write("alert unmute <number>")],
  ["mute", "How long is not given.", write(muteForm)],
  ["mute q --for 2h", "alert mute has other arguments.", write(muteForm)],
  ["unmute 3 --yes", "alert unmute has no --yes.", write("alert unmute <number>")],
  ["rules --all", "alert rules has no --all.", write("alert rules")],
  ["to hook https://h/ --severity info", "alert to has no --severity.", write(toForm)],
  ["add q gone --format ntfy", "alert add has no --format.", write(addForm)],
  ["test hook --for 1s", "alert test has no --for.", write("alert test <name>")],
  ["mute --for 0s", "--for", "Write it as 500ms, 60s, 5m or 1h."],
  ["mute --for 2", "--for", "Write 2d for days, 2h for hours, 2s for seconds."],
  ["mute --for 367d", "--for", "Write it as 500ms, 60s, 5m or 1h."],
  ["add q gone --repeat 59s", "--repeat", "Write it as 500ms, 60s, 5m or 1h."],
  ["add q gone --repeat often", "--repeat", "Write it as 500ms, 60s, 5m or 1h."],
];

test.each(refusals)("alert %s is refused", (line, words, step) => {
  let error: unknown = null;
  try {
    read(line.split(" "));
  } catch (thrown) {
    error = thrown;
  }
  if (!(error instanceof OperatingError)) throw error ?? new Error("nothing was refused");
  expect(error).toMatchObject({ code: "usage", exit: 2 });
  expect(error.message).toContain(words);
  expect(error.nextStep).toContain(step);
});
