// The command that copies an SQLite database to PostgreSQL: connects the copy to the terminal.

import { showProgress } from "../lib/cli/progress.ts";
import type { WriteLine } from "../lib/cli/server/commands.ts";
import { copyLines } from "../lib/cli/server/copy-report.ts";
import type { DataPlace } from "../lib/config/store-source.ts";
import { identityPathOf, readIdentity } from "../lib/io/secrets/identity-file.ts";
import { hashPassword } from "../lib/io/secrets/password-hasher.ts";
import { exitCode, type ExitCode } from "../lib/operating-error.ts";
import { fingerprint } from "../lib/sealed/fingerprint.ts";
import { copyAt, storeAt } from "../lib/store/store-at.ts";
import { storeNameOf } from "./place.ts";

/** Copies the database `db` to the one of `store`. */
export async function runCopy(
  { sharedIp, ...place }: DataPlace & { readonly sharedIp: boolean },
  write: WriteLine,
): Promise<ExitCode> {
  const name = storeNameOf(place);
  const source = storeAt({ db: place.db, postgres: null });
  const identity = readIdentity(source.path, null);
  const copied = await copyAt(name, {
    fingerprint: identity === null ? null : fingerprint(identity.sealing.publicKey),
    sharedIp,
    hashPassword,
    now: Date.now,
    onProgress: showProgress("Hashing passwords"),
    onNote: (words) => void process.stderr.write(`${words}\n`),
    onCopied: showProgress("Copying rows"),
    onCompared: showProgress("Comparing rows"),
  });
  const key = identity === null ? null : identityPathOf(source.path);
  const target = storeAt(name).name;
  for (const line of copyLines(source.name, target, copied, key)) write(line);
  return exitCode.done;
}
