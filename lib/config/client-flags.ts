// The client's commands and flags as one table: what each is, which commands have it, and the text of --help. Parses
// nothing.

/** The commands, each with its form and one line on what it does. */
export const synopses = {
  menu: [
    "<device-id> <server-ip> <server-port> <device-port>",
    "the menu, for people and for pipes",
  ],
  register: ["", "make this device known to the server"],
  deregister: ["", "have the server forget it"],
  login: ["", "start its session"],
  logoff: ["", "end its session"],
  status: ["[MESSAGE]", "send one heartbeat"],
  send: ["[MESSAGE]", "a report, or each line of standard input"],
  query: ["address ID | report ID | list", "ask the server"],
  peer: ["ID", "ask another device directly"],
  run: ["", "be a device: beat, report, answer"],
} as const satisfies Record<string, readonly [string, string]>;

export type CommandName = keyof typeof synopses;

type Flag = {
  readonly type: "string" | "boolean";
  readonly value: string;
  readonly says: string;
  readonly env: string | null;
  readonly commands: readonly CommandName[];
};

const all = Object.keys(synopses) as CommandName[];
const withFlags = all.filter((name) => name !== "menu");

function flag(value: string, says: string, env: string | null, commands: CommandName[]): Flag {
  return { type: value === "" ? "boolean" : "string", value, says, env, commands };
}

/** The flags, in the order --help shows them. */
export const flags = {
  id: flag("ID", "this device", "IOT_ID", withFlags),
  server: flag("HOST:PORT", "the server, also [::1]:9000", "IOT_SERVER", withFlags),
  mac: flag("MAC", "default: of the interface in use", "IOT_MAC", withFlags),
  ip: flag("IP", "default: of the route to the server", "IOT_IP", withFlags),
  port: flag("PORT", "the device's own; default 1994", "IOT_PORT", withFlags),
  "password-file": flag("FILE", "else IOT_PASSWORD, else a prompt", "IOT_PASSWORD_FILE", withFlags),
  json: flag("", "answers as JSON, one a line", null, withFlags),
  timeout: flag(
    "TIME",
    "give up earlier than after 5 tries",
    "IOT_TIMEOUT",
    all.filter((name) => name !== "run"),
  ),
  code: flag("NN", "send, run: the reports' code; default 01", null, ["send", "run"]),
  heartbeat: flag("TIME", "menu, run: default 60s", "IOT_HEARTBEAT", ["menu", "run"]),
  report: flag("COMMAND", "run: report what it prints", null, ["run"]),
  every: flag("TIME", "run: how often; default 60s", null, ["run"]),
  "on-query": flag("COMMAND", "run: answer with what it prints", null, ["run"]),
} as const satisfies Record<string, Flag>;

export type FlagName = Exclude<keyof typeof flags, "json">;

const inOneLine = ["register", "deregister", "login", "logoff"];

/** The text of --help: at most 80 columns and a screen long. */
export function helpText(): string {
  const line = (form: string, says: string) => `  ${form.padEnd(36)} ${says}`;
  const commands = Object.entries(synopses)
    .filter(([name]) => !["menu", ...inOneLine].includes(name))
    .map(([name, [form, says]]) => line(`${name} ${form}`.trimEnd(), says));
  const options = Object.entries(flags).map(([name, { value, says, env }]) =>
    `  ${`--${name} ${value}`.padEnd(21)} ${says.padEnd(35)} ${env ?? ""}`.trimEnd(),
  );
  return [
    `iot-client ${synopses.menu[0]}  the menu`,
    "iot-client COMMAND --id ID --server HOST:PORT [OPTION]…",
    line(inOneLine.join(", "), "all but logoff need a password"),
    ...commands,
    ...options,
    "TIME is 500ms, 60s, 5m, 1h. run's on-query COMMAND finds what was asked in",
    "IOT_QUERY_ID, IOT_QUERY_CODE and IOT_QUERY_TARGET.",
    "Exit codes: 0 done, 1 refused, 2 wrong usage, 3 no answer.",
  ].join("\n");
}
