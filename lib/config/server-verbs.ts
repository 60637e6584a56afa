// What the server's commands with several forms do, a line a form, for --help and for errors. Parses nothing.

/** The forms of such a command, by its name; each begins with its verb, or with nothing. */
export const verbForms: Readonly<Record<string, readonly string[]>> = {
  alert: [
    "list [--all] | rules | remove <name> | test <name> | unmute <number>",
    "to <name> <url> [--format FORMAT] [--header-file FILE]",
    "add <name> '<rule>' [--select …] [--to …] [--severity …] [--repeat …]",
    "mute --for TIME [--rule NAME] [--select …] [--note TEXT] [--yes]",
  ],
  join: [
    "| join tokens | join close | join revoke <number>",
    "open [--for 5m] [--label K=V]",
    "token [--uses N] [--for 24h] [--ids PATTERN] [--label K=V] [--approve]",
  ],
  devices: [
    "[--select SELECTOR | --online | --pending]",
    "<id>",
    "approve|reject <id>… | --all | --select SELECTOR",
    "allow-text <id>",
  ],
  mqtt: ["", "test --mqtt URL", "clear --mqtt URL"],
};

const verbs: Readonly<Record<string, readonly string[]>> = {
  alert: ["list", "rules", "to", "add", "remove", "test", "mute", "unmute"],
  join: ["tokens", "close", "revoke", "open", "token"],
  devices: ["approve", "reject", "allow-text"],
  mqtt: ["test", "clear"],
};

/** The words that can follow a command, without dashes; none of most. */
export function verbsOf(command: string): readonly string[] {
  return verbs[command] ?? [];
}
