// The texts of the client's --help: its own page, and one of each command. Made of the tables of client-flags.ts; never parses
// anything.

import { exitCodesInWords } from "../operating-error.ts";
import {
  type CommandName,
  examples,
  type FlagName,
  flags,
  synopses,
  wordsOf,
} from "./client-flags.ts";
import type { FlagOf } from "./flag.ts";

/** The commands whose own options are not on the first page. */
const elsewhere: readonly CommandName[] = ["trust", "simulate"];
/** What has a line of its own among the options, or is none of a device. */
const aside = ["menu", "config"];
const inOneLine = ["register", "deregister", "login", "logoff"];

const times = "TIME: 500ms, 60s, 5m, 1h.";
const timesAndQuery = `${times} --on-query's COMMAND has IOT_QUERY_ID, _CODE, _TARGET.`;

/** The text of --help: at most 80 columns wide and 30 lines long. */
export function helpText(): string {
  const line = (form: string, says: string) => `  ${form.padEnd(36)} ${says}`;
  const commands = Object.entries(synopses)
    .filter(([name]) => ![...aside, ...inOneLine].includes(name))
    .map(([name, [form, says]]) => line(`${name} ${form}`.trimEnd(), says));
  return [
    `iot-client ${synopses.menu[0]}  the menu`,
    "iot-client COMMAND --id ID --server HOST:PORT[,HOST:PORT]… [OPTION]…",
    line(inOneLine.join(", "), "all but logoff need a password"),
    ...commands,
    ...optionLines(),
    timesAndQuery,
    exitCodesInWords,
  ].join("\n");
}

/** The text of a command's --help: at most 80 columns wide and 24 lines long. */
export function commandHelp(of: Exclude<CommandName, "menu">): string {
  const [form, says] = synopses[of];
  const call = `iot-client ${of} ${form}`.trimEnd();
  return [
    `${call}: ${says}`,
    "",
    ...ownLines(of),
    ...(of === "run" ? [timesAndQuery] : of === "trust" ? [] : [times]),
    `Example: ${examples[of]}`,
    exitCodesInWords,
  ].join("\n");
}

const formColumns = 21;

/** The options whose line another one shares, and what that says. */
const sharing: Readonly<Partial<Record<FlagName, readonly [FlagName, string]>>> = {
  mac: ["ip", wordsOf("mac")],
  text: ["json", `${wordsOf("text")}; ${wordsOf("json")}`],
  spool: ["spool-max", "unsent reports' file, or none; 100000"],
  "on-command": ["command-timeout", "run for a command; 5m"],
};
const sharers = Object.values(sharing).map(([name]) => name);

/** All options of run would not fit beside its own. */
const configLines = [
  "  --config FILE          its keys are the options            IOT_CLIENT_CONFIG",
  "  --json                 one setting a line",
  "  and the options of run: see iot-client run --help",
];

/** The options of a command, each on a line of its own, unless it shares that of another. */
function ownLines(of: CommandName): string[] {
  if (of === "config") return configLines;
  return (Object.keys(flags) as FlagName[]).flatMap((name) => {
    const { value, env, commands }: FlagOf<CommandName> = flags[name];
    if (!commands.includes(of) || sharers.includes(name)) return [];
    const isOfFleet = of === "simulate" && name === "password-file";
    const words = isOfFleet ? "else IOT_PASSWORD, else one it makes" : wordsOf(name);
    const [other, both] = sharing[name] ?? [null, words];
    const own = other === null ? `--${name} ${value}` : `--${name}, --${other}`;
    const form = own.trimEnd().padEnd(22);
    return `${`  ${form} ${both}`.padEnd(60)} ${env ?? ""}`.trimEnd();
  });
}

function optionLines(): string[] {
  const lines: { forms: string[]; says: string; env: string }[] = [];
  for (const [name, flag] of Object.entries<FlagOf<CommandName>>(flags)) {
    const { value, says, env, commands } = flag;
    const form = `--${name} ${value}`.trimEnd();
    const before = lines.at(-1);
    // In the arguments of trust, or on the page of simulate only.
    if (commands.every((of) => elsewhere.includes(of))) continue;
    if (says !== "" || before === undefined) {
      lines.push({ forms: [form], says, env: env ?? "" });
      continue;
    }
    before.forms.push(form);
    before.env = joined(before.env, env);
  }
  return lines.map(({ forms, says, env }) =>
    `${`  ${formOf(forms).padEnd(formColumns)} ${says}`.padEnd(59)} ${env}`.trimEnd(),
  );
}

/** The flags of one line; without their values if these do not fit, since `says` explains them then. */
function formOf(forms: readonly string[]): string {
  const whole = forms.join(", ");
  if (whole.length <= formColumns) return whole;
  return forms.map((form) => form.replace(/ .*/, "")).join(", ");
}

function joined(one: string, other: string | null): string {
  return [one, other ?? ""].filter((name) => name !== "").join(", ");
}
