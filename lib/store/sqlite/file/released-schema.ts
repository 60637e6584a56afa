// The tables as release 1.0.0 made them: the first migrations, which never change any more. Runs nothing.

/** The migrations to the schema of 1.0.0, in order. */
export const releasedMigrations: readonly string[] = [
  // 1: devices, sessions, reports. `data` has no index: its rows are found through `report_index`, which is written a
  // chunk at a time, so that storing a report costs one append.
  `
  CREATE TABLE registrar (
    device     INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    mac        TEXT NOT NULL,
    mac_key    TEXT NOT NULL,
    ip         TEXT NOT NULL,
    port       INTEGER NOT NULL,
    password   TEXT NOT NULL,
    registered INTEGER NOT NULL,
    updated    INTEGER NOT NULL
  );
  CREATE INDEX registrar_by_mac ON registrar (mac_key);
  CREATE INDEX registrar_by_ip ON registrar (ip, port);

  CREATE TABLE login (
    session   INTEGER PRIMARY KEY AUTOINCREMENT,
    device    TEXT NOT NULL,
    ip        TEXT NOT NULL,
    port      INTEGER NOT NULL,
    login_ip  TEXT NOT NULL,
    login_port INTEGER NOT NULL,
    every     REAL,
    started   INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    ended     INTEGER,
    reason    TEXT
  );
  CREATE INDEX login_by_device ON login (device, started);
  CREATE INDEX login_open ON login (device) WHERE ended IS NULL;

  CREATE TABLE data (
    sequence INTEGER PRIMARY KEY,
    device   TEXT NOT NULL,
    time     TEXT NOT NULL,
    received INTEGER NOT NULL,
    code     TEXT NOT NULL,
    message  TEXT NOT NULL,
    key      INTEGER NOT NULL
  );

  CREATE TABLE report_chunk (
    chunk          INTEGER PRIMARY KEY,
    first_received INTEGER NOT NULL,
    last_received  INTEGER NOT NULL
  );
  CREATE TABLE report_index (
    chunk  INTEGER NOT NULL,
    device TEXT NOT NULL,
    places BLOB NOT NULL,
    PRIMARY KEY (chunk, device)
  ) WITHOUT ROWID;
  `,
  // 2: sealed devices: the client key and the stored proof of the last sealed LOGIN, the lock against text messages,
  // the client key of a session.
  `
  ALTER TABLE registrar ADD COLUMN sealed_key BLOB;
  ALTER TABLE registrar ADD COLUMN stored_proof BLOB;
  ALTER TABLE registrar ADD COLUMN text_locked INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE login ADD COLUMN client_key BLOB;
  `,
  // 3: the latest sealed requests that changed something, with their answers. Neither their text nor its hash is
  // stored: with a fast hash of the text, an attacker could quickly guess the password in it.
  `
  CREATE TABLE answered (
    number     INTEGER PRIMARY KEY,
    device     TEXT NOT NULL,
    client_key BLOB NOT NULL,
    msgid      INTEGER NOT NULL,
    code       TEXT NOT NULL
  );
  CREATE UNIQUE INDEX answered_by_request ON answered (device, msgid, client_key);
  `,
];
