// What all servers of a database must have in common: the key that devices pin, and whether an IP may have many devices. It
// stands in the database since its first server. Refuses a server that differs.

import { OperatingError } from "../../../operating-error.ts";
import type { Writer } from "../connection/writer.ts";

/** What a server brings. */
export type ServerTraits = {
  /** Of its key, `SHA256:…`; null for a command that needs no key. */
  readonly fingerprint: string | null;
  readonly sharedIp: boolean;
};

/**
 * Writes what the first server has, or compares it.
 * @throws OperatingError `other-identity`, `other-shared-ip`, `ip-shared`
 */
export async function agree(
  writer: Writer,
  { fingerprint, sharedIp }: ServerTraits,
  shown: string,
): Promise<void> {
  await writer.query(
    `INSERT INTO meta (id, fingerprint, shared_ip) VALUES (1, $1, $2::boolean)
     ON CONFLICT (id) DO UPDATE SET fingerprint =
       CASE WHEN meta.fingerprint = '' THEN excluded.fingerprint ELSE meta.fingerprint END`,
    [fingerprint ?? "", sharedIp],
  );
  const [row] = await writer.query(`SELECT fingerprint, shared_ip AS "sharedIp" FROM meta`);
  const known = row as unknown as { fingerprint: string; sharedIp: boolean };
  if (fingerprint !== null && known.fingerprint !== fingerprint) {
    throw new OperatingError(
      "other-identity",
      `${shown} belongs to a server with the key ${known.fingerprint}; this one has ${fingerprint}.`,
      "Copy identity.key of that server into the folder of --data; its devices would see a changed key.",
    );
  }
  if (known.sharedIp !== sharedIp) {
    throw new OperatingError(
      "other-shared-ip",
      `${shown} was begun ${known.sharedIp ? "with" : "without"} --shared-ip.`,
      `Start it ${known.sharedIp ? "with" : "without"} it. To change it for good: UPDATE meta SET shared_ip = ${sharedIp};`,
    );
  }
  await holdIps(writer, sharedIp, shown);
}

/** Lets the database itself hold that no two devices have one IP, or one IP and port. */
async function holdIps(writer: Writer, sharedIp: boolean, shown: string): Promise<void> {
  const [index, other] = sharedIp
    ? ["device_by_address", "device_by_ip"]
    : ["device_by_ip", "device_by_address"];
  try {
    await writer.query(
      `CREATE UNIQUE INDEX IF NOT EXISTS ${index} ON device (${sharedIp ? "ip, port" : "ip"})`,
    );
  } catch (error) {
    if ((error as { errno?: string }).errno !== "23505") throw error;
    // Or a server that started at the same moment has just made it.
    const [made] = await writer.query("SELECT to_regclass($1) IS NOT NULL AS it", [index]);
    if (made?.["it"] === true) return;
    throw new OperatingError(
      "ip-shared",
      `${shown} has devices that share an IP.`,
      "Start it with --shared-ip, or deregister them first.",
    );
  }
  await writer.query(`DROP INDEX IF EXISTS ${other}`);
}
