// Ends the sessions of nodes that are gone, as their own node would have: those of devices that have been silent for too
// long. Whoever ends one first tells it. The silence goes by the clock of the database alone.

import { missedHeartbeats } from "../../../protocol/limits.ts";
import type { SessionRow } from "../../../server/rows.ts";
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
  const rows = await readers.read(
    `WITH own AS (SELECT since FROM node WHERE node = $1 AND ${fenced(1, 2)}),
     lost AS (
       SELECT s.session FROM own CROSS JOIN session AS s LEFT JOIN node AS n ON n.node = s.node
       WHERE s.ended IS NULL AND s.node <> $1
         AND coalesce(n.seen, own.since) < clock_timestamp() - interval '${aliveSeconds} s'
         AND clock_timestamp() - greatest(n.seen + interval '${sureSeconds} s', n.since, own.since) >
           make_interval(secs => coalesce(s.every * ${missedHeartbeats}, $3::float8 / 1000))
       LIMIT ${atOnce} FOR UPDATE OF s SKIP LOCKED
     )
     UPDATE session AS s SET ended = $4::float8, reason = 'offline' FROM lost
     WHERE s.session = lost.session AND s.ended IS NULL RETURNING ${sessionColumns}`,
    [node, epoch, silenceMs, now],
  );
  return rows.map(sessionOf);
}
