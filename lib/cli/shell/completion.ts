// Scripts that tell bash, zsh and fish what a program takes: its commands, and the flags of each. Reads no table itself.

import type { Described } from "../../config/described.ts";
import type { Shell } from "../../config/shell-request.ts";

/** The script for a shell. */
export function completionScript(shell: Shell, program: Described): string {
  return { bash, zsh, fish }[shell](program).join("\n");
}

/** Values that are files or folders. */
const files = new Set(["FILE", "DIR"]);

function flagsOf({ flags }: Described, command: string): Described["flags"] {
  return flags.filter(({ commands }) => commands.includes(command));
}

function functionOf({ name }: Described): string {
  return `_${name.replaceAll("-", "_")}`;
}

function bash(program: Described): string[] {
  const { name, commands } = program;
  const names = commands.map((command) => command.name);
  const words = (command: string) =>
    ["--help", ...flagsOf(program, command).map((flag) => `--${flag.name}`)].join(" ");
  const valued = program.flags.filter(({ value }) => value !== "").map((flag) => `--${flag.name}`);
  const call = functionOf(program);
  return [
    `# What bash completes for ${name}.`,
    `${call}() {`,
    '  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" flags',
    "  COMPREPLY=()",
    `  case "$previous" in ${valued.join("|")}) return ;; esac`,
    '  case "${COMP_WORDS[1]}" in',
    ...names.map((command) => `    ${command}) flags="${words(command)}" ;;`),
    `    *) flags="${words("")} --version" ;;`,
    "  esac",
    '  if [[ "$current" == -* ]]; then',
    '    COMPREPLY=($(compgen -W "$flags" -- "$current"))',
    '  elif [[ "${COMP_WORDS[1]}" == completion && $COMP_CWORD -eq 2 ]]; then',
    '    COMPREPLY=($(compgen -W "bash zsh fish" -- "$current"))',
    "  elif [[ $COMP_CWORD -eq 1 ]]; then",
    `    COMPREPLY=($(compgen -W "${names.join(" ")}" -- "$current"))`,
    "  fi",
    "}",
    "# Where nothing is known, files are completed.",
    `complete -o default -F ${call} ${name}`,
  ];
}

function zsh(program: Described): string[] {
  const { name, commands } = program;
  const call = functionOf(program);
  const specs = (command: string) =>
    flagsOf(program, command).map(({ name: flag, value, says }) => {
      const told = `--${flag}[${says.replaceAll(/[\\[\]:]/g, "\\$&")}]`;
      const takes = value === "" ? "" : `:${value.replaceAll(":", "\\:")}:`;
      return zshWord(`${told}${takes}${files.has(value) ? "_files" : ""}`);
    });
  const cases = ["", ...commands.map((command) => command.name)].map((command) => {
    const first = command === "completion" ? [zshWord("2:shell:(bash zsh fish)")] : [];
    return `    ${command === "" ? "*" : command}) flags=(${[...first, ...specs(command)].join(" ")}) ;;`;
  });
  return [
    `#compdef ${name}`,
    `# What zsh completes for ${name}.`,
    `${call}() {`,
    "  local -a commands flags",
    "  commands=(",
    ...commands.map((command) => `    ${zshWord(`${command.name}:${command.says}`)}`),
    "  )",
    "  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then",
    "    _describe command commands",
    "    return",
    "  fi",
    "  case $words[2] in",
    // The call without a command is the last case.
    ...cases.slice(1),
    ...cases.slice(0, 1),
    "  esac",
    "  _arguments \"$flags[@]\" '(- *)--help[explain it]' '*:argument:_files'",
    "}",
    `if [[ "$funcstack[1]" == "${call}" || "$funcstack[1]" == "_${name}" ]]; then`,
    `  ${call} "$@"`,
    "else",
    `  compdef ${call} ${name}`,
    "fi",
  ];
}

function zshWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function fish(program: Described): string[] {
  const { name, commands, flags } = program;
  const names = commands.map((command) => command.name).join(" ");
  const complete = (condition: string, rest: string) =>
    `complete -c ${name} -n ${fishWord(condition)} ${rest}`;
  const whenOf = (some: readonly string[]): string[] => {
    const own = some.filter((command) => command !== "");
    const isBase = own.length < some.length;
    return [
      ...(own.length > 0 ? [`__fish_seen_subcommand_from ${own.join(" ")}`] : []),
      ...(isBase ? [`not __fish_seen_subcommand_from ${names}`] : []),
    ];
  };
  return [
    `# What fish completes for ${name}.`,
    ...commands.map((command) =>
      complete(
        `not __fish_seen_subcommand_from ${names}`,
        `-f -a ${command.name} -d ${fishWord(command.says)}`,
      ),
    ),
    complete("__fish_seen_subcommand_from completion", '-f -a "bash zsh fish"'),
    ...flags.flatMap(({ name: flag, value, says, commands: some }) => {
      const takes = value === "" ? "" : files.has(value) ? " -r -F" : " -x";
      return whenOf(some).map((condition) =>
        complete(condition, `-l ${flag}${takes} -d ${fishWord(says)}`),
      );
    }),
    `complete -c ${name} -l help -d 'explain it'`,
  ];
}

function fishWord(text: string): string {
  return `'${text.replaceAll(/['\\]/g, "\\$&")}'`;
}
