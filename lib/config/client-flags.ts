// The tables of the client's commands and flags: what each is, which commands have it, and the text of --help. Never
// parses anything.

import type { Program } from "./arguments.ts";
import { exitCodesInWords } from "../operating-error.ts";
import type { FlagOf } from "./flag.ts";

/** The commands, each with its arguments and a line of help. */
export const synopses = {
  menu: [
    "<device-id> <server-ip> <server-port> <device-port>",
    "the menu, for people and for pipes",
  ],
  register: ["", "make this device known to the server"],
  deregister: ["", "make the server forget it"],
  login: ["", "start its session"],
  logoff: ["", "end its session"],
  status: ["[MESSAGE]", "send one heartbeat"],
  send: ["[MESSAGE]", "a report, or each line of standard input"],
  query: ["address ID | report ID | list", "ask the server"],
  peer: ["ID", "ask another device directly"],
  run: ["", "act as a device: beat, report, answer"],
  trust: ["[--replace] HOST:PORT", "pin the key the server has now"],
} as const satisfies Record<string, readonly [string, string]>;

export type CommandName = keyof typeof synopses;

type Flag = FlagOf<CommandName>;

const everywhere = Object.keys(synopses) as CommandName[];
const all = everywhere.filter((name) => name !== "trust");
const withFlags = all.filter((name) => name !== "menu");

/** Makes a flag; a switch if `value` is empty. Without `says` it shares the line of the flag before it in --help. */
function flag(value: string, says: string, env: string | null, commands: CommandName[]): Flag {
  return { type: value === "" ? "boolean" : "string", value, says, env, commands };
}

/** The flags, in the order --help shows them. */
export const flags = {
  id: flag("ID", "who and where; IPv6: [::1]:9000", "IOT_ID", withFlags),
  server: flag("HOST:PORT", "", "IOT_SERVER", withFlags),
  mac: flag("MAC", "default: of the route in use", "IOT_MAC", withFlags),
  ip: flag("IP", "", "IOT_IP", withFlags),
  port: flag("PORT", "the device's own; default 1994", "IOT_PORT", withFlags),
  "password-file": flag("FILE", "else IOT_PASSWORD, else a prompt", "IOT_PASSWORD_FILE", withFlags),
  text: flag("", "no encryption, for older servers; answers as JSON", null, all),
  json: flag("", "", null, withFlags),
  "server-key": flag("SHA256:…", "trust this key only", "IOT_SERVER_KEY", everywhere),
  "psk-file": flag("FILE", "a secret shared with the server", "IOT_PSK_FILE", everywhere),
  timeout: flag(
    "TIME",
    "give up then; 10s a server, menu: 5 tries",
    "IOT_TIMEOUT",
    everywhere.filter((name) => name !== "run"),
  ),
  code: flag("NN", "the reports' code, 01; interval, 60s", null, ["send", "run"]),
  heartbeat: flag("TIME", "", "IOT_HEARTBEAT", ["menu", "run"]),
  report: flag("COMMAND", "run: report what COMMAND prints, each TIME; default 60s", null, ["run"]),
  every: flag("TIME", "", null, ["run"]),
  drain: flag("TIME", "run: deliver so long at a stop; 10s", "IOT_DRAIN", ["run"]),
  spool: flag("FILE", "run: unsent reports' file, or none", "IOT_SPOOL", ["run"]),
  "spool-max": flag("N", "", null, ["run"]),
  "on-query": flag("COMMAND", "run: answer with what it prints; see below", null, ["run"]),
  "answer-text": flag("", "run: answer plain text, too", "IOT_ANSWER_TEXT", ["run"]),
  replace: flag("", "", null, ["trust"]),
} as const satisfies Record<string, Flag>;

export type FlagName = keyof typeof flags;

/** The client, for `readArguments`. */
export const program: Program<CommandName, FlagName> = {
  flags,
  titleOf: (command) => (command === "menu" ? "the menu" : command),
  helpOf: () => "iot-client --help",
};

/** The commands that are called by name. */
export function commandNames(): CommandName[] {
  return everywhere.filter((name) => name !== "menu");
}

const inOneLine = ["register", "deregister", "login", "logoff"];

/** The text of --help: at most 80 columns wide and 30 lines long. */
export function helpText(): string {
  const line = (form: string, says: string) => `  ${form.padEnd(36)} ${says}`;
  const commands = Object.entries(synopses)
    .filter(([name]) => !["menu", ...inOneLine].includes(name))
    .map(([name, [form, says]]) => line(`${name} ${form}`.trimEnd(), says));
  return [
    `iot-client ${synopses.menu[0]}  the menu`,
    "iot-client COMMAND --id ID --server HOST:PORT[,HOST:PORT]… [OPTION]…",
    line(inOneLine.join(", "), "all but logoff need a password"),
    ...commands,
    ...optionLines(),
    "TIME: 500ms, 60s, 5m, 1h. --on-query's COMMAND has IOT_QUERY_ID, _CODE, _TARGET.",
    exitCodesInWords,
  ].join("\n");
}

const formColumns = 21;

function optionLines(): string[] {
  const lines: { forms: string[]; says: string; env: string }[] = [];
  for (const [name, { value, says, env }] of Object.entries<Flag>(flags)) {
    const form = `--${name} ${value}`.trimEnd();
    const before = lines.at(-1);
    // --replace is in the arguments of trust and needs no line of its own.
    if (name === "replace") continue;
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
