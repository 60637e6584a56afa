// The store that `--store` names: parses the URL of a PostgreSQL database, and says where its password is. Opens no file. A
// password never appears in an error.

import type { Arguments, Env } from "./arguments.ts";
import type { CommandName, FlagName } from "./server-flags.ts";
import { defaults } from "./server-defaults.ts";
import { durationValue, quoted, usageError } from "./values.ts";

const dayMs = 86_400_000;
const tlsModes = ["disable", "prefer", "verify-ca", "verify-full", "require"] as const;

/** A database on a PostgreSQL server. */
export type StoreSource = {
  readonly address: {
    /** One server, or several of which one leads; a host name, an IP, or the folder of a socket. */
    readonly hosts: readonly { readonly hostname: string; readonly port: number }[];
    readonly username: string;
    readonly database: string;
    /** Of PGPASSWORD or IOT_STORE; null without one. */
    readonly password: string | null;
    readonly tls: (typeof tlsModes)[number];
    /** The file with the certificates of its authority; null for those of the system. */
    readonly rootCert: string | null;
    /** Whether statements are prepared; not behind pgbouncer. */
    readonly prepare: boolean;
  };
  /** The file with the password, or null. */
  readonly passwordFile: string | null;
  /** The passfile of PostgreSQL's own programs, which need not exist; null if none can be named. */
  readonly passfile: string | null;
  /** How long the server waits at its start for a database that does not answer, ms; null: for ever. */
  readonly waitMs: number | null;
};

/** Where a command finds its data. */
export type DataPlace = {
  /** The database; with a store elsewhere, the path beside which the server keeps its key, token and control socket. */
  readonly db: string;
  readonly store?: StoreSource;
};

/** Commands that only need the folder of the running server. */
const local: readonly CommandName[] = ["mqtt", "query", "open", "fingerprint", "status", "health"];

/**
 * The database or the store that a command names.
 * @throws OperatingError `usage`
 */
export function dataPlace(command: CommandName, given: Arguments<FlagName>, env: Env): DataPlace {
  const { value, nameOf, positionals } = given;
  const [url, data, db] = [value("store"), value("data"), value("db")];
  const beside = data === null ? "iot-server" : `${data.replace(/\/+$/, "")}/iot-server`;
  if (url === null) {
    const isLocal = local.includes(command) || positionals[0] === "allow-text";
    if (data === null) return { db: db ?? defaults.db };
    if (isLocal && db === null) return { db: beside };
    throw usageError(
      `${nameOf("data")} goes with --store.`,
      "An SQLite database has its key and its token beside it.",
    );
  }
  if (db !== null) {
    const names = `${nameOf("db")} and ${nameOf("store")}`;
    throw usageError(`${names} are both given.`, "Give one of them: the data are in one place.");
  }
  return { db: beside, store: sourceOf(nameOf("store"), url, given, env) };
}

/**
 * What `copy` copies and where to: `db` is the file, `store` the database that is filled.
 * @throws OperatingError `usage`
 */
export function copyPlace(
  file: string,
  url: string,
  given: Arguments<FlagName>,
  env: Env,
): Required<DataPlace> {
  return { db: file, store: sourceOf(null, url, given, env) };
}

/** @param name of the flag or variable with the URL; null for an argument */
function sourceOf(
  name: string | null,
  url: string,
  { value, nameOf }: Arguments<FlagName>,
  env: Env,
): StoreSource {
  const wait = value("store-wait");
  const home = env["HOME"] ?? "";
  return {
    address: addressOf(name, url, env),
    passwordFile: value("store-password-file"),
    passfile: env["PGPASSFILE"] || (home === "" ? null : `${home}/.pgpass`),
    waitMs: wait === null ? null : waitValue(nameOf("store-wait"), wait),
  };
}

function waitValue(name: string, text: string): number {
  return text === "0" ? 0 : durationValue(name, text, 0, 365 * dayMs);
}

function addressOf(flag: string | null, text: string, env: Env): StoreSource["address"] {
  const name = flag ?? "The target";
  const wrong = (what: string) =>
    usageError(`${name} ${what}.`, "Write it as postgres://iot@db.example.org/iot");
  // A URL has one host: the others are parsed apart.
  const [, before = "", hosts = "", after = ""] =
    /^([a-z]+:\/\/(?:[^@/?]*@)?)([^/?]*)(.*)$/.exec(text) ?? [];
  const [first, ...more] = hosts
    .split(",")
    .map((host) => (before === "" ? text : before + host + after));
  const [url, ...others] = [first ?? "", ...more].map((one) =>
    URL.canParse(one) ? new URL(one) : null,
  );
  if (
    url === null ||
    url === undefined ||
    others.includes(null) ||
    !/^postgres(ql)?:$/.test(url.protocol)
  ) {
    throw wrong("is no postgres:// URL");
  }
  if (url.password !== "" && (flag === null || flag.startsWith("--"))) {
    throw usageError(
      `${name} contains a password, which every user of this machine can read there.`,
      "Take it out, and set PGPASSWORD or give --store-password-file.",
    );
  }
  const query = new URLSearchParams(url.search);
  const given = [url, ...(others as URL[])].map((one) => ({
    hostname: query.get("host") ?? decodeURIComponent(one.hostname).replace(/^\[(.*)\]$/, "$1"),
    port: Number(one.port || 5432),
  }));
  const username = decodeURIComponent(url.username);
  const database = decodeURIComponent(url.pathname.slice(1)) || username;
  if (given.some(({ hostname }) => hostname === "")) throw wrong("names no host");
  if (username === "") throw wrong("names no user");
  const known = new Set(["host", "sslmode", "sslrootcert", "prepare"]);
  const unknown = [...query.keys()].find((key) => !known.has(key));
  if (unknown !== undefined) throw wrong(`has ${quoted(unknown)}, which is not known here`);
  const tls = query.get("sslmode") ?? (given.every(isNear) ? "disable" : "verify-full");
  const mode = tlsModes.find((one) => one === tls);
  if (mode === undefined) throw wrong(`has the sslmode ${quoted(tls)}`);
  const prepare = query.get("prepare") ?? "true";
  if (prepare !== "true" && prepare !== "false") throw wrong(`has prepare=${quoted(prepare)}`);
  return {
    hosts: given,
    username,
    database,
    password: decodeURIComponent(url.password) || env["PGPASSWORD"] || null,
    tls: mode,
    rootCert: query.get("sslrootcert"),
    prepare: prepare === "true",
  };
}

/** Whether a connection stays on this machine. */
function isNear({ hostname }: { readonly hostname: string }): boolean {
  return /^(?:\/|localhost$|127\.|::1$)/.test(hostname);
}
