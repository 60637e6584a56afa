// Owns the reads of devices that other nodes hear: their open sessions, and when each was heard. In bulk, and never more at
// once than one page of a list. Never writes.

import type {
  ElsewhereReads,
  HeardFound,
  HeardLook,
  ReportsOfOthers,
} from "../../../server/nodes.ts";
import type { SessionRow } from "../../../server/rows.ts";
import { textArray } from "../connection/arrays.ts";
import type { Readers } from "../connection/readers.ts";
import { sessionColumns, sessionOf } from "../rows/columns.ts";

export class PostgresElsewhere implements ElsewhereReads {
  /** @param follow begins to follow the reports of other nodes */
  constructor(
    private readonly readers: Readers,
    private readonly follow: () => ReportsOfOthers,
  ) {}

  reportsOfOthers(): ReportsOfOthers {
    return this.follow();
  }

  async openSessions(ids: readonly string[]): Promise<readonly (SessionRow | null)[]> {
    const rows = await this.readers.read(
      `SELECT ${sessionColumns} FROM session AS s
       WHERE s.ended IS NULL AND s.device = ANY($1::text[]) ORDER BY s.session`,
      [textArray(ids)],
    );
    // Of a device with several, the latest.
    const found = new Map(rows.map(sessionOf).map((row) => [row.device, row]));
    return ids.map((id) => found.get(id) ?? null);
  }

  /**
   * What was written since a look is known by the transactions that wrote it: `last_seen` has no index, else no touch would
   * be cheap, and it goes by the clocks of other servers.
   */
  async heard({ node, after, since, limit }: HeardLook): Promise<HeardFound> {
    const [row] = await this.readers.read<{
      last: string;
      looked: number;
      mark: string;
      heard: string;
    }>(
      `WITH page AS (
         SELECT device, session, last_seen, age(xmin) AS age FROM session
         WHERE ended IS NULL AND node = $1 AND device > $2 ORDER BY device LIMIT $3::int
       )
       SELECT max(device) AS last, count(*)::int AS looked, pg_snapshot_xmin(pg_current_snapshot())::text AS mark,
         coalesce(json_agg(json_build_array(device, session, last_seen))
           FILTER (WHERE $4::text IS NULL OR age <= age($4::text::xid8::xid)), '[]')::text AS heard
       FROM page`,
      [node, after, limit, since],
    );
    const { last, looked, mark, heard } = row as NonNullable<typeof row>;
    const sessions = JSON.parse(heard) as HeardFound["sessions"];
    return { sessions, last: looked < limit ? null : last, mark };
  }
}
