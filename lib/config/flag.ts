// The type of a flag, for the tables of both binaries. Type only.

/** A flag, with its text for --help and the commands that have it. */
export type FlagOf<CommandName extends string> = {
  readonly type: "string" | "boolean";
  /** The placeholder of its value in --help; empty for a switch. */
  readonly value: string;
  readonly says: string;
  /** Whether it can be given several times; its variable then has the values with commas between them. */
  readonly isList?: boolean;
  /** Whether its value is a secret, which nothing shows. */
  readonly isSecret?: boolean;
  /** Its environment variable, or null. */
  readonly env: string | null;
  readonly commands: readonly CommandName[];
};
