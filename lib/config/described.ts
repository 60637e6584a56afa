// A program as its tables describe it, in the same form for both, for completions and manual pages. Type only.

/** A program, all of its commands and all of its flags. */
export type Described = {
  readonly name: string;
  /** What it is, in a few words. */
  readonly says: string;
  /** The call without a command, as `<port>`. */
  readonly baseCall: string;
  readonly commands: readonly {
    readonly name: string;
    /** Its arguments, as in --help. */
    readonly form: string;
    readonly says: string;
    readonly example: string | null;
  }[];
  readonly flags: readonly {
    readonly name: string;
    /** The placeholder of its value; empty for a switch. */
    readonly value: string;
    readonly says: string;
    readonly env: string | null;
    /** The commands that have it; empty for the call without a command. */
    readonly commands: readonly string[];
  }[];
};
