// Parses a command line by a program's table of flags, for both binaries. citty parses; what citty silently accepts (an
// unknown or repeated flag, a missing or superfluous value) is refused here. Never checks the values themselves.

import { type ArgsDef, parseArgs } from "citty";
import type { FlagOf } from "./flag.ts";
import { didYouMean } from "./nearest.ts";
import { noFile, type SettingsFile } from "./settings-file.ts";
import { quoted, usageError } from "./values.ts";

/** Environment variables by name. */
export type Env = Readonly<Record<string, string | undefined>>;

/** The flags of a program, and how errors name its commands. */
export type Program<Command extends string, Name extends string> = {
  readonly flags: Readonly<Record<Name, FlagOf<Command>>>;
  /** The name of a command in an error. */
  titleOf(command: Command): string;
  /** The command line that prints the help on a command. */
  helpOf(command: Command): string;
  /** The words that can follow the name of a command, without dashes. */
  verbsOf?(command: Command): readonly string[];
};

/** Where a value comes from, the strongest first. */
export const origins = ["flag", "variable", "file", "default"] as const;
export type Origin = (typeof origins)[number];

/** The given arguments, each by flag, by its environment variable or by the configuration file. */
export type Arguments<Name extends string> = {
  readonly positionals: readonly string[];
  /** The value of a flag, never empty; null if neither the flag nor its variable nor its key in the file was given. */
  value(name: Name): string | null;
  /** The values of a flag that can be given several times, none empty. */
  values(name: Name): readonly string[];
  /** The name for an error: that of the flag, or of the variable or the key in the file if the value came from there. */
  nameOf(name: Name): string;
  /** Where the value comes from; `default` if it is not given. */
  originOf(name: Name): Origin;
  /**
   * Whether a switch is on.
   * @throws OperatingError `usage` if its variable is none of 1, true, yes, on, 0, false, no, off
   */
  isOn(name: Name): boolean;
};

/**
 * Parses the arguments of a command. A flag takes precedence over its variable, and that over the file. A variable is ignored
 * if it is empty, or if the command does not have the flag, as is a key of the file.
 * @throws OperatingError `usage` for flags that are unknown, repeated, not of this command, or without their value
 */
export function readArguments<Command extends string, Name extends string>(
  program: Program<Command, Name>,
  command: Command,
  args: readonly string[],
  env: Env,
  file: SettingsFile = noFile,
): Arguments<Name> {
  const lists = refuseWrong(program, command, args);
  const { flags } = program;
  const parsed = parseArgs([...args], cittyArgsOf(flags)) as Record<string, unknown>;
  const fromArgs = (name: Name): string | true | null => {
    // citty parses `--no-http` as `--http` set to false.
    const it = name.startsWith("no-") ? parsed[name.slice(3)] === false : parsed[name];
    return it === true || typeof it === "string" ? it : null;
  };
  const fromEnv = (name: Name): string | null => {
    const { env: variable, commands } = flags[name];
    if (variable === null || !commands.includes(command)) return null;
    return env[variable] || null;
  };
  const fromFile = (name: Name) =>
    flags[name].commands.includes(command) ? (file.values.get(name) ?? null) : null;
  const originOf = (name: Name): Origin => {
    if (fromArgs(name) !== null) return "flag";
    if (fromEnv(name) !== null) return "variable";
    return fromFile(name) === null ? "default" : "file";
  };
  const given = (name: Name) => fromArgs(name) ?? fromEnv(name) ?? fromFile(name);
  const names: Readonly<Record<Origin, (name: Name) => string>> = {
    flag: (name) => `--${name}`,
    variable: (name) => flags[name].env ?? "",
    file: (name) => `${name} in ${file.path}`,
    default: (name) => `--${name}`,
  };
  const nameOf = (name: Name) => names[originOf(name)](name);
  return {
    nameOf,
    originOf,
    positionals: parsed["_"] as string[],
    value(name) {
      const it = given(name);
      return typeof it === "string" ? it : null;
    },
    values(name) {
      const all = lists.get(name) ?? [fromEnv(name) ?? fromFile(name) ?? ""].flat();
      return all
        .flatMap((some) => some.split(","))
        .map((one) => one.trim())
        .filter((one) => one !== "");
    },
    isOn(name) {
      const it = given(name);
      if (typeof it !== "string") return it === true;
      if (/^(1|true|yes|on)$/i.test(it)) return true;
      if (/^(0|false|no|off)$/i.test(it)) return false;
      throw usageError(
        `${nameOf(name)} is ${quoted(it)}, neither 1 nor 0.`,
        "Set it to 1 or to 0, or not at all.",
      );
    },
  };
}

/** Whether a switch such as `--help` is among the arguments before `--`, even if the others are wrong. */
export function hasSwitch(args: readonly string[], ...names: string[]): boolean {
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).some((arg) => names.includes(arg));
}

/** The flags of a program in citty's form. */
function cittyArgsOf(flags: Readonly<Record<string, FlagOf<string>>>): ArgsDef {
  return Object.fromEntries(Object.entries(flags).map(([name, { type }]) => [name, { type }]));
}

/** Checks the form of all arguments. Returns the values of the flags that can be given several times. */
function refuseWrong<Command extends string>(
  { flags, titleOf, helpOf, verbsOf }: Program<Command, string>,
  command: Command,
  args: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const help = `See ${helpOf(command)}.`;
  const seen = new Set<string>();
  const lists = new Map<string, string[]>();
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string;
    if (arg === "--") break;
    if (!isOption(arg)) continue;
    if (!arg.startsWith("--")) {
      const dashes = "Options have two dashes; write -- before a text that begins with one.";
      throw usageError(`Unknown option ${quoted(arg)}.`, `${dashes} ${help}`);
    }
    // The text after the equals sign may be a secret, so errors do not show it.
    const [shown, ...values] = arg.split("=") as [string, ...string[]];
    const name = shown.slice(2);
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
    if (flag?.commands.includes(command) !== true && verbsOf?.(command).includes(name)) {
      const without = `Write it without dashes: ${titleOf(command)} ${name}.`;
      throw usageError(`${shown} is not an option of ${titleOf(command)}.`, `${without} ${help}`);
    }
    if (flag === undefined) {
      const own = Object.keys(flags).filter((each) => flags[each]?.commands.includes(command));
      own.push("help", "version");
      const meant = didYouMean(name, own).replace("mean ", "mean --");
      throw usageError(`Unknown option ${quoted(shown)}.`, `${meant}${help}`);
    }
    if (!flag.commands.includes(command)) {
      const others = flag.commands.map(titleOf).join(", ");
      throw usageError(
        `${shown} is not an option of ${titleOf(command)}.`,
        `It goes with: ${others}.`,
      );
    }
    if (seen.has(shown) && flag.isList !== true) throw usageError(`${shown} is given twice.`, help);
    seen.add(shown);
    const hasOwnValue = values.length > 0;
    if (flag.type === "boolean") {
      if (hasOwnValue) throw usageError(`${shown} takes no value.`, help);
      continue;
    }
    const value = hasOwnValue ? values.join("=") : args[++i];
    if (value === undefined || value === "" || (!hasOwnValue && isOption(value))) {
      throw usageError(`${shown} needs a value.`, help);
    }
    if (flag.isList === true) lists.set(name, [...(lists.get(name) ?? []), value]);
  }
  return lists;
}

function isOption(arg: string): boolean {
  return arg.startsWith("-") && arg !== "-";
}
