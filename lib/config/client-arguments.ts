// Takes the client's command line apart by the table of flags: what is unknown, given twice or lacks its value is an
// error. Does not check the values themselves.

import { parseArgs } from "node:util";
import { type CommandName, type FlagName, flags, type SwitchName } from "./client-flags.ts";
import { usageError } from "./values.ts";

/** Environment variables by name. */
export type Env = Readonly<Record<string, string | undefined>>;
/** The flags given, or their environment variables; never empty texts. */
export type Values = Partial<Record<FlagName, string>> & Readonly<Record<SwitchName, boolean>>;
export type Parsed = { readonly values: Values; readonly positionals: readonly string[] };

/**
 * Takes the arguments of a command apart. Flags that the command does not have, and those given twice, are errors.
 * @throws OperatingError `usage`
 */
export function parse(command: CommandName, args: readonly string[], env: Env): Parsed {
  const options = Object.fromEntries(
    Object.entries(flags).map(
      ([name, flag]) => [name, { type: flag.type, multiple: true }] as const,
    ),
  );
  const { values, positionals } = parsedBy(args, options);
  const read: Record<string, string> = {};
  for (const [name, flag] of Object.entries(flags)) {
    const given = values[name];
    if (given === undefined) {
      const fromEnv = flag.env === null ? "" : (env[flag.env] ?? "");
      if (fromEnv !== "" && flag.commands.includes(command)) read[name] = fromEnv;
      continue;
    }
    if (!flag.commands.includes(command)) throw wrongUsage(`${command} has no --${name}.`);
    if (given.length > 1) throw wrongUsage(`--${name} is given twice.`);
    if (given[0] === "") throw wrongUsage(`--${name} is empty.`);
    if (typeof given[0] === "string") read[name] = given[0];
  }
  const isOn = (name: SwitchName) => values[name] !== undefined;
  const switches = { json: isOn("json"), text: isOn("text"), replace: isOn("replace") };
  return { values: { ...read, ...switches }, positionals };
}

type Options = Record<string, { type: "string" | "boolean"; multiple: true }>;

function parsedBy(
  args: readonly string[],
  options: Options,
): { values: Record<string, (string | boolean)[] | undefined>; positionals: string[] } {
  try {
    const parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    return parsed;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (/'--password'/.test(message)) {
      throw usageError(
        "A password does not belong on the command line, where others can read it.",
        "Set IOT_PASSWORD, or name a file with --password-file.",
      );
    }
    const name = /'(-[^' ]*)/.exec(message)?.[1] ?? "";
    if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") throw wrongUsage(`Unknown option ${name}.`);
    throw wrongUsage(
      message.includes("does not take") ? `${name} takes no value.` : `${name} needs a value.`,
    );
  }
}

/** An error whose next step is the help. */
export function wrongUsage(message: string): ReturnType<typeof usageError> {
  return usageError(message, "See iot-client --help.");
}
