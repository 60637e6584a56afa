// Owns the tables and every migration that led to them. A released migration is never changed. A database with a newer
// schema than the last one here is refused.

import type { Database } from "bun:sqlite";
import { OperatingError } from "../../../operating-error.ts";
import { releasedMigrations } from "./released-schema.ts";

/** Marks a database as one of this server (`PRAGMA application_id`): "iotS" in ASCII. */
export const applicationId = 0x696f7453;

/** The migrations in order. A database at version n has had the first n. */
export const migrations: readonly string[] = [
  ...releasedMigrations,
  // The first session that belongs to a registration: a comparison of times would be wrong once the clock was set. For
  // rows from before, it is the first one that began after the registration or is still open; all later ones follow it,
  // whatever their times.
  `
  DROP INDEX login_by_device;
  CREATE INDEX login_of_device ON login (device);
  ALTER TABLE registrar ADD COLUMN first_session INTEGER NOT NULL DEFAULT 0;
  UPDATE registrar SET first_session = coalesce(
    (SELECT min(session) FROM login WHERE device = id
       AND (started >= registered OR ended IS NULL)
       AND session > coalesce(
         (SELECT max(session) FROM login WHERE device = id AND reason = 'deregistered'), 0)),
    (SELECT seq + 1 FROM sqlite_sequence WHERE name = 'login'),
    0);
  `,
  // The operator's questions with their answers, which are no reports; and how many hours the server has run in all, by
  // which they grow old.
  `
  CREATE TABLE question (
    number      INTEGER PRIMARY KEY,
    device      TEXT NOT NULL,
    code        TEXT NOT NULL,
    target      TEXT NOT NULL,
    asker       TEXT NOT NULL,
    time        TEXT NOT NULL,
    asked       INTEGER NOT NULL,
    hour        INTEGER NOT NULL,
    answered    INTEGER,
    answer_code TEXT,
    answer_time TEXT,
    answer      TEXT
  );
  CREATE INDEX question_of_device ON question (device);
  CREATE TABLE service (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    hours INTEGER NOT NULL
  );
  `,
  // How many DATA of a device were the same as one stored before: such readings are not stored again, and this count is
  // all that shows them.
  `
  ALTER TABLE registrar ADD COLUMN repeats INTEGER NOT NULL DEFAULT 0;
  `,
  // The lowest and the highest time of each chunk, because the clock may go back, and how many reports it has: retention
  // can remove any of them.
  `
  ALTER TABLE report_chunk RENAME COLUMN first_received TO lowest_received;
  ALTER TABLE report_chunk RENAME COLUMN last_received TO highest_received;
  ALTER TABLE report_chunk ADD COLUMN reports INTEGER NOT NULL DEFAULT 0;
  UPDATE report_chunk SET (lowest_received, highest_received, reports) =
    (SELECT coalesce(min(received), 0), coalesce(max(received), 0), count(*) FROM data
     WHERE sequence >= report_chunk.chunk * 65536 AND sequence < (report_chunk.chunk + 1) * 65536);
  `,
  // When a report was measured, if that is not when it was received; NULL in rows from before. And of each chunk the lowest
  // and the highest of these times, and whether those of each device ascend in it.
  `
  ALTER TABLE data ADD COLUMN at INTEGER;
  ALTER TABLE report_chunk ADD COLUMN lowest_at INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE report_chunk ADD COLUMN highest_at INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE report_chunk ADD COLUMN ordered INTEGER NOT NULL DEFAULT 0;
  UPDATE report_chunk SET lowest_at = lowest_received, highest_at = highest_received, ordered =
    (SELECT coalesce(min(received >= earlier), 1) FROM
       (SELECT received, lag(received, 1, received) OVER (ORDER BY sequence) AS earlier FROM data
        WHERE sequence >= report_chunk.chunk * 65536 AND sequence < (report_chunk.chunk + 1) * 65536))
    AND reports * 2 = (SELECT coalesce(sum(length(places)), 0) FROM report_index
                       WHERE report_index.chunk = report_chunk.chunk);
  `,
  // A keyed digest of the text of an answered request; its key is not in the database, so that nobody can try passwords
  // against it. NULL in rows from before.
  `
  ALTER TABLE answered ADD COLUMN digest BLOB;
  `,
  // Has a row while a server has the database open: a file with a row but without its log beside it is a copy that lacks
  // what was in the log.
  `
  CREATE TABLE serving (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    starts INTEGER NOT NULL
  );
  `,
  // What a session showed of its device's clock.
  `
  ALTER TABLE login ADD COLUMN clock_offset INTEGER;
  `,
  // The labels of devices, with the MAC of the device that each was given to: they outlive its registration, and another
  // device under the id does not get them.
  `
  CREATE TABLE label (
    device  TEXT NOT NULL,
    key     TEXT NOT NULL,
    value   TEXT NOT NULL,
    mac_key TEXT NOT NULL,
    PRIMARY KEY (device, key)
  ) WITHOUT ROWID;
  CREATE INDEX label_by_value ON label (key, value);
  `,
  // The operator's commands to devices with their results; and how long the server has run in all, in ms, by which they are too
  // late, with the wall clock when that was noted.
  `
  CREATE TABLE command (
    number    INTEGER PRIMARY KEY AUTOINCREMENT,
    device    TEXT NOT NULL,
    mac_key   TEXT NOT NULL,
    message   TEXT NOT NULL,
    origin    TEXT NOT NULL,
    request   TEXT,
    created   INTEGER NOT NULL,
    expires   INTEGER NOT NULL,
    due       INTEGER NOT NULL,
    sendings  INTEGER NOT NULL DEFAULT 0,
    sent      INTEGER,
    delivered INTEGER,
    ended     INTEGER,
    hour      INTEGER,
    outcome   TEXT,
    code      TEXT,
    result    TEXT,
    late      INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX command_open ON command (device, number) WHERE ended IS NULL;
  CREATE INDEX command_due ON command (due) WHERE ended IS NULL;
  CREATE INDEX command_ended ON command (hour) WHERE ended IS NOT NULL;
  CREATE INDEX command_of_device ON command (device, number);
  CREATE UNIQUE INDEX command_by_request ON command (device, request) WHERE request IS NOT NULL;
  ALTER TABLE service ADD COLUMN ms INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE service ADD COLUMN wall INTEGER;
  `,
  // Alerts: what operators have set, the alerts, the messages that tell of them. `alert_mark` has the highest numbers that were
  // given, also of rows that are gone, and how often settings have changed.
  `
  CREATE TABLE alert_setting (
    kind  TEXT NOT NULL,
    name  TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (kind, name)
  ) WITHOUT ROWID;
  CREATE TABLE alert (
    number   INTEGER PRIMARY KEY,
    rule     TEXT NOT NULL,
    device   TEXT NOT NULL,
    state    TEXT NOT NULL,
    value    REAL,
    since    INTEGER NOT NULL,
    fired    INTEGER,
    resolved INTEGER,
    notified INTEGER,
    notices  INTEGER NOT NULL
  );
  CREATE UNIQUE INDEX alert_open ON alert (rule, device) WHERE state <> 'resolved';
  CREATE INDEX alert_by_state ON alert (state);
  CREATE INDEX alert_of_rule ON alert (rule);
  CREATE INDEX alert_of_device ON alert (device);
  CREATE TABLE alert_delivery (
    number      INTEGER PRIMARY KEY,
    destination TEXT NOT NULL,
    body        TEXT NOT NULL,
    created     INTEGER NOT NULL,
    tries       INTEGER NOT NULL,
    status      TEXT NOT NULL,
    ended       INTEGER
  );
  CREATE INDEX alert_delivery_waiting ON alert_delivery (number) WHERE ended IS NULL;
  CREATE INDEX alert_delivery_ended ON alert_delivery (number) WHERE ended IS NOT NULL;
  CREATE TABLE alert_mark (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    alert    INTEGER NOT NULL,
    delivery INTEGER NOT NULL,
    settings INTEGER NOT NULL
  );
  `,
  // Who may register: the window in which everybody may, with how long it was open yet when that was noted; the join tokens by
  // their hashes; and the devices that wait for approval, with the hour of service in which each was heard last.
  `
  CREATE TABLE join_window (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    number  INTEGER NOT NULL,
    left_ms REAL NOT NULL,
    until   REAL NOT NULL,
    labels  TEXT NOT NULL
  );
  CREATE TABLE join_token (
    number    INTEGER PRIMARY KEY,
    hash      BLOB NOT NULL UNIQUE,
    note      TEXT NOT NULL,
    created   INTEGER NOT NULL,
    expires   INTEGER,
    uses_left INTEGER,
    used      INTEGER NOT NULL,
    labels    TEXT NOT NULL,
    ids       TEXT,
    approve   INTEGER NOT NULL,
    text      INTEGER NOT NULL,
    revoked   INTEGER NOT NULL,
    last_used INTEGER
  );
  CREATE TABLE pending_device (
    id         TEXT PRIMARY KEY,
    mac        TEXT NOT NULL,
    ip         TEXT NOT NULL,
    port       INTEGER NOT NULL,
    source     TEXT NOT NULL,
    client_key BLOB,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    tries      INTEGER NOT NULL,
    state      TEXT NOT NULL,
    labels     TEXT NOT NULL,
    hour       INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX pending_by_source ON pending_device (source);
  `,
];

/** The version of a database after all migrations. */
export const schemaVersion = migrations.length;

/**
 * Brings a new database, or one of an earlier release, up to date in one transaction.
 * @throws OperatingError `newer-schema`
 */
export function migrate(database: Database, path: string): void {
  const version = versionOf(database);
  if (version > schemaVersion) throw newerSchema(version, path);
  if (version < schemaVersion) database.transaction(() => runMigrations(database, version))();
}

/**
 * Runs the migrations that a database has not had, inside the caller's transaction.
 * @param version the number of migrations it has had
 */
export function runMigrations(database: Database, version: number): void {
  for (const step of migrations.slice(version)) database.run(step);
  database.run(`PRAGMA application_id = ${applicationId}`);
  database.run(`PRAGMA user_version = ${schemaVersion}`);
}

/** The refusal of a database that a later release wrote. */
export function newerSchema(version: number, path: string): OperatingError {
  return new OperatingError(
    "newer-schema",
    `${path} was written by a newer iot-server (schema ${version}, this one knows ${schemaVersion}).`,
    "Use that iot-server, or give --db another file.",
  );
}

/** The number of migrations that a database has had. */
export function versionOf(database: Database): number {
  return (database.query("PRAGMA user_version").get() as { user_version: number }).user_version;
}
