// Owns the check of a database of PostgreSQL: what its rows must have in common. Pages and disks are PostgreSQL's own affair.
// Never changes anything.

import { reservedIds } from "../../protocol/fields.ts";
import type { StoreCheck } from "../../server/store-care.ts";
import { textArray } from "./connection/arrays.ts";
import type { Readers } from "./connection/readers.ts";
import { isServed } from "./nodes/claim.ts";
import { schemaVersion } from "./schema/schema.ts";

/** Each finds how many rows break a rule, with the words for it. */
const rules = [
  [
    "devices have two open sessions",
    "SELECT count(*) FROM (SELECT device FROM session WHERE ended IS NULL GROUP BY device HAVING count(*) > 1) AS two",
  ],
  [
    "open sessions belong to no device",
    "SELECT count(*) FROM session AS s WHERE ended IS NULL AND NOT EXISTS (SELECT FROM device AS d WHERE d.id = s.device)",
  ],
  [
    "chunks of reports are miscounted",
    `SELECT count(*) FROM report_chunk AS c WHERE reports <>
       (SELECT count(*) FROM report WHERE sequence >= c.number * 65536 AND sequence < (c.number + 1) * 65536)`,
  ],
  [
    "alerts or messages of alerts have numbers that would be given again",
    `SELECT (SELECT count(*) FROM alert, alert_mark AS m WHERE number > m.alert)
       + (SELECT count(*) FROM alert_delivery, alert_mark AS m WHERE number > m.delivery)`,
  ],
] as const;

/** Checks a database. @param locks whether its servers hold locks; see nodes/claim.ts */
export async function checkPostgres(readers: Readers, locks: boolean): Promise<StoreCheck> {
  const [counts] = await readers.read<{
    devices: number;
    sessions: number;
    reports: number;
    bytes: number;
  }>(
    `SELECT (SELECT count(*) FROM device)::float8 AS devices, (SELECT count(*) FROM session)::float8 AS sessions,
            (SELECT count(*) FROM report)::float8 AS reports,
            pg_database_size(current_database())::float8 AS bytes`,
  );
  const damage: string[] = [];
  for (const [words, query] of rules) {
    const [row] = await readers.read<{ n: number }>(`SELECT (${query})::float8 AS n`);
    if (row !== undefined && row.n > 0) damage.push(`${row.n} ${words}.`);
  }
  const [lax] = await readers.read<{ settings: string | null }>(
    `SELECT string_agg(name || ' is ' || setting, ', ') AS settings FROM pg_settings
     WHERE name IN ('fsync', 'full_page_writes') AND setting <> 'on'`,
  );
  if (lax?.settings)
    damage.push(`${lax.settings}: a loss of power can lose what was acknowledged.`);
  const reserved = await readers.read<{ id: string }>(
    "SELECT id FROM device WHERE id = ANY($1::text[])",
    [textArray(reservedIds)],
  );
  return {
    schema: schemaVersion,
    served: await isServed(readers, locks),
    bytes: counts?.bytes ?? 0,
    logBytes: 0,
    freeBytes: 0,
    diskFreeBytes: Number.POSITIVE_INFINITY,
    devices: counts?.devices ?? null,
    sessions: counts?.sessions ?? null,
    reports: counts?.reports ?? null,
    reservedIds: reserved.map(({ id }) => id),
    damage,
    leftovers: [],
    secondNames: [],
    elsewhere: {
      verified: "The rows agree with each other.",
      also: "Pages are checked by PostgreSQL: pg_amcheck; its disk by its machine.",
    },
  };
}
