// The statements of what rules have decided, one or two for each write. Decides nothing and sends nothing.

import { comparableMac } from "../../../protocol/fields.ts";
import type { Answer } from "../../../server/rows.ts";
import type { Write } from "../../../server/store-port.ts";
import { numberArray, textArray } from "../connection/arrays.ts";
import type { Statement } from "../connection/writer.ts";
import { aliveSeconds } from "../nodes/claim.ts";
import { columnsOf } from "../rows/columns.ts";
import { removingCommands } from "./command-statements.ts";
import { removeOldPending } from "./door-overlay.ts";
import { storedMsgid } from "./loading.ts";

type Of<Kind extends Write["kind"]> = Extract<Write, { kind: Kind }>;

/** The bounds of all stores: how many questions and answers are kept, and questions for how many hours. */
export const questionsOfDeviceMax = 100;
const questionsMax = 10_000;
const questionHours = 30 * 24;
const answersMax = 65_536;

/** Adds a device. @param firstSession a number below those of its sessions, and above all that were given before */
export function insertDevice(
  { device, hash, at }: Of<"insert-device">,
  firstSession: number,
): Statement {
  const { id, mac, ip, port } = device;
  return [
    `INSERT INTO device (id, mac, mac_key, ip, port, password, registered, updated, first_session)
     VALUES ($1, $2, $3, $4, $5::int, $6, $7::float8, $7::float8, $8::float8)`,
    [id, mac, comparableMac(mac), ip, port, hash, at, firstSession],
  ];
}

/** Changes a device, if it exists. */
export function updateDevice({ id, change, at }: Of<"update-device">): Statement {
  const { ip, port, hash, sealedKey, storedProof, textLocked } = change;
  const seal = [sealedKey ?? null, storedProof ?? null, textLocked ?? null];
  return [
    `UPDATE device SET ip = coalesce($2::text, ip), port = coalesce($3::int, port),
       sealed_key = coalesce($4::bytea, sealed_key), stored_proof = coalesce($5::bytea, stored_proof),
       text_locked = coalesce($6::boolean, text_locked), updated = coalesce($7::float8, updated),
       password = coalesce($8::text, password)
     WHERE id = $1`,
    [id, ip ?? null, port ?? null, ...seal, at, hash ?? null],
  ];
}

/** Deletes a device, if it exists. */
export function removeDevice({ id }: Of<"remove-device">): Statement {
  return ["DELETE FROM device WHERE id = $1", [id]];
}

/** Changes the labels of a device. */
export function changeLabels({ device, macKey, changes }: Of<"change-labels">): Statement[] {
  const after = new Map(changes.map(({ key, value }) => [key, value]));
  const removed = [...after.keys()].filter((key) => after.get(key) === null);
  const set = [...after].flatMap(([key, value]) => (value === null ? [] : [[key, value] as const]));
  const removal: Statement = [
    "DELETE FROM label WHERE device = $1 AND key = ANY($2::text[])",
    [device, textArray(removed)],
  ];
  const setting: Statement = [
    `INSERT INTO label (device, key, value, mac_key)
     SELECT $1, key, value, $2 FROM unnest($3::text[], $4::text[]) AS given (key, value)
     ON CONFLICT (device, key) DO UPDATE SET value = excluded.value, mac_key = excluded.mac_key`,
    [device, macKey, textArray(set.map(([key]) => key)), textArray(set.map(([, value]) => value))],
  ];
  return [...(removed.length === 0 ? [] : [removal]), ...(set.length === 0 ? [] : [setting])];
}

/** Opens a session. @param number its number */
export function openSession(
  { session }: Of<"open-session">,
  number: number,
  node: string,
): Statement {
  const { device, source, stated, started, clientKey, clockOffset } = session;
  return [
    `INSERT INTO session (session, device, ip, port, login_ip, login_port, started, last_seen, client_key, clock_offset, node)
     VALUES ($1::float8, $2, $3, $4::int, $5, $6::int, $7::float8, $7::float8, $8::bytea, $9::float8, $10)`,
    [
      number,
      device,
      source.ip,
      source.port,
      stated.ip,
      stated.port,
      started,
      clientKey,
      clockOffset,
      node,
    ],
  ];
}

/** Notes that this node hears an open session from now on. */
export function moveSession({ session, source }: Of<"move-session">, node: string): Statement {
  return [
    `UPDATE session SET node = $2, ip = $3, port = $4::int
     WHERE session = $1::float8::bigint AND ended IS NULL`,
    [session, node, source.ip, source.port],
  ];
}

/** Ends a session if it is open. */
export function endSession({ session, reason, lastSeen, at }: Of<"end-session">): Statement {
  return [
    `UPDATE session SET ended = $1::float8, reason = $2, last_seen = $3::float8
     WHERE session = $4::float8::bigint AND ended IS NULL`,
    [at, reason, lastSeen, session],
  ];
}

/** Ends the open session of a device, if there is one. */
export function endOpenSession({ device, reason, at }: Of<"end-open-session">): Statement {
  return [
    "UPDATE session SET ended = $1::float8, reason = $2 WHERE device = $3 AND ended IS NULL",
    [at, reason, device],
  ];
}

/**
 * Stores when and from where the sessions of this node were last heard, and adds to the counts of repeated reports. The
 * first statement returns a row for each session.
 */
export function touchSessions({ touches }: Of<"touch-sessions">, node: string): Statement[] {
  const sorted = touches.toSorted((a, b) => a.session - b.session);
  const touched: Statement = [
    `UPDATE session AS s SET last_seen = t.last_seen, ip = t.ip, port = t.port, every = t.every, clock_offset = t.clock_offset
     FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::int[], $5::float8[], $6::bigint[])
       AS t (session, last_seen, ip, port, every, clock_offset)
     WHERE s.session = t.session AND s.node = $7 AND s.ended IS NULL RETURNING 1`,
    [
      numberArray(sorted.map(({ session }) => session)),
      numberArray(sorted.map(({ lastSeen }) => lastSeen)),
      textArray(sorted.map(({ source }) => source.ip)),
      numberArray(sorted.map(({ source }) => source.port)),
      numberArray(sorted.map(({ everySeconds }) => everySeconds)),
      numberArray(sorted.map(({ clockOffset }) => clockOffset)),
      node,
    ],
  ];
  const repeats = new Map<string, number>();
  for (const { device, repeats: more } of touches) {
    if (more > 0) repeats.set(device, (repeats.get(device) ?? 0) + more);
  }
  if (repeats.size === 0) return [touched];
  const counted: Statement = [
    `UPDATE device AS d SET repeats = d.repeats + t.repeats
     FROM unnest($1::text[], $2::bigint[]) AS t (id, repeats) WHERE d.id = t.id`,
    [textArray([...repeats.keys()]), numberArray([...repeats.values()])],
  ];
  return [touched, counted];
}

/** Keeps the answer to a request; the oldest make room for it. */
export function keepAnswer({ request, code }: Of<"keep-answer">): Statement {
  const { device, clientKey, msgid, digest } = request;
  return [
    `WITH kept AS (
       INSERT INTO answered (device, client_key, msgid, code, digest)
       VALUES ($1, $2::bytea, $3::text::bigint, $4, $5::bytea)
       ON CONFLICT (device, msgid, client_key)
         DO UPDATE SET number = DEFAULT, code = excluded.code, digest = excluded.digest
       RETURNING number)
     DELETE FROM answered WHERE number <= (SELECT number FROM kept) - ${answersMax}`,
    [device, clientKey, `${storedMsgid(msgid)}`, code, digest],
  ];
}

/** Keeps a question; the oldest make room for it. @param number its number */
export function addQuestion({ question }: Of<"add-question">, number: number): Statement[] {
  const { device, code, target, by, time, asked } = question;
  const added: Statement = [
    `INSERT INTO question (number, device, code, target, asker, time, asked, hour)
     VALUES ($1::float8, $2, $3, $4, $5, $6, $7::float8, (SELECT hours FROM service))`,
    [number, device, code, target, by, time, asked],
  ];
  return [added, ...makingRoom(number)];
}

/** Stores the answer to a question that has none, if it is still kept. */
export function answerQuestion({ number, answer }: Of<"answer-question">): Statement {
  return [
    `UPDATE question SET answered = $2::float8, answer_code = $3, answer_time = $4, answer = $5,
       answer_raw = decode($6::text, 'hex')
     WHERE number = $1::float8::bigint AND answered IS NULL`,
    [number, ...columnsOfAnswer(answer)],
  ];
}

/** Stores another answer to a question, if it is still kept. @param number that of the new row */
export function answerAgain(
  { number: asked, answer }: Of<"answer-again">,
  number: number,
): Statement[] {
  const added: Statement = [
    `INSERT INTO question (number, device, code, target, asker, time, asked, hour,
                           answered, answer_code, answer_time, answer, answer_raw)
     SELECT $7::float8, device, code, target, asker, time, asked, hour, $2::float8, $3, $4, $5, decode($6::text, 'hex')
     FROM question WHERE number = $1::float8::bigint`,
    [asked, ...columnsOfAnswer(answer), number],
  ];
  return [added, ...makingRoom(number)];
}

/**
 * Counts an hour of service and removes the questions and commands that are too old. Of the nodes that live the first one counts: each
 * says that its hour is over.
 */
export function countHour(node: string): Statement[] {
  return [
    [
      `UPDATE service SET hours = hours + 1 WHERE $1 =
         (SELECT min(node) FROM node WHERE seen > clock_timestamp() - interval '${aliveSeconds} s')`,
      [node],
    ],
    [`DELETE FROM question WHERE hour <= (SELECT hours FROM service) - ${questionHours}`],
    ...removingCommands,
    removeOldPending,
  ];
}

function columnsOfAnswer({ received, code, time, message }: Answer): unknown[] {
  return [received, code, time, ...columnsOf(message)];
}

/** Removes the oldest questions beyond what is kept, of a new one's device and of all. */
function makingRoom(number: number): Statement[] {
  return [
    [
      `DELETE FROM question AS q USING question AS new
       WHERE new.number = $1::float8::bigint AND q.device = new.device AND q.number <=
         (SELECT older.number FROM question AS older WHERE older.device = new.device
          ORDER BY older.number DESC OFFSET ${questionsOfDeviceMax} LIMIT 1)`,
      [number],
    ],
    [`DELETE FROM question WHERE number <= $1::float8::bigint - ${questionsMax}`, [number]],
  ];
}
