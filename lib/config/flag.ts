// What a flag is, for the tables of both binaries. Parses nothing.

/** A flag of some commands, with what --help says of it. */
export type FlagOf<CommandName extends string> = {
  readonly type: "string" | "boolean";
  /** What stands for its value in --help; empty where it takes none. */
  readonly value: string;
  readonly says: string;
  /** Its environment variable, or null. */
  readonly env: string | null;
  readonly commands: readonly CommandName[];
};
