// The tables of the client's commands and flags: what each is, which commands have it, with an example of
// each. Never parses anything; the texts of --help are made of them in client-help.ts.

import type { Program } from "./arguments.ts";
import type { FlagOf } from "./flag.ts";
import type { Settable } from "./settings-file.ts";

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
  config: ["", "print the settings that run would have"],
  answer: ["NUMBER [MESSAGE]", "the result of a command"],
  wake: ["", "report, carry out commands, sleep again"],
  simulate: ["--devices N", "a fleet, to try a server; see its --help"],
  trust: ["[--replace] HOST:PORT", "pin the key the server has now"],
} as const satisfies Record<string, readonly [string, string]>;

export type CommandName = keyof typeof synopses;

/** A line that can be typed, of each command: it is in its --help. */
export const examples: Readonly<Record<CommandName, string>> = {
  menu: "iot-client pi1 192.0.2.1 9000 1994",
  register: "iot-client register --id pi1 --server 192.0.2.1:9000",
  deregister: "iot-client deregister --id pi1 --server 192.0.2.1:9000",
  login: "iot-client login --id pi1 --server 192.0.2.1:9000 --password-file pw",
  logoff: "iot-client logoff --id pi1 --server 192.0.2.1:9000",
  status: "iot-client status --id pi1 --server 192.0.2.1:9000",
  send: 'iot-client send --id pi1 --server 192.0.2.1:9000 "temp=21.5"',
  query: "iot-client query report pi2 --id pi1 --server 192.0.2.1:9000",
  peer: "iot-client peer pi2 --id pi1 --server 192.0.2.1:9000",
  run: "iot-client run --id pi1 --server 192.0.2.1:9000 --report uptime",
  config: "iot-client config --config iot-client.toml",
  answer: "iot-client answer 42 done --id pi1 --server 192.0.2.1:9000",
  wake: "iot-client wake --id pi1 --server 192.0.2.1:9000 --heartbeat 1h",
  simulate: "iot-client simulate --devices 500 --loss 5% --server 127.0.0.1:9000",
  trust: "iot-client trust --replace 192.0.2.1:9000",
};

type Flag = FlagOf<CommandName>;

const everywhere = Object.keys(synopses) as CommandName[];
const all = everywhere.filter((name) => name !== "trust");
const withFlags = all.filter((name) => name !== "menu");
const asDevice = withFlags.filter((name) => name !== "simulate");
const running: CommandName[] = ["run", "config"];
const waking: CommandName[] = ["wake", ...running];

/** Makes a flag; a switch if `value` is empty. Without `says` it shares the line of the flag before it in --help. */
function flag(value: string, says: string, env: string | null, commands: CommandName[]): Flag {
  return { type: value === "" ? "boolean" : "string", value, says, env, commands };
}

/** The flags, in the order --help shows them. */
export const flags = {
  config: flag(
    "FILE",
    "settings as TOML; config prints them",
    "IOT_CLIENT_CONFIG",
    everywhere.filter((name) => name !== "simulate"),
  ),
  id: flag("ID", "who and where; IPv6: [::1]:9000", "IOT_ID", asDevice),
  server: flag("HOST:PORT", "", "IOT_SERVER", withFlags),
  mac: flag("MAC", "default: of the route in use", "IOT_MAC", asDevice),
  ip: flag("IP", "", "IOT_IP", asDevice),
  port: flag("PORT", "the device's own; default 1994", "IOT_PORT", asDevice),
  "password-file": flag("FILE", "else IOT_PASSWORD, else a prompt", "IOT_PASSWORD_FILE", withFlags),
  join: {
    ...flag("TOKEN", "makes a password with it, and keeps it", "IOT_JOIN", asDevice),
    isSecret: true,
  },
  text: flag("", "no encryption, for older servers; answers as JSON", null, all),
  json: flag("", "", null, withFlags),
  "server-key": flag("SHA256:…", "trust this key only", "IOT_SERVER_KEY", everywhere),
  "psk-file": flag("FILE", "a secret shared with the server", "IOT_PSK_FILE", everywhere),
  timeout: flag(
    "TIME",
    "give up then; 10s a server, menu: 5 tries",
    "IOT_TIMEOUT",
    everywhere.filter((name) => name !== "run" && name !== "simulate"),
  ),
  code: flag("NN", "the reports' code, 01; interval, 60s", null, ["send", ...waking]),
  heartbeat: flag("TIME", "", "IOT_HEARTBEAT", ["menu", ...waking]),
  report: flag("COMMAND", "run: report what COMMAND prints, each TIME; default 60s", null, waking),
  every: flag("TIME", "", null, ["simulate", ...running]),
  drain: flag("TIME", "run: deliver so long at a stop; 10s", "IOT_DRAIN", running),
  spool: flag("FILE", "run: unsent reports' file, or none", "IOT_SPOOL", waking),
  "spool-max": flag("N", "", null, waking),
  "on-query": flag("COMMAND", "run: what answers them; see below", null, running),
  "on-command": flag("COMMAND", "", null, waking),
  "command-timeout": flag("TIME", "", null, waking),
  "answer-text": flag("", "run: answer plain text, too", "IOT_ANSWER_TEXT", running),
  failed: flag("", "", null, ["answer"]),
  replace: flag("", "", null, ["trust"]),
  devices: flag("N", "", null, ["simulate"]),
  loss: flag("PERCENT", "", null, ["simulate"]),
  for: flag("TIME", "", null, ["simulate"]),
  seed: flag("N", "", null, ["simulate"]),
  clean: flag("", "", null, ["simulate"]),
  yes: flag("", "", null, ["simulate"]),
} as const satisfies Record<string, Flag>;

export type FlagName = keyof typeof flags;

/** What a flag is on a line of its own, where the one of `flags` is for several or names its command. */
const ownWords: Readonly<Partial<Record<FlagName, string>>> = {
  id: "which device this is",
  server: "where it is, or some, with commas",
  mac: "default: of the route in use",
  ip: "default: of the route in use",
  text: "no encryption, for older servers",
  json: "answers as JSON",
  timeout: "give up then; default 10s a server",
  code: "the reports' code; default 01",
  heartbeat: "the interval; default 60s",
  report: "report what COMMAND prints",
  every: "from one to the next; default 60s",
  drain: "deliver at a stop; default 10s",
  spool: "unsent reports' file, or none",
  "spool-max": "how many of them wait; default 100000",
  "on-query": "answer with what COMMAND prints",
  "on-command": "carry out commands with COMMAND",
  "command-timeout": "how long it may take; default 5m",
  "answer-text": "answer plain text, too",
  failed: "it failed: the code is 15, and else 01",
  replace: "also if another key is pinned",
  devices: "sim-00001 to sim-N, at most 99999",
  loss: "lose so many datagrams each way",
  for: "then log off; default: until Ctrl-C",
  seed: "other habits and curves; default 1",
  clean: "deregister them, and nothing else",
  yes: "also at a server elsewhere: is it yours?",
};

/** What a flag is, in a few words. */
export function wordsOf(name: FlagName): string {
  return ownWords[name] ?? flags[name].says;
}

/** What the configuration file may have: the options of run, and how long the other commands wait. */
export const settable: Settable = {
  program: "iot-client",
  names: Object.entries<Flag>(flags)
    .filter(([name, { commands }]) => commands.includes("config") && name !== "config")
    .map(([name]) => name),
  flags,
};

/** The client, for `readArguments`. */
export const program: Program<CommandName, FlagName> = {
  flags,
  titleOf: (command) => (command === "menu" ? "the menu" : command),
  helpOf: (command) => `iot-client ${command === "menu" ? "" : `${command} `}--help`,
};

/** The commands that are called by name. */
export function commandNames(): Exclude<CommandName, "menu">[] {
  return everywhere.filter((name): name is Exclude<CommandName, "menu"> => name !== "menu");
}
