// The client as its tables describe it. Parses nothing.

import { commandNames, examples, type FlagName, flags, synopses, wordsOf } from "./client-flags.ts";
import type { Described } from "./described.ts";
import type { FlagOf } from "./flag.ts";
import { shellSynopses } from "./shell-request.ts";

/** The client, for completions and its manual page. */
export function describedClient(): Described {
  const own = commandNames().map((name) => {
    const [form, says] = synopses[name];
    return { name, form, says, example: examples[name] };
  });
  const shell = Object.entries(shellSynopses).map(([name, [form, says]]) => ({
    name,
    form,
    says,
    example: null,
  }));
  return {
    name: "iot-client",
    says: "a device, and a menu for people, over UDP",
    baseCall: synopses.menu[0],
    commands: [...own, ...shell],
    flags: Object.entries<FlagOf<string>>(flags).map(([name, { value, env, commands }]) => ({
      name,
      value,
      says: wordsOf(name as FlagName),
      env,
      commands: commands.map((command) => (command === "menu" ? "" : command)),
    })),
  };
}
