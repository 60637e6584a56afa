// Which of the servers of a database judges alerts: the process that the row of `alert_mark` names, as long as its node gives
// signs of life with the epoch of that process. One that stops lets them lapse (nodes/claim.ts), so the next one takes over at
// once. Texts of statements only.

import { OperatingError } from "../../../operating-error.ts";
import { aliveSeconds, fenced } from "../nodes/claim.ts";

/**
 * Tells whether this process leads, with its node and its epoch as parameters. Takes the row if it names nobody, an earlier
 * process of this node, or one that is gone. Writes only then.
 */
export const leading = `
  WITH taken AS (
    UPDATE alert_mark AS m SET node = $1, epoch = $2::float8::bigint
    WHERE (m.node <> $1 OR m.epoch <> $2::float8::bigint) AND ${fenced(1, 2)} AND NOT EXISTS (
      SELECT FROM node AS n WHERE n.node = m.node AND n.epoch = m.epoch
        AND n.seen > clock_timestamp() - interval '${aliveSeconds} s')
    RETURNING 1
  )
  SELECT EXISTS (SELECT FROM taken) OR EXISTS (
    SELECT FROM alert_mark WHERE node = $1 AND epoch = $2::float8::bigint AND ${fenced(1, 2)}) AS leads`;

/**
 * The statement with which a commit begins: raises the highest numbers ($1, $2), and counts changes of settings ($3). Whoever
 * waits for the row does so here, so that no two commits wait for each other.
 */
export const marking = `
  UPDATE alert_mark SET alert = greatest(alert, $1::float8::bigint), delivery = greatest(delivery, $2::float8::bigint),
    settings = settings + $3::int`;

/** The same for a commit of the server that leads, whose node and epoch are $4 and $5: changes no row if this is not the one. */
export const markingAsLeader = `${marking} WHERE node = $4 AND epoch = $5::float8::bigint AND ${fenced(4, 5)}`;

/** The same for a commit that was decided upon a revision of the settings, $4: changes no row if there is another one by now. */
export const markingAtRevision = `${marking} WHERE settings = $4::float8::bigint`;

/** The refusal of a commit because this server does not lead, or has not shown for some seconds that it lives. */
export function notLeading(): OperatingError {
  return new OperatingError(
    "not-leading",
    "Another server of this database judges alerts now.",
    "Nothing is to be done: it goes on from what is stored.",
  );
}
