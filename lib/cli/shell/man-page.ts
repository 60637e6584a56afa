// The manual page of a program, in the language of man(7). Reads no table itself.

import type { Described } from "../../config/described.ts";
import { exitCodesInWords } from "../../operating-error.ts";

/** The page. @param version of the program */
export function manPage(program: Described, version: string): string {
  const { name, says, baseCall, commands, flags } = program;
  const entry = (term: string, ...lines: string[]) => [
    ".TP",
    `.B ${escaped(term)}`,
    ...lines.flatMap((line, i) => (i === 0 ? [escaped(line)] : [".br", escaped(line)])),
  ];
  const where = (some: readonly string[]) => {
    const named = some.filter((command) => command !== "");
    const base = named.length < some.length ? [`${name} ${baseCall}`] : [];
    return [...base, ...named].join(", ");
  };
  return [
    `.TH ${name.toUpperCase()} 1 "" "${name} ${version}" "User Commands"`,
    ".SH NAME",
    escaped(`${name} - ${says}`),
    ".SH SYNOPSIS",
    `.B ${escaped(name)}`,
    escaped(`${baseCall} [OPTION]...`),
    ".br",
    `.B ${escaped(name)}`,
    "COMMAND [ARGUMENT]... [OPTION]...",
    ".SH COMMANDS",
    ...commands.flatMap(({ name: command, form, says: does, example }) =>
      entry(
        `${command} ${form}`.trimEnd(),
        `${does}.`,
        ...(example ? [`Example: ${example}`] : []),
      ),
    ),
    ".SH OPTIONS",
    "A variable holds where its option is not given.",
    ...flags.flatMap(({ name: flag, value, says: does, env, commands: some }) =>
      entry(
        `--${flag} ${value}`.trimEnd(),
        `${does || "see the option before"}.${env === null ? "" : ` Variable: ${env}.`}`,
        `Of: ${where(some)}.`,
      ),
    ),
    ".SH EXIT STATUS",
    escaped(exitCodesInWords.replace("Exit: ", "")),
  ].join("\n");
}

/** Makes a text one that man shows as it is. */
function escaped(text: string): string {
  const plain = text.replaceAll("\\", "\\e").replaceAll("-", "\\-");
  return /^[.']/.test(plain) ? `\\&${plain}` : plain;
}
