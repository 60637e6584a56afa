// What becomes of a statement whose connection is lost or silent. Knows the errors of Bun's client and the SQLSTATEs of
// PostgreSQL; words for operators are in refusals.ts.

/** The connection ended or stayed silent: what was sent last may have been carried out or not. */
export class Lost extends Error {}

/** An error as Bun gives it: `errno` is the SQLSTATE if it came from PostgreSQL; for others it may be a number. */
export type PostgresFailure = {
  readonly code?: string;
  readonly errno?: string | number;
  readonly message: string;
  readonly detail?: string;
};

/** PostgreSQL ends or refuses the connection, or it is a standby: another connection may find another state. */
const connectionStates = /^(?:08|57P0|25006|53300)/;

/** Whether an error says something of the connection, not of the statement. */
export function isLost(error: unknown): boolean {
  const state = stateOf(error);
  if (state !== "") return connectionStates.test(state);
  const { code = "", message } = error as PostgresFailure;
  return code.startsWith("ERR_POSTGRES_") || /certificate/i.test(message);
}

/** The SQLSTATE of an error, or an empty text. */
export function stateOf(error: unknown): string {
  const { errno } = error as PostgresFailure;
  return typeof errno === "string" ? errno : "";
}

/**
 * The value of a promise, or `Lost` after a time: a silent connection answers never.
 * @param ms the deadline from now
 */
export async function withDeadline<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Lost(`no answer within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
