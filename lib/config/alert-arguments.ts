// Parses the arguments of `iot-server alert`. What a rule, a URL or a name may be is checked where alerts are. All functions throw
// an OperatingError `usage`.

import type { Arguments } from "./arguments.ts";
import { wrong } from "./server-arguments.ts";
import type { FlagName } from "./server-flags.ts";
import { durationValue, quoted } from "./values.ts";

/** What `iot-server alert` is to do. */
export type AlertAction =
  | { readonly action: "list"; readonly isAll: boolean }
  | { readonly action: "rules" }
  | {
      readonly action: "to";
      readonly name: string;
      readonly url: string;
      readonly format?: string;
      readonly headerFile: string | null;
    }
  | {
      readonly action: "add";
      readonly name: string;
      readonly rule: string;
      readonly select: string | null;
      readonly severity?: string;
      readonly to: readonly string[];
      /** ms; null for never. */
      readonly repeatMs?: number | null;
    }
  | { readonly action: "remove" | "test" | "unmute"; readonly name: string }
  | {
      readonly action: "mute";
      readonly rule: string | null;
      readonly select: string | null;
      readonly forMs: number;
      readonly note: string;
      /** Whether it is done without a question. */
      readonly yes: boolean;
    };

const forms = {
  list: "alert list [--all]",
  rules: "alert rules",
  to: "alert to <name> <url> [--format FORMAT] [--header-file FILE]",
  add: "alert add <name> '<rule>' [--select SELECTOR] [--to NAME,…] [--severity S] [--repeat TIME]",
  remove: "alert remove <name>",
  test: "alert test <name>",
  mute: "alert mute --for TIME [--rule NAME] [--select SELECTOR] [--note TEXT] [--yes]",
  unmute: "alert unmute <number>",
} as const;
type Name = keyof typeof forms;

/** Which flags each of them has. */
const flagsOf: Readonly<Record<Name, readonly FlagName[]>> = {
  list: ["all"],
  rules: [],
  to: ["format", "header-file"],
  add: ["select", "to", "severity", "repeat"],
  remove: [],
  test: [],
  mute: ["for", "rule", "select", "note", "yes"],
  unmute: [],
};
const allFlags = [...new Set(Object.values(flagsOf).flat())];

const [secondMs, dayMs] = [1_000, 86_400_000] as const;

/** The action of a command line. */
export function alertValue({ positionals, value, isOn }: Arguments<FlagName>): AlertAction {
  const [action = "list", ...rest] = positionals;
  if (!isName(action)) {
    const known = Object.keys(forms).join(", ");
    throw wrong(`alert has no ${quoted(action)}.`, `Use one of ${known}.`);
  }
  const counts = { list: 0, rules: 0, to: 2, add: 2, remove: 1, test: 1, mute: 0, unmute: 1 };
  if (rest.length !== counts[action]) throw misused(action, `alert ${action} has other arguments.`);
  const isGiven = (flag: FlagName) =>
    flag === "all" || flag === "yes" ? isOn(flag) : value(flag) !== null;
  const strange = allFlags.find((flag) => isGiven(flag) && !flagsOf[action].includes(flag));
  if (strange !== undefined) throw misused(action, `alert ${action} has no --${strange}.`);
  const [name = "", text = ""] = rest;
  switch (action) {
    case "list":
      return { action, isAll: isOn("all") };
    case "rules":
      return { action };
    case "to": {
      const format = value("format");
      const headerFile = value("header-file");
      return { action, name, url: text, ...(format === null ? {} : { format }), headerFile };
    }
    case "add": {
      const severity = value("severity");
      const repeat = value("repeat");
      const to = (value("to") ?? "").split(",").map((one) => one.trim());
      return {
        action,
        name,
        rule: text,
        select: value("select"),
        ...(severity === null ? {} : { severity }),
        to: to.filter((one) => one !== ""),
        ...(repeat === null ? {} : { repeatMs: repeatValue(repeat) }),
      };
    }
    case "remove":
    case "test":
    case "unmute":
      return { action, name };
    case "mute": {
      const time = value("for");
      if (time === null) throw misused(action, "How long is not given.");
      const forMs = durationValue("--for", time, secondMs, 366 * dayMs);
      return {
        action,
        rule: value("rule"),
        select: value("select"),
        forMs,
        note: value("note") ?? "",
        yes: isOn("yes"),
      };
    }
  }
}

function repeatValue(text: string): number | null {
  return text === "never" ? null : durationValue("--repeat", text, 60 * secondMs, 366 * dayMs);
}

function isName(text: string): text is Name {
  return Object.hasOwn(forms, text);
}

function misused(action: Name, what: string) {
  return wrong(what, `Write: iot-server ${forms[action]}`);
}
