// Ends the sessions of nodes that are gone, as their own node would have: those of devices that have been silent for too
// long. Whoever ends one first tells it. The silence goes by the clock of the database alone. Looks at no session while all
// nodes live: each of them asks every second.

import { missedHeartbeats } from "../../../protocol/limits.ts";
import type { SessionRow } from "../../../server/rows.ts";
import { textArray } from "../connection/arrays.ts";
import type { Readers } from "../connection/readers.ts";
import { sessionColumns, sessionOf } from "../rows/columns.ts";
import { aliveSeconds, type Fence, fenced, sureSeconds } from "./claim.ts";

/** How many are ended at once. */
const atOnce = 200;

/**
 * Ends some sessions of nodes that give no sign of life. The silence of each counts from when its node can have heard it last:
 * as long after its last sign as it was sure of it, or when it left. And not before this node has lived itself: while none
 * lived, devices could not be heard.
 * @param silenceMs after which a session without a stated interval is offline
 * @param now the wall clock, ms since 1970: when they end
 * @returns those that it has ended
 */
export async function endLostSessions(
  readers: Readers,
  { node, epoch }: Fence,
  silenceMs: number,
  now: number,
): Promise<SessionRow[]> {
  const gone = await readers.read<{ node: string }>(goneNodes, [node]);
  if (gone.length === 0) return [];
  const rows = await readers.read(
    `WITH own AS (SELECT since FROM node WHERE node = $1 AND ${fenced(1, 2)}),
     lost AS (
       SELECT s.session FROM own CROSS JOIN session AS s LEFT JOIN node AS n ON n.node = s.node
       WHERE s.ended IS NULL AND s.node = ANY($5::text[])
         AND coalesce(n.seen, own.since) < clock_timestamp() - interval '${aliveSeconds} s'
         AND clock_timestamp() - greatest(n.seen + interval '${sureSeconds} s', n.since, own.since) >
           make_interval(secs => coalesce(s.every * ${missedHeartbeats}, $3::float8 / 1000))
       LIMIT ${atOnce} FOR UPDATE OF s SKIP LOCKED
     )
     UPDATE session AS s SET ended = $4::float8, reason = 'offline' FROM lost
     WHERE s.session = lost.session AND s.ended IS NULL RETURNING ${sessionColumns}`,
    [node, epoch, silenceMs, now, textArray(gone.map((one) => one.node))],
  );
  return rows.map(sessionOf);
}

/** The other nodes with open sessions that give no sign of life: one look at the index of sessions for each node in it. */
const goneNodes = `
  WITH RECURSIVE heard (node) AS (
    SELECT min(node) FROM session WHERE ended IS NULL
    UNION ALL
    SELECT (SELECT min(s.node) FROM session AS s WHERE s.ended IS NULL AND s.node > heard.node)
    FROM heard WHERE heard.node IS NOT NULL
  )
  SELECT h.node FROM heard AS h LEFT JOIN node AS n ON n.node = h.node
  WHERE h.node <> $1 AND coalesce(n.seen, '-infinity') < clock_timestamp() - interval '${aliveSeconds} s'`;
