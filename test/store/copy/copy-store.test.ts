// A copy of an SQLite database in PostgreSQL: every row is there as it was, numbers go on, a DATA from before the copy that
// is sent again is not stored again.

import { Database } from "bun:sqlite";
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { dirname } from "node:path";
import type { ReportRow } from "../../../lib/server/rows.ts";
import type { ReportStored, Rows } from "../../../lib/server/store-port.ts";
import { decideAnswer } from "../../../lib/server/answers.ts";
import { PostgresPlace } from "../../../lib/store/postgres/postgres-place.ts";
import { SqlitePlace } from "../../../lib/store/sqlite/sqlite-place.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { apply, load, write } from "../contract/tested-store.ts";
import { doorCounts, doorRows } from "../door-fixtures.ts";
import { deviceOf, endOf, loginOf, registerOf, startOfTime } from "../fixtures.ts";
import { operate } from "../operations.ts";
import { postgresServer } from "../../postgres-server.ts";
import { closeStores, newAddress, openAt } from "../postgres/postgres-fixtures.ts";
import { bytesIn, newPath, refusalOf } from "../sqlite/store-fixtures.ts";
import { copy, dataStep, openSource } from "./copy-fixtures.ts";

setDefaultTimeout(testTimeoutMs);
afterEach(closeStores);

const right = { kind: "verified", hash: "h1" } as const;
const clientKey = new Uint8Array(32).fill(7);
const request = {
  device: "device-1",
  clientKey,
  msgid: 2n ** 64n - 3n,
  digest: new Uint8Array(16).fill(9),
};
const question = {
  device: "device-2",
  code: "42",
  target: "uptime",
  by: "cli",
  time: "t",
  asked: startOfTime,
} as const;
const answer = { received: startOfTime + 9, code: "01", time: "t", message: "up\0 3 d" };

/** Texts, bytes and orders that could suffer on the way. */
const sent = [
  dataStep("device-1", "21.5"),
  dataStep("device-1", "21.5", { end: "\n" }),
  dataStep("device-2", 'NUL \0, quotes " \\ {} and ünïcödé 𝄞'),
  dataStep("device-2", "ends in LF\n"),
  dataStep("device-1", "", { time: "yesterday" }),
  dataStep("device-1", "21.5", { msgid: 1 }),
  dataStep("device-1", "21.5", { msgid: 2 }),
  dataStep("device-1", "21.5", { msgid: 3, time: "never" }),
];

/** A database with rows in all tables. */
async function newSource(): Promise<string> {
  const path = newPath();
  const store = await openSource(path);
  operate(store, [
    { ...registerOf(deviceOf(1)), request },
    registerOf(deviceOf(2)),
    registerOf(deviceOf(3)),
    loginOf(deviceOf(2), right),
    loginOf(deviceOf(1), right),
  ]);
  operate(store, [endOf(2, "offline", startOfTime + 1), loginOf(deviceOf(1), right)]);
  const seal = { sealedKey: clientKey, storedProof: clientKey, textLocked: true };
  await write(store, { kind: "update-device", id: "device-1", change: seal, at: null });
  const touch = { session: 1, device: "device-2", lastSeen: startOfTime + 7, repeats: 4 };
  const source = { ip: "10.0.0.9", port: 99 };
  const touches = [{ ...touch, source, everySeconds: 2.5, clockOffset: -70 }];
  await write(store, { kind: "touch-sessions", touches });
  // More than one page of rows, which ends inside a device.
  const many = Array.from({ length: 4_200 }, (_, i) => ({ key: `k${i}`, value: `ü ${i}` }));
  await write(
    store,
    { kind: "change-labels", device: "device-1", macKey: "mac-1", changes: many },
    { kind: "change-labels", device: "device-2", macKey: "mac-2", changes: many.slice(0, 2) },
    ...doorRows,
    { kind: "change-labels", device: "gone", macKey: "mac-0", changes: many.slice(0, 3) },
  );
  const number = await write(store, { kind: "add-question", question });
  await write(store, { kind: "add-question", question: { ...question, time: "t2" } });
  await write(store, { kind: "answer-question", number, answer }, { kind: "count-hour" });
  const command = {
    device: "device-1",
    macKey: "mac-1",
    message: "set relay=on",
    origin: "cli",
  } as const;
  const times = { created: startOfTime, expires: startOfTime + 9, due: 9, request: null };
  const done = await write(store, { kind: "add-command", command: { ...command, ...times } });
  await write(
    store,
    { kind: "end-command", number: done, end: "done", at: 8, code: "01", result: "a\0b" },
    { kind: "add-command", command: { ...command, ...times, request: "r" } },
    { kind: "note-service", ms: 77, wall: startOfTime },
  );
  await apply(store, ...sent);
  await store.close();
  return path;
}

async function all<T>(rows: AsyncIterable<T> | Iterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const row of rows) found.push(row);
  return found;
}

test("has every row as it was, and a server goes on with its numbers", async () => {
  const path = await newSource();
  const address = await newAddress();
  const before = bytesIn(dirname(path));
  const said: string[] = [];
  const { counts, sharedIp } = await copy(path, address, said);
  expect(counts).toEqual({
    device: 3,
    label: 4_205,
    ...doorCounts,
    session: 3,
    question: 2,
    command: 2,
    answered: 1,
    alert_setting: 0,
    alert: 0,
    alert_delivery: 0,
    report: 8,
  });
  expect({ sharedIp, said }).toEqual({ sharedIp: false, said: [] });
  expect(bytesIn(dirname(path))).toEqual(before);

  const [was, is] = [new SqlitePlace(path), new PostgresPlace(path, address, 0)];
  const bytes = (row: object) =>
    JSON.stringify(row, (_, value: unknown) => {
      const { data } = (value ?? {}) as { data?: number[] };
      const found = value instanceof Uint8Array ? value : data;
      return found === undefined ? value : Buffer.from(found).toString("hex");
    });
  const labelled = (await all(is.devices())).map(({ labels }) => labels);
  expect(labelled.map(({ size }) => size)).toEqual([4_200, 2, 0]);
  expect(labelled).toEqual((await all(was.devices())).map(({ labels }) => labels));
  for (const place of [was, is]) {
    expect(await place.hasLabel("k4199")).toBe(true);
    expect(await place.hasLabel("name")).toBe(false);
  }
  const devices = (await all(was.devices())).map(bytes);
  expect((await all(is.devices())).map(bytes)).toEqual(devices);
  expect(devices[0]).toContain('"textLocked":true');
  const reports: ReportRow[] = await all(was.reports());
  expect(await all(is.reports())).toEqual(reports);
  expect(reports.map(({ message }) => message)).toEqual(sent.map(({ report }) => report.message));
  expect((await is.check()).damage).toEqual([]);

  const old = await openSource(path);
  const store = await openAt(address);
  for (const device of ["device-1", "device-2", "device-3"]) {
    const keys = {
      device,
      withSession: true,
      withLastReport: true,
      answered: request,
      door: { lists: true },
    };
    const [left, there] = [await load(old, keys), await load(store, keys)];
    const [now, copied] = [JSON.parse(bytes(there)), JSON.parse(bytes(left))] as [Rows, Rows];
    const node = now.session?.ended === null ? "test" : "";
    expect(now).toMatchObject({
      ...copied,
      session: copied.session && { ...copied.session, node },
    });
  }
  expect(await store.reads.questions("device-2", 10, 10)).toEqual(
    await old.reads.questions("device-2", 10, 10),
  );
  const open = await old.openSessions();
  const bySession = open.toSorted((a, b) => a.session - b.session);
  // The first server hears them from now on.
  const heard = await store.openSessions();
  expect(heard.every(({ node }) => node === "test")).toBe(true);
  expect(heard.map((row) => Object.assign(row, { node: "" }))).toEqual(bySession);
  await old.close();
  const started = {
    device: "device-3",
    source: deviceOf(3),
    stated: deviceOf(3),
    started: startOfTime,
    clientKey: null,
    clockOffset: null,
  };
  expect(await write(store, { kind: "open-session", session: started })).toBe(4);
  expect(await write(store, { kind: "add-question", question })).toBe(3);
  const kept = { ...request, msgid: 5n };
  await write(store, { kind: "keep-answer", request: kept, code: "00" });
  expect((await load(store, { answered: kept })).answered?.code).toBe("00");
  const [stored] = (await apply(store, dataStep("device-3", "new"))) as Extract<
    ReportStored,
    { repeated: boolean }
  >[];
  expect(stored).toMatchObject({ repeated: false });
  expect((stored as { sequence: number }).sequence).toBeGreaterThan(8);
});

test("what was delivered before the copy and is sent again is not stored again", async () => {
  const path = await newSource();
  const address = await newAddress();
  await copy(path, address);
  const store = await openAt(address);
  const numbers = sent.map((_, i) => ({ kind: "report", sequence: i + 1, repeated: true }));
  expect(await apply(store, ...sent)).toEqual(numbers as ReportStored[]);
  // In a batch with rules, too, and where it might be an answer.
  const mayAnswer = { addressed: false, open: 0, decide: decideAnswer };
  const maybe = sent.map((step) => Object.assign({}, step, { mayAnswer }));
  const mixed = await apply(store, ...maybe, {
    kind: "rule",
    keys: { device: "device-1" },
    decide: () => ({ outcome: null, writes: [] }),
  });
  expect(mixed.slice(0, -1)).toEqual(numbers as ReportStored[]);
  // Equal readings over a link, and another one in text, are new ones.
  const [sealed, text] = (await apply(
    store,
    dataStep("device-1", "21.5", { msgid: 4 }),
    dataStep("device-2", "21.5"),
  )) as Extract<ReportStored, { repeated: boolean }>[];
  expect([sealed?.repeated, text?.repeated]).toEqual([false, false]);
  expect(await store.reads.count()).toBe(10);
});

test("a copy that ends while it compares goes on; one that differs is refused, and then starts again", async () => {
  const path = await newSource();
  const address = await newAddress();
  const said: string[] = [];
  const onCompared = () => {
    throw new Error("ended here");
  };
  const ended = copy(path, address, said, { onCompared });
  expect(await ended.then(String, String)).toContain("ended here");
  expect(await refusalOf(() => openAt(address))).toBe("copy-unfinished");
  const sql = (await postgresServer()).connect(address.database);
  await sql.unsafe(
    `CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.port = 1; RETURN NEW; END';
     CREATE TRIGGER spoil BEFORE INSERT ON device FOR EACH ROW EXECUTE FUNCTION spoil()`,
  );
  expect(await refusalOf(() => copy(path, address, said))).toBe("copy-differs");
  await sql.unsafe("DROP TRIGGER spoil ON device");
  await sql.close({ timeout: 0 });
  expect((await copy(path, address, said)).counts).toMatchObject({ report: 8 });
  expect(said.map((words) => words.split(" ").slice(0, 2).join(" "))).toEqual([
    "The copy",
    "Going on",
    "Starting again",
  ]);
});

test("rows that SQLite has twice stay, in a chunk each", async () => {
  const path = newPath();
  await (await openSource(path)).close();
  const database = new Database(path);
  const { report, key } = dataStep("a", "twice");
  const insert = database.prepare("INSERT INTO data VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  for (const sequence of [3, 4, 65_535, 65_536, 200_000]) {
    insert.run(sequence, "a", report.time, report.received, "01", "twice", key, report.at);
  }
  insert.finalize();
  database.close();
  const address = await newAddress();
  expect((await copy(path, address)).counts).toMatchObject({ report: 5 });
  const found = await all(new PostgresPlace(path, address, 0).reports());
  expect(found.map(({ sequence }) => sequence)).toEqual([3, 4, 65_535, 65_536, 200_000]);
  const store = await openAt(address);
  expect(await store.reads.count()).toBe(5);
  const chunks = await store.reads.chunks(0, startOfTime * 2);
  expect(chunks.map(({ number }) => number)).toEqual([0, 1, 3]);
  const [again] = (await apply(store, dataStep("a", "twice"))) as Extract<
    ReportStored,
    { repeated: boolean }
  >[];
  expect(again?.repeated).toBe(true);
});
