// The lanes of the store on PostgreSQL: batches of all of them at the same time, also such as want the same IPs and MACs, and
// what becomes of the others when one loses its connection.

import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { laneOfDevice } from "../../../lib/server/lanes.ts";
import type { OpenStore } from "../../../lib/server/store-care.ts";
import type { ReportStored } from "../../../lib/server/store-port.ts";
import { SeededRandom } from "../../e2e/seeded-random.ts";
import { testTimeoutMs, until } from "../../e2e/polling.ts";
import { postgresServer } from "../../postgres-server.ts";
import { reading } from "../contract/tested-store.ts";
import { startOfTime } from "../fixtures.ts";
import { type Operation, operateSoon, type Outcome } from "../operations.ts";
import { closeStores, newAddress, openAt } from "./postgres-fixtures.ts";

setDefaultTimeout(testTimeoutMs);
afterEach(closeStores);

const devices = 80;
const batchesOfLane = 40;
const verified = { kind: "verified", hash: "h" } as const;

/** A store of which one lane only is used. */
const laneOf = (store: OpenStore, lane: number) => ({
  apply: (steps: Parameters<OpenStore["apply"]>[0]) => store.apply(steps, lane),
});

/** The rows of a query. */
async function rowsOf(database: string, sql: string): Promise<Record<string, unknown>[]> {
  const connection = (await postgresServer()).connect(database);
  try {
    return (await connection.unsafe(sql)) as Record<string, unknown>[];
  } finally {
    await connection.close({ timeout: 0 });
  }
}

/** The devices of a lane, and what they do: what a lane does is the same for each seed. */
class LaneWork {
  readonly #random: SeededRandom;
  readonly #ids: readonly string[];
  /** The open session of each device. */
  readonly #sessions = new Map<string, number>();
  /** The messages of the reports that were sent, and of those that were told to be new. */
  readonly sent: [device: string, message: string][] = [];
  readonly stored: string[] = [];
  readonly codes = new Map<string, number>();

  constructor(
    private readonly lane: number,
    lanes: number,
  ) {
    this.#random = new SeededRandom(lane + 1);
    const all = Array.from({ length: devices }, (_, i) => `dev${i}`);
    this.#ids = all.filter((id) => laneOfDevice(id, lanes) === lane);
  }

  /** Some operations. No two of a batch register the same device, so that each result is that of its own operation. */
  batch(): Operation[] {
    const random = this.#random;
    const operations: Operation[] = [];
    for (const id of this.#ids) {
      const kind = random.below(10);
      if (kind === 0) operations.push(this.#register(id));
      else if (kind === 1) operations.push({ kind: "remove", id, at: startOfTime });
      else if (kind === 2) operations.push(this.#login(id));
      else if (kind === 3) operations.push(...this.#touches());
      else if (kind < 8) operations.push(this.#report(id), this.#report(id));
    }
    // Most batches are plain reports.
    return random.below(3) === 0 ? operations : operations.filter(({ kind }) => kind === "report");
  }

  note(operations: readonly Operation[], outcomes: readonly Outcome[]): void {
    for (const [i, outcome] of outcomes.entries()) {
      const operation = operations[i] as Operation;
      if (operation.kind === "report") {
        const { kind, repeated } = outcome as Extract<ReportStored, { kind: "report" }>;
        expect(kind).toBe("report");
        if (!repeated) this.stored.push(operation.report.message);
      } else if (outcome.kind === "done") {
        this.codes.set(outcome.code, (this.codes.get(outcome.code) ?? 0) + 1);
        if (operation.kind === "login" && outcome.code === "70") {
          this.#sessions.set(operation.id, outcome.session);
        }
      }
    }
  }

  /** IPs and MACs are those of all lanes, and too few. */
  #register(id: string): Operation {
    const random = this.#random;
    const device = { id, mac: `m${random.below(40)}`, ip: `i${random.below(40)}`, port: 1 };
    const proof = { kind: "hashed", hash: "h" } as const;
    const sent = { sealed: false, clientKey: null, join: "open", at: startOfTime } as const;
    return { kind: "register", device, proof, ...sent };
  }

  #login(id: string): Operation {
    const address = { ip: "10.0.0.1", port: 5 };
    const at = startOfTime;
    return { kind: "login", id, proof: verified, seal: null, source: address, stated: address, at };
  }

  #touches(): Operation[] {
    const source = { ip: "10.0.0.1", port: 5 };
    const [lastSeen, repeats, everySeconds, clockOffset] = [startOfTime + 1, 1, null, null];
    const sessions = [...this.#sessions].map(([device, session]) => {
      return { device, session, lastSeen, source, repeats, everySeconds, clockOffset };
    });
    return sessions.length === 0 ? [] : [{ kind: "touch", sessions }];
  }

  /** A report, or one of before again. */
  #report(id: string): Operation {
    const again = this.sent.length > 0 && this.#random.below(8) === 0;
    if (!again) this.sent.push([id, `${this.lane} ${this.sent.length}`]);
    const [device, message] = again
      ? this.#random.pick(this.sent)
      : (this.sent.at(-1) as [string, string]);
    const { report, key } = reading(device, message);
    return { kind: "report", report, key, previous: 0 };
  }
}

test("batches of all lanes at the same time, over the same IPs and MACs: none fails, and each report is stored once", async () => {
  const address = await newAddress();
  const store = await openAt(address);
  const lanes = store.lanes ?? 1;
  expect(lanes).toBeGreaterThan(1);
  const works = Array.from({ length: lanes }, (_, lane) => new LaneWork(lane, lanes));
  const runs = works.map(async (work, lane) => {
    for (let batch = 0; batch < batchesOfLane; batch++) {
      const operations = work.batch();
      work.note(operations, await operateSoon(laneOf(store, lane), operations));
    }
  });
  await Promise.all(runs);
  const reports = await rowsOf(address.database, "SELECT message FROM report");
  const messages = reports.map(({ message }) => message as string);
  expect(messages.toSorted()).toEqual(works.flatMap(({ sent }) => sent.map(([, it]) => it)).sort());
  expect(messages.toSorted()).toEqual(works.flatMap(({ stored }) => stored).sort());
  // All of it has happened.
  for (const code of ["00", "12", "13", "70"]) {
    const count = works.reduce((sum, { codes }) => sum + (codes.get(code) ?? 0), 0);
    expect([code, count > 0]).toEqual([code, true]);
  }
  const open = `SELECT count(*)::int AS all, count(DISTINCT device)::int AS devices FROM session WHERE ended IS NULL`;
  const [row] = await rowsOf(address.database, open);
  expect(row?.["all"]).toBe(row?.["devices"]);
  // The numbers of a device's reports ascend.
  const disordered = `SELECT 1 FROM (SELECT sequence, split_part(message, ' ', 2)::int AS number,
      lag(split_part(message, ' ', 2)::int) OVER (PARTITION BY device ORDER BY sequence) AS before FROM report) AS r
    WHERE number < before`;
  expect(await rowsOf(address.database, disordered)).toEqual([]);
});

test("a lane that loses its connection fails alone, and is told once", async () => {
  const address = await newAddress();
  const said: string[] = [];
  const store = await openAt(address, said);
  const lanes = Array.from({ length: store.lanes ?? 1 }, (_, lane) => lane);
  const storeIn = async (lane: number, message: string) => {
    const { report, key } = reading(`dev${lane}`, message);
    const operation = { kind: "report", report, key, previous: 0 } as const;
    return operateSoon(laneOf(store, lane), [operation]).catch(() => null);
  };
  const [locking] = await rowsOf(
    address.database,
    `SELECT l.pid, a.application_name AS name FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
     WHERE l.locktype = 'advisory' AND a.datname = current_database() LIMIT 1`,
  );
  // Of the lanes without the locks one.
  await rowsOf(
    address.database,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE application_name = '${String(locking?.["name"])}' AND pid <> ${Number(locking?.["pid"])} LIMIT 1`,
  );
  await until("the loss", () => said.length > 0);
  const stored = await Promise.all(lanes.map((lane) => storeIn(lane, "at once")));
  expect(stored.filter((one) => one === null).length).toBeLessThanOrEqual(1);
  await until("its end", () => said.length > 1);
  const [still] = await rowsOf(
    address.database,
    `SELECT count(*)::int AS held FROM pg_locks WHERE locktype = 'advisory' AND pid = ${Number(locking?.["pid"])}`,
  );
  expect(still?.["held"]).toBeGreaterThan(0);
  expect(await Promise.all(lanes.map((lane) => storeIn(lane, "later")))).not.toContain(null);
  expect(said.map((words) => /is away|is there again/.exec(words)?.[0])).toEqual([
    "is away",
    "is there again",
  ]);
});
