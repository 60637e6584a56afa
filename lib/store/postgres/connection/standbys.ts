// What is known to be on the synchronous standbys of PostgreSQL, if there are any: a commit that has waited for them, and all
// before it. Sends nothing itself.

import type { Statement } from "./writer.ts";

/**
 * SQL, a column, that makes the commit of its transaction wait for the synchronous standbys, also if nothing else is written.
 * What a transaction finds stored may not be there yet: its commit was cut off while it waited, or the server has crashed.
 */
export const onStandbys = `CASE WHEN current_setting('synchronous_standby_names') <> '' THEN pg_logical_emit_message(true, 'iot-server', '') END`;

/** The statement that is done when all that was stored before is on the synchronous standbys. */
export const untilOnStandbys: Statement = [`SELECT ${onStandbys}`];
