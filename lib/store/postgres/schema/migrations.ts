// Owns the tables on PostgreSQL and every migration that led to them. A released migration is never changed. Runs nothing.

/** The migrations in order. A database at version n has had the first n. */
export const migrations: readonly string[] = [
  // 1: ids are compared as bytes, as everywhere. Numbers of sessions and questions come from sequences of their own, taken
  // while the device's row is locked, so that those of a device ascend. A report's number is given by its server, from a
  // block that it took: so a batch that is sent again has the numbers of the first time. `report` has a long row of
  // indexes for a reason each: a repeat, a device's own reports, all in order.
  `
  CREATE TABLE meta (
    id          int PRIMARY KEY CHECK (id = 1),
    fingerprint text NOT NULL,
    shared_ip   boolean NOT NULL,
    epoch       bigint NOT NULL,
    seen        timestamptz
  );

  CREATE SEQUENCE session_number;
  CREATE SEQUENCE question_number;
  CREATE SEQUENCE report_block INCREMENT BY 256 MINVALUE 1;

  CREATE TABLE device (
    id            text COLLATE "C" PRIMARY KEY,
    mac           text NOT NULL,
    mac_key       text COLLATE "C" NOT NULL CONSTRAINT device_by_mac UNIQUE,
    ip            text COLLATE "C" NOT NULL,
    port          int NOT NULL,
    password      text NOT NULL,
    sealed_key    bytea,
    stored_proof  bytea,
    text_locked   boolean NOT NULL DEFAULT false,
    registered    bigint NOT NULL,
    updated       bigint NOT NULL,
    first_session bigint NOT NULL,
    repeats       bigint NOT NULL DEFAULT 0
  );

  CREATE TABLE session (
    session      bigint PRIMARY KEY,
    device       text COLLATE "C" NOT NULL,
    ip           text NOT NULL,
    port         int NOT NULL,
    login_ip     text NOT NULL,
    login_port   int NOT NULL,
    every        float8,
    started      bigint NOT NULL,
    last_seen    bigint NOT NULL,
    ended        bigint,
    reason       text,
    client_key   bytea,
    clock_offset bigint
  ) WITH (fillfactor = 70);
  CREATE INDEX session_of_device ON session (device, session);
  CREATE INDEX session_open ON session (device) WHERE ended IS NULL;

  CREATE TABLE report (
    sequence    bigint PRIMARY KEY,
    device      text COLLATE "C" NOT NULL,
    time        text NOT NULL,
    at          bigint NOT NULL,
    received    bigint NOT NULL,
    code        text NOT NULL,
    message     text NOT NULL,
    message_raw bytea,
    key         uuid NOT NULL UNIQUE
  );
  CREATE INDEX report_of_device ON report (device, sequence);

  CREATE TABLE report_chunk (
    number           bigint PRIMARY KEY,
    reports          bigint NOT NULL,
    lowest_at        bigint NOT NULL,
    highest_at       bigint NOT NULL,
    lowest_received  bigint NOT NULL,
    highest_received bigint NOT NULL,
    ordered          boolean NOT NULL,
    revision         int NOT NULL DEFAULT 0
  );

  CREATE TABLE answered (
    number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device     text COLLATE "C" NOT NULL,
    client_key bytea NOT NULL,
    msgid      bigint NOT NULL,
    code       text NOT NULL,
    digest     bytea NOT NULL,
    UNIQUE (device, msgid, client_key)
  );

  CREATE TABLE question (
    number      bigint PRIMARY KEY,
    device      text COLLATE "C" NOT NULL,
    code        text NOT NULL,
    target      text NOT NULL,
    asker       text NOT NULL,
    time        text NOT NULL,
    asked       bigint NOT NULL,
    hour        bigint NOT NULL,
    answered    bigint,
    answer_code text,
    answer_time text,
    answer      text,
    answer_raw  bytea
  );
  CREATE INDEX question_of_device ON question (device, number);
  CREATE TABLE service (
    id    int PRIMARY KEY CHECK (id = 1),
    hours bigint NOT NULL
  );
  INSERT INTO service VALUES (1, 0);
  `,
  // 2: what `iot-server copy` has done: reports below `next` are there, and all else once it has finished (ms since 1970).
  // Answers of 1.0.0 have no digest.
  `
  ALTER TABLE answered ALTER COLUMN digest DROP NOT NULL;
  CREATE TABLE copied (
    id            int PRIMARY KEY CHECK (id = 1),
    source        text NOT NULL,
    next          bigint NOT NULL,
    carried_until bigint,
    finished      bigint
  );
  `,
  // 3: how often reports were removed of a chunk that had no row yet, and the last such chunk: whoever has such a chunk in
  // memory reads it anew.
  `
  ALTER TABLE meta ADD COLUMN removals int NOT NULL DEFAULT 0, ADD COLUMN removed_in bigint NOT NULL DEFAULT -1;
  `,
  // 4: several servers. Each session has the node that heard it last, and each node shows in its row that it lives. A batch
  // is stored only while the row of its node has the epoch that it took at its start, and is fresh.
  `
  ALTER TABLE meta DROP COLUMN epoch, DROP COLUMN seen;
  CREATE SEQUENCE node_epoch;
  CREATE TABLE node (
    node     text COLLATE "C" PRIMARY KEY,
    epoch    bigint NOT NULL,
    seen     timestamptz NOT NULL,
    since    timestamptz NOT NULL,
    address  text NOT NULL,
    version  text NOT NULL,
    settings text NOT NULL DEFAULT '{}',
    sessions float8 NOT NULL DEFAULT 0,
    sealed   float8 NOT NULL DEFAULT 0,
    received float8 NOT NULL DEFAULT 0,
    reports  float8 NOT NULL DEFAULT 0
  ) WITH (fillfactor = 50);
  ALTER TABLE session ADD COLUMN node text COLLATE "C" NOT NULL DEFAULT '';
  CREATE INDEX session_of_node ON session (node, device) WHERE ended IS NULL;
  CREATE INDEX session_open_text ON session (device) WHERE ended IS NULL AND client_key IS NULL;
  `,
  // 5: the labels of devices, with the MAC of the device that each was given to: they outlive its registration, and another
  // device under the id does not get them.
  `
  CREATE TABLE label (
    device  text COLLATE "C" NOT NULL,
    key     text COLLATE "C" NOT NULL,
    value   text NOT NULL,
    mac_key text COLLATE "C" NOT NULL,
    PRIMARY KEY (device, key)
  );
  CREATE INDEX label_by_value ON label (key, value);
  `,
  // 6: the operator's commands to devices with their results; and how long the database has been in service, in ms, by which
  // they are too late, with the database's clock when that was noted. A result with NUL is in `result_raw`.
  `
  CREATE SEQUENCE command_number;
  CREATE TABLE command (
    number     bigint PRIMARY KEY,
    device     text COLLATE "C" NOT NULL,
    mac_key    text COLLATE "C" NOT NULL,
    message    text NOT NULL,
    origin     text NOT NULL,
    request    text COLLATE "C",
    created    bigint NOT NULL,
    expires    bigint NOT NULL,
    due        bigint NOT NULL,
    sendings   bigint NOT NULL DEFAULT 0,
    sent       bigint,
    delivered  bigint,
    ended      bigint,
    hour       bigint,
    outcome    text,
    code       text,
    result     text,
    result_raw bytea,
    late       boolean NOT NULL DEFAULT false
  );
  CREATE INDEX command_open ON command (device, number) WHERE ended IS NULL;
  CREATE INDEX command_due ON command (due) WHERE ended IS NULL;
  CREATE INDEX command_ended ON command (hour) WHERE ended IS NOT NULL;
  CREATE INDEX command_of_device ON command (device, number);
  CREATE UNIQUE INDEX command_by_request ON command (device, request) WHERE request IS NOT NULL;
  ALTER TABLE service ADD COLUMN ms bigint NOT NULL DEFAULT 0, ADD COLUMN wall bigint;
  `,
  // 7: alerts: what operators have set, the alerts, the messages that tell of them. What may have a NUL is in UTF-8.
  // `alert_mark` has one row: the highest numbers that were given, also of rows that are gone, how often settings have changed,
  // and which process of which node judges.
  `
  CREATE TABLE alert_setting (
    kind  text COLLATE "C" NOT NULL,
    name  text COLLATE "C" NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (kind, name)
  );
  CREATE TABLE alert (
    number   bigint PRIMARY KEY,
    rule     text COLLATE "C" NOT NULL,
    device   text COLLATE "C" NOT NULL,
    state    text COLLATE "C" NOT NULL,
    value    float8,
    since    bigint NOT NULL,
    fired    bigint,
    resolved bigint,
    notified bigint,
    notices  bigint NOT NULL
  );
  CREATE UNIQUE INDEX alert_open ON alert (rule, device) WHERE state <> 'resolved';
  CREATE INDEX alert_by_state ON alert (state, number);
  CREATE INDEX alert_of_rule ON alert (rule, number);
  CREATE INDEX alert_of_device ON alert (device, number);
  CREATE TABLE alert_delivery (
    number      bigint PRIMARY KEY,
    destination text COLLATE "C" NOT NULL,
    body        bytea NOT NULL,
    created     bigint NOT NULL,
    tries       bigint NOT NULL,
    status      bytea NOT NULL,
    ended       bigint
  );
  CREATE INDEX alert_delivery_waiting ON alert_delivery (number) WHERE ended IS NULL;
  CREATE INDEX alert_delivery_ended ON alert_delivery (number) WHERE ended IS NOT NULL;
  CREATE TABLE alert_mark (
    id       int PRIMARY KEY CHECK (id = 1),
    alert    bigint NOT NULL DEFAULT 0,
    delivery bigint NOT NULL DEFAULT 0,
    settings bigint NOT NULL DEFAULT 0,
    node     text COLLATE "C" NOT NULL DEFAULT '',
    epoch    bigint NOT NULL DEFAULT 0
  );
  INSERT INTO alert_mark (id) VALUES (1);
  `,
  // 8: who may register: the window in which everybody may, with how long it was open yet when that was noted; the join tokens by
  // their hashes; and the devices that wait for approval, with the hour of service in which each was heard last.
  `
  CREATE TABLE join_window (
    id      int PRIMARY KEY CHECK (id = 1),
    number  bigint NOT NULL,
    left_ms float8 NOT NULL,
    until   float8 NOT NULL,
    labels  text NOT NULL
  );
  CREATE TABLE join_token (
    number    bigint PRIMARY KEY,
    hash      bytea NOT NULL UNIQUE,
    note      text NOT NULL,
    created   bigint NOT NULL,
    expires   bigint,
    uses_left bigint,
    used      bigint NOT NULL,
    labels    text NOT NULL,
    ids       text,
    approve   boolean NOT NULL,
    text      boolean NOT NULL,
    revoked   boolean NOT NULL,
    last_used bigint
  );
  CREATE TABLE pending_device (
    id         text COLLATE "C" PRIMARY KEY,
    mac        text NOT NULL,
    ip         text NOT NULL,
    port       int NOT NULL,
    source     text COLLATE "C" NOT NULL,
    client_key bytea,
    first_seen bigint NOT NULL,
    last_seen  bigint NOT NULL,
    tries      bigint NOT NULL,
    state      text NOT NULL,
    labels     text NOT NULL,
    hour       bigint NOT NULL
  );
  CREATE INDEX pending_by_source ON pending_device (source);
  `,
];
