// What `iot-server alert` prints for each action, on lines that fit a terminal, and the errors that it ends with.

import { expect, setDefaultTimeout, test } from "bun:test";
import { AlertDesk } from "../../../lib/alerts/alert-desk.ts";
import { type AlertOperations, operationsOn } from "../../../lib/alerts/alert-operations.ts";
import { runAlertAction } from "../../../lib/cli/server/alert-run.ts";
import type { AlertAction } from "../../../lib/config/alert-arguments.ts";
import { readServerConfig } from "../../../lib/config/server.ts";
import { OperatingError } from "../../../lib/operating-error.ts";
import type { AlertRow } from "../../../lib/server/alert-store.ts";
import { MemoryStore } from "../../../lib/store/memory/memory-store.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const wall = Date.UTC(2026, 10, 28, 12);
const minute = 60_000;

/** The command on a store in memory. */
function newCommand() {
  const store = new MemoryStore();
  const post = { answer: { status: 200, retryAfterMs: null, detail: "" } };
  const now = () => ({ wall, monotonic: 0 });
  const ports = { now, post: async () => post.answer, sender: { url: "" } };
  const operations: AlertOperations = operationsOn(
    new AlertDesk(store.alerts, () => {}, now),
    ports,
  );
  const files = new Map([["secrets", "Authorization: Bearer secret\n"]]);
  /** Carries out the words behind `alert`; the lines that it printed, and how it ended. */
  const asked = { questions: [] as string[], answer: true as boolean | null, ids: ["a", "b"] };
  const selected = async () => asked.ids;
  const run = async (...words: string[]) => {
    const config = readServerConfig(["alert", ...words], {}, 0) as unknown as {
      readonly alert: AlertAction;
      readonly json: boolean;
    };
    const lines: string[] = [];
    const write = (line: string) => void lines.push(...line.split("\n"));
    const readHeaders = (file: string) => files.get(file) ?? "";
    const confirm = async (question: string) => {
      asked.questions.push(question);
      return asked.answer === true;
    };
    const terminal = { selected, confirm: asked.answer === null ? null : confirm, readHeaders };
    const port = { operations, ...terminal, now: wall, json: config.json, write };
    try {
      return { code: await runAlertAction(config.alert, port), lines, error: null };
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
      return { code: error.exit, lines, error };
    }
  };
  /** The same; it must succeed, on lines of 80 columns. */
  const printed = async (...words: string[]) => {
    const { code, lines, error } = await run(...words);
    expect({ code, error }).toEqual({ code: 0, error: null });
    for (const line of lines) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(80);
    return lines;
  };
  return { store, post, run, printed, asked };
}

const alertOf = (change: Partial<AlertRow>): AlertRow => ({
  number: 1,
  rule: "hot",
  device: "th-01",
  state: "firing",
  value: 31.5,
  since: wall - 5 * minute,
  fired: wall - 4 * minute,
  resolved: null,
  notified: null,
  notices: 0,
  ...change,
});

test("with nothing set it says how to begin", async () => {
  const { printed } = newCommand();
  expect(await printed()).toEqual(["No alert is open."]);
  expect(await printed("list", "--all")).toEqual(["There was no alert."]);
  expect(await printed("rules")).toEqual([
    "There is no rule. One is: iot-server alert add quiet 'offline for 10m'",
    "There is no destination. One is:",
    "  iot-server alert to phone https://ntfy.sh/TOPIC --format ntfy",
  ]);
  expect(await printed("add", "quiet", "offline   for 600s")).toEqual([
    "quiet: offline for 10m",
    "  all devices; warning; told to all destinations, again every 4h",
    "It tells nobody yet: make a destination with iot-server alert to NAME URL.",
  ]);
});

test("destinations, rules and mutes are made, shown without secrets, and removed", async () => {
  const { printed, run } = newCommand();
  const url = "https://me:word@ntfy.example/topic?auth=word";
  const given = ["--format", "ntfy", "--header-file", "secrets"];
  expect(await printed("to", "my phone", url, ...given)).toEqual([
    "my phone: https://me:***@ntfy.example/topic?*** (ntfy).",
    "Try it with: iot-server alert test 'my phone'",
  ]);
  const select = ["--select", "area=Kitchen"];
  expect(
    await printed(
      "add",
      "hot",
      "temp>30 until <28",
      ...select,
      "--to",
      "my phone",
      "--repeat",
      "never",
    ),
  ).toEqual([
    "hot: temp > 30 until < 28",
    "  devices with area=Kitchen; warning; told to my phone, once",
  ]);
  const note = ["--note", "new\u00a0batteries"];
  expect(await printed("mute", "--for", "2h", "--rule", "hot", ...select, ...note)).toEqual([
    "Muted as number 3 until 2026-11-28T14:00:00.000Z.",
    "To end it: iot-server alert unmute 3",
  ]);
  expect(await printed("rules")).toEqual([
    "hot: temp > 30 until < 28",
    "  devices with area=Kitchen; warning; told to my phone, once",
    "→ my phone: https://me:***@ntfy.example/topic?***",
    "  ntfy, with Authorization; nothing sent yet",
    "muted 3: rule hot, devices with area=Kitchen",
    expect.stringMatching(/^ {2}until 2026-11-28T14:00:00.000Z: new.batteries$/),
  ]);
  const json = (await run("rules", "--json")).lines;
  expect(json.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { kind: "rule", name: "hot", to: ["my phone"], repeatMs: null, isEnabled: true },
    { kind: "destination", name: "my phone", headers: ["Authorization"], last: null },
    { kind: "mute", name: "3", until: wall + 120 * minute },
  ]);
  expect(json.join()).not.toContain("word");
  expect(json.join()).not.toContain("secret");
  expect(await printed("unmute", "3")).toEqual([]);
  expect(await printed("remove", "hot")).toEqual(["The rule hot is removed."]);
  expect(await printed("remove", "my phone")).toEqual(["The destination my phone is removed."]);
});

test("a test prints the answer and the time, and ends with 1 if it was not taken", async () => {
  const { printed, run, post } = newCommand();
  await printed("to", "hook", "http://hook/");
  expect(await printed("test", "hook")).toEqual(["hook: 200, after 0 ms."]);
  post.answer = { status: 404, retryAfterMs: null, detail: "no \u202ehook" };
  expect(await run("test", "hook")).toMatchObject({ code: 1, error: null });
  const [line] = (await run("test", "hook")).lines;
  expect(line).toStartWith("hook: 404 no ");
  expect(line).not.toContain("\u202e");
});

test("alerts, newest first; those that are over only with --all", async () => {
  const { store, printed, run } = newCommand();
  const over = { state: "resolved", resolved: wall - minute, since: wall - 90 * minute } as const;
  const pending = {
    number: 3,
    device: "th-02",
    rule: "quiet",
    value: null,
    state: "pending",
    fired: null,
  } as const;
  store.alerts.commit(
    [alertOf(over), alertOf({ number: 2 }), alertOf(pending)].map((alert) => ({
      kind: "put-alert",
      alert,
    })),
  );
  expect(await printed("list")).toEqual([
    "NUMBER  STATE    SINCE  DEVICE  VALUE  RULE",
    "3       pending  5 min  th-02          quiet",
    "2       firing   5 min  th-01   31.5   hot",
  ]);
  const all = await printed("list", "--all");
  expect(all).toHaveLength(4);
  expect(all[3]).toMatch(/^1 +resolved +90 min +th-01 +31\.5 +hot$/);
  const json = (await run("list", "--json")).lines;
  expect(json.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { number: 3, state: "pending", value: null, since: "2026-11-28T11:55:00.000Z", fired: null },
    { number: 2, state: "firing", fired: "2026-11-28T11:56:00.000Z", resolved: null },
  ]);
});

const unknownSteps = "See iot-server alert rules";
const errors: readonly (readonly [words: readonly string[], message: string, step: string])[] = [
  [["remove", "x"], `There is no rule and no destination "x".`, unknownSteps],
  [["unmute", "7"], `There is no mute "7".`, unknownSteps],
  [["test", "x"], `There is no destination "x".`, unknownSteps],
  [["mute", "--for", "1h", "--rule", "x"], `There is no rule "x".`, unknownSteps],
  [["remove", "hook"], "Rules tell hook: hot.", "Remove these first, or tell others."],
  [["add", "x", "temp >> 3"], "The rule is wrong", "As in: offline for 10m"],
  [["add", "x", "gone", "--to", "nobody"], `There is no destination "nobody".`, unknownSteps],
  [["add", "x", "gone", "--severity", "bad"], "no such severity", "Use info, warning, critical."],
  [["add", "x", "gone", "--select", "="], "The selector is wrong", "As in: area=Kitchen"],
  [["add", "a/b", "gone"], `"a/b" is no name.`, "Use 1 to 64 of A-Z a-z 0-9"],
  [["to", "x", "hook"], "The URL is wrong: it is no URL", "Give it whole."],
  [["to", "x", "http://h/", "--format", "xml"], "no such format", "Use alertmanager,"],
  [["to", "x", "http://h/a/b", "--format", "ntfy"], "ntfy needs a topic", "Give it whole."],
];

test.each(errors)("alert %p is refused", async (words, message, step) => {
  const { run, printed } = newCommand();
  await printed("to", "hook", "http://hook/");
  await printed("add", "hot", "temp > 30", "--to", "hook");
  const { code, error, lines } = await run(...words);
  expect({ code, lines }).toEqual({ code: 1, lines: [] });
  expect(error?.message).toContain(message);
  expect(error?.nextStep).toContain(step);
});

test("a mute of selected devices says which they are, and is made after a yes, or with --yes", async () => {
  const { run, asked, printed } = newCommand();
  const words = ["mute", "--for", "2h", "--select", "area=Cellar"];
  const mutes = async () => (await printed("rules")).filter((line) => line.startsWith("muted"));
  asked.ids = Array.from({ length: 128 }, (_, i) => `th-${i}`);
  asked.answer = false;
  expect(await run(...words)).toMatchObject({ code: 1, error: { code: "not-confirmed" } });
  const question = "This concerns 128 devices: th-0, th-1, th-2, th-3, th-4, … Go on? [y/N] ";
  expect(asked.questions).toEqual([question]);
  // Nobody can be asked.
  asked.answer = null;
  expect(await run(...words)).toMatchObject({
    code: 1,
    error: { nextStep: "To change them without being asked, add --yes." },
  });
  expect(await mutes()).toEqual([]);
  await printed(...words, "--yes");
  asked.answer = true;
  await printed(...words);
  expect(asked.questions).toEqual([question, question]);
  // Without a selector, and with one that is wrong, nobody is asked.
  await printed("mute", "--for", "1h");
  expect(await run("mute", "--for", "1h", "--select", "area=")).toMatchObject({ code: 0 });
  expect(await run("mute", "--for", "1h", "--select", "Area=x")).toMatchObject({
    error: { code: "bad-selector" },
  });
  expect(await mutes()).toHaveLength(4);
});
