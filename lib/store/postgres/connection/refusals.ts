// What PostgreSQL and its client say, in words for operators, each with the next step. Never shows a password.

import { OperatingError } from "../../../operating-error.ts";
import { type PostgresAddress, shownAddress } from "./address.ts";
import { isLost, Lost, type PostgresFailure, stateOf } from "./lost.ts";

type Words = readonly [code: string, message: string, nextStep: string];

/** An error as one sentence for the log. */
export function wordsOf(error: unknown): string {
  const { message } = error as Error;
  switch (stateOf(error)) {
    case "53100":
      return "the disk of PostgreSQL is full";
    case "25006":
      return "PostgreSQL is read-only: it is a standby";
    case "42501":
      return `${message}: its role has too few rights`;
    default:
      return message === "" ? "another server has taken the database" : message;
  }
}

/** An error of PostgreSQL as an OperatingError; any other error is returned unchanged. */
export function explainPostgres(error: unknown, address: PostgresAddress): unknown {
  if (error instanceof OperatingError) return error;
  const cause = error instanceof Lost && error.cause !== undefined ? error.cause : error;
  const words = wordsFor(cause as PostgresFailure, address);
  return words === null ? error : new OperatingError(...words);
}

const passwordStep =
  "Set PGPASSWORD, or write the password to a file that only you can read and give --store-password-file.";

/** A statement took too long, or waited for others: what may pass by itself. */
const waiting = new Set(["57014", "55P03", "40P01", "40001"]);

/** The words for what PostgreSQL itself says, by its SQLSTATE. */
const bySqlstate: Readonly<
  Record<string, (address: PostgresAddress, shown: string, message: string) => Words>
> = {
  "28P01": ({ username, password }, shown) => [
    "store-refused",
    password === null
      ? `${shown} asks for the password of ${username}, and none was given.`
      : `${shown} refuses the password of ${username}.`,
    passwordStep,
  ],
  "28000": ({ username }, shown, message) => [
    "store-refused",
    `${shown} refuses ${username}: ${message}.`,
    `Create the role (createuser ${username}), or let it in by pg_hba.conf.`,
  ],
  "3D000": ({ username, database, hosts: { current } }) => [
    "store-missing",
    `There is no database ${database} at ${current.hostname}:${current.port}.`,
    `Make it: createdb -h ${current.hostname} -p ${current.port} -O ${username} ${database}`,
  ],
  "42501": ({ username, database }, shown, message) => [
    "store-forbidden",
    `${shown} forbids ${username} what iot-server needs: ${message}.`,
    `Make it the owner: ALTER DATABASE ${database} OWNER TO ${username}; GRANT ALL ON SCHEMA public TO ${username};`,
  ],
  "25006": (_, shown) => standby(shown),
  "53100": (_, shown) => [
    "store-full",
    `The disk of ${shown} is full.`,
    "Make room there; nothing that was acknowledged is lost.",
  ],
  "53300": (_, shown) => [
    "store-busy",
    `${shown} has too many connections.`,
    "End some, or raise max_connections; iot-server opens up to 10.",
  ],
  "57P03": (_, shown, message) => [
    "store-away",
    `${shown} does not accept connections yet: ${message}.`,
    "Wait for it to start.",
  ],
};

function wordsFor(failure: PostgresFailure, address: PostgresAddress): Words | null {
  const shown = shownAddress(address);
  const { message, code = "" } = failure;
  const state = stateOf(failure);
  const known = bySqlstate[state];
  if (known !== undefined) return known(address, shown, message);
  if (waiting.has(state)) {
    return ["store-busy", `${shown} is busy: ${message}.`, "pg_stat_activity says with what."];
  }
  if (state !== "" && !isLost(failure)) {
    const nextStep = "The log of PostgreSQL says more.";
    return ["store-failed", `${shown} says: ${message} (${state}).`, nextStep];
  }
  if (/password/i.test(`${code} ${message}`)) {
    return ["store-refused", `${shown} wants a password.`, passwordStep];
  }
  if (/tls|ssl|certificate/i.test(`${code} ${message}`)) {
    return [
      "store-insecure",
      `The connection to ${shown} cannot be secured: ${message}.`,
      "Set up TLS in PostgreSQL and name its authority (?sslrootcert=FILE), or choose another ?sslmode.",
    ];
  }
  if (state === "" && !code.startsWith("ERR_POSTGRES") && !(failure instanceof Lost)) return null;
  return [
    "store-away",
    `${shown} does not answer: ${message}.`,
    "Start PostgreSQL, or correct host and port of --store.",
  ];
}

/** The refusal of a server that only follows another one. */
export function standby(shown: string): Words {
  return [
    "store-read-only",
    `${shown} is a read-only standby.`,
    "Give --store the primary, or promote this one (SELECT pg_promote();).",
  ];
}

/** The refusal of a server that is too old. @param version as `server_version` says */
export function tooOld(shown: string, version: string): OperatingError {
  return new OperatingError(
    "store-too-old",
    `${shown} is PostgreSQL ${version}; iot-server needs 15 or later.`,
    "Upgrade it (pg_upgradecluster on Debian).",
  );
}
