// The commands of both programs that tell shells and manuals what the tables of flags have: completion and man. Renders neither.

import { didYouMean } from "./nearest.ts";
import { quoted, usageError } from "./values.ts";

/** The shells that can be told what to complete. */
export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** What is asked for; `help`: the page on one of these commands. */
export type ShellRequest =
  | { readonly command: "completion"; readonly shell: Shell }
  | { readonly command: "man" }
  | { readonly command: "shell-help"; readonly of: ShellCommandName };

/** The commands, each with its arguments and a line of help. */
export const shellSynopses = {
  completion: ["<bash|zsh|fish>", "print what the shell completes with"],
  man: ["", "print the manual page; to read it: man -l"],
} as const satisfies Record<string, readonly [string, string]>;

export type ShellCommandName = keyof typeof shellSynopses;

/** The names of these commands. */
export const shellCommandNames = Object.keys(shellSynopses) as ShellCommandName[];

/**
 * Reads the command line of such a command; null if it is of another.
 * @throws OperatingError `usage`
 */
export function shellRequest(program: string, args: readonly string[]): ShellRequest | null {
  const [first, shell, ...more] = args;
  const of = shellCommandNames.find((name) => name === first);
  if (of === undefined) return null;
  if (args.includes("--help") || args.includes("-h")) return { command: "shell-help", of };
  const extra = of === "man" ? shell : more[0];
  if (extra !== undefined) {
    throw usageError(`${quoted(extra)} is one argument too many.`, `Write: ${callOf(program, of)}`);
  }
  if (of === "man") return { command: "man" };
  const known = shells.find((one) => one === shell);
  if (known !== undefined) return { command: "completion", shell: known };
  throw usageError(
    shell === undefined ? "The shell is missing." : `${quoted(shell)} is no shell that is known.`,
    `${didYouMean(shell ?? "", shells)}Write: ${callOf(program, of)}`,
  );
}

/** The text of the --help of such a command. */
export function shellHelp(program: string, of: ShellCommandName): string {
  const examples = {
    completion: [
      `bash:  ${program} completion bash | sudo tee /etc/bash_completion.d/${program}`,
      `zsh:   ${program} completion zsh > ~/.zfunc/_${program}     # a folder of $fpath`,
      `fish:  ${program} completion fish > ~/.config/fish/completions/${program}.fish`,
    ],
    man: [`${program} man | sudo tee /usr/local/share/man/man1/${program}.1`],
  };
  return [`${callOf(program, of)}: ${shellSynopses[of][1]}`, "", ...examples[of]].join("\n");
}

function callOf(program: string, of: ShellCommandName): string {
  return `${program} ${of} ${shellSynopses[of][0]}`.trimEnd();
}
