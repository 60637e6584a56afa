// Finds the password of a database on the network: in the file of --store-password-file, or in PostgreSQL's own passfile.
// Never prints it.

import { OperatingError } from "../../operating-error.ts";
import { readSecretFile } from "./secret-file.ts";

/** Whose password is looked for. */
type Wanted = {
  readonly hostname: string;
  readonly port: number;
  readonly database: string;
  readonly username: string;
};

/**
 * The first line of a password file.
 * @throws OperatingError `store-password`, `secret-exposed`, `secret-unreadable`
 */
export function readStorePassword(path: string): string {
  const [line = ""] = readSecretFile(path)?.toString().split(/\r?\n/) ?? [];
  if (line !== "") return line;
  throw new OperatingError(
    "store-password",
    `${path} does not exist or is empty.`,
    `Write the password to it: (umask 077; cat > ${path})`,
  );
}

/**
 * The password in a passfile (`host:port:database:user:password` a line, `*` for any); null if there is none.
 * @throws OperatingError `secret-exposed`, `secret-unreadable`
 */
export function passwordInPassfile(path: string, wanted: Wanted): string | null {
  const text = readSecretFile(path)?.toString() ?? "";
  const { hostname, port, database, username } = wanted;
  const sought = [hostname.startsWith("/") ? "localhost" : hostname, `${port}`, database, username];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("#")) continue;
    // A colon or a backslash in a value has a backslash before it.
    const values = (line.match(/(?:\\.|[^:\\])*(?::|$)/g) ?? []).map((value) =>
      value.replace(/:$/, "").replaceAll(/\\(.)/g, "$1"),
    );
    const [password = ""] = values.slice(4);
    const isMeant = sought.every((value, i) => values[i] === "*" || values[i] === value);
    if (isMeant && password !== "") return password;
  }
  return null;
}
