// The server as its tables describe it. Parses nothing.

import type { Described } from "./described.ts";
import type { FlagOf } from "./flag.ts";
import { commandNames, flags, synopses } from "./server-flags.ts";
import { shellSynopses } from "./shell-request.ts";

/** The server, for completions and its manual page. */
export function describedServer(): Described {
  const all = [
    ...commandNames().map((name) => [name, synopses[name]] as const),
    ...Object.entries(shellSynopses),
  ];
  return {
    name: "iot-server",
    says: "devices register, log in, report and are asked, over UDP",
    baseCall: synopses.serve[0],
    commands: all.map(([name, [form, says]]) => ({ name, form, says, example: null })),
    flags: Object.entries<FlagOf<string>>(flags).map(([name, { value, says, env, commands }]) => ({
      name,
      value,
      says,
      env,
      commands: commands.map((command) => (command === "serve" ? "" : command)),
    })),
  };
}
