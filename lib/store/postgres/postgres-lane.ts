// Owns the batches of one lane of the store on PostgreSQL, over a connection of its own: a batch of reports is one statement,
// a batch with rules one transaction. When the connection is lost at a commit it finds out what became of it. Never knows a
// verb or a socket.

import { failingOf, StoreFailure } from "../../server/store-failure.ts";
import type { ReportStep, StepResult, Step } from "../../server/store-port.ts";
import { AskedDevices, isPlainReport } from "./batch/asked-devices.ts";
import { newestBlock } from "./batch/blocks.ts";
import type { BatchNumbers } from "./batch/numbers.ts";
import { CommitLost, Fenced } from "./batch/not-stored.ts";
import { Transaction } from "./batch/transaction.ts";
import type { Connector } from "./connection/connector.ts";
import { Lost, stateOf } from "./connection/lost.ts";
import { wordsOf } from "./connection/refusals.ts";
import { untilOnStandbys } from "./connection/standbys.ts";
import type { Rows, Writer } from "./connection/writer.ts";
import { type CarriedKeys, findCarried, foundIn } from "./reports/carried-keys.ts";
import { aliveNow, type Fence } from "./nodes/claim.ts";
import {
  findReports,
  foundOf,
  insertMissing,
  insertNew,
  type NewReport,
} from "./reports/report-insert.ts";
import { reportKeyOf } from "./reports/report-key.ts";

/** How long it is tried to find out what became of a batch, ms. Then its requests get no answer. */
const unknownMs = 5_000;
/** How often a batch begins again because another transaction was in its way. */
const attemptsMax = 5;
/** Another transaction has taken an IP, a MAC or a key; a deadlock; a lock not had in time. */
const inTheWay = new Set(["23505", "40P01", "40001", "55P03"]);
/** The pause before PostgreSQL is asked again about a transaction that has not ended yet, ms. */
const pauseMs = 100;
/** A key is there already. */
const repeated = "23505";
/** For how long after a repeat others are expected, ms: a batch that is stored as new fails for one, and is sent again. */
const repeatsMs = 60_000;

export class PostgresLane {
  /** Until when repeats are expected, by `performance.now()`. */
  #repeatsUntil = 0;

  /**
   * @param fence that of this process
   * @param carried the keys of reports that were copied into this database
   * @param asked the devices with kept questions, of all lanes; those that come are added
   * @param numbers gives the numbers of reports, in all lanes
   * @param onFenced called when a batch was refused because this node did not show that it lives
   */
  constructor(
    private readonly connector: Connector,
    private readonly fence: Fence,
    private readonly carried: CarriedKeys,
    private readonly asked: AskedDevices,
    private readonly numbers: { begin(): BatchNumbers },
    private readonly onFenced: () => Promise<void>,
  ) {}

  /**
   * Carries out a batch.
   * @throws StoreFailure `unavailable` at once while there is no connection; it rejects with the other failures
   */
  apply(steps: readonly Step[]): readonly StepResult[] | Promise<readonly StepResult[]> {
    if (steps.length === 0) return [];
    if (this.connector.writer === null) throw new StoreFailure("unavailable", this.connector.why);
    return this.#apply(steps);
  }

  async #apply(steps: readonly Step[]): Promise<readonly StepResult[]> {
    const numbers = this.numbers.begin();
    try {
      const keyOf = await this.#keysOf(steps);
      const isPlain = (step: Step): step is ReportStep => isPlainReport(step, this.asked);
      const results = steps.every(isPlain)
        ? await this.#storeReports(steps, keyOf, numbers)
        : await this.#transact(steps, keyOf, numbers);
      numbers.end(true);
      return results;
    } catch (error) {
      numbers.end(false);
      if (error instanceof Fenced) await this.onFenced().catch(() => {});
      else if (error instanceof Lost) this.connector.lose(error.message);
      throw new StoreFailure(failingOf(error), wordsOf(error), { cause: error });
    }
  }

  /** The keys of a batch: a report that was copied into this database has another one than its DATA would get now. */
  async #keysOf(steps: readonly Step[]): Promise<KeyOf> {
    const carried = this.carried.among(steps);
    if (carried.size === 0) return ownKeyOf;
    const { writer } = this.connector;
    if (writer === null) throw new Lost(this.connector.why);
    const stored = foundIn(await writer.query(...findCarried([...carried.values()])));
    return (step) => {
      const key = carried.get(step);
      return key !== undefined && stored.has(key) ? key : ownKeyOf(step);
    };
  }

  /**
   * Stores reports with one statement. If its answer is lost it is sent again: those that were stored have the numbers of
   * this batch, and any other stored one is an earlier report.
   */
  async #storeReports(
    steps: readonly ReportStep[],
    keyOf: KeyOf,
    given: BatchNumbers,
  ): Promise<StepResult[]> {
    const keys = steps.map(keyOf);
    // In the order of their first places: the numbers of a device's reports are in the order in which they came.
    const places = new Map<string, number>();
    for (const [place, key] of keys.entries()) if (!places.has(key)) places.set(key, place);
    const firsts = [...places.values()];
    const numbers = await given.next(firsts.length);
    const own = new Map(firsts.map((place, i) => [keys[place] as string, numbers[i] as number]));
    const reports = firsts.map((place) => {
      const key = keys[place] as string;
      const { report, session } = steps[place] as ReportStep;
      return { report, session, key, sequence: own.get(key) as number };
    });
    const strangers = new Set<string>();
    const keyAt = new Map(reports.map(({ sequence, key }) => [sequence, key]));
    const found = await this.#untilKnown(async (writer) => {
      strangers.clear();
      const missed = await this.#insert(writer, reports, given.until);
      if (missed.length === 0) return new Map<string, number>();
      const left = missed.map((sequence) => keyAt.get(sequence) as string);
      const [known, alive] = await writer.send([
        findReports(left),
        aliveNow(this.fence, given.until),
        // Else its own commit has waited.
        ...(left.length === reports.length ? [untilOnStandbys] : []),
      ]);
      const stored = foundOf(known as Rows);
      for (const key of left) if (!stored.has(key)) strangers.add(key);
      if (strangers.size > 0 && alive?.length === 0) throw new Fenced();
      return stored;
    });
    return steps.map((_, place) => {
      const key = keys[place] as string;
      if (strangers.has(key)) return { kind: "no-session" };
      const ownNumber = own.get(key) as number;
      const sequence = found.get(key) ?? ownNumber;
      return {
        kind: "report",
        sequence,
        repeated: sequence !== ownNumber || places.get(key) !== place,
      };
    });
  }

  /**
   * Stores reports: as new ones, unless there were repeats lately.
   * @returns the numbers of those that were not stored, or by an earlier attempt
   */
  async #insert(
    writer: Writer,
    reports: readonly NewReport[],
    until: number,
  ): Promise<readonly number[]> {
    if (performance.now() >= this.#repeatsUntil) {
      try {
        const { count } = await writer.query(...insertNew(reports, this.fence, until));
        if (count === reports.length) return [];
      } catch (error) {
        if (stateOf(error) !== repeated) throw error;
        this.#repeatsUntil = performance.now() + repeatsMs;
      }
    }
    const rows = await writer.query(...insertMissing(reports, this.fence, until));
    return rows.map(({ sequence }) => sequence as number);
  }

  /** Carries out a batch in a transaction. If its answer is lost, PostgreSQL is asked whether it was committed. */
  async #transact(
    steps: readonly Step[],
    keyOf: KeyOf,
    given: BatchNumbers,
  ): Promise<readonly StepResult[]> {
    const end = performance.now() + unknownMs;
    for (let attempt = 1; ; attempt++) {
      let results: readonly StepResult[] | null = null;
      const writer = await this.connector.reconnected(end);
      try {
        results = await new Transaction(writer, steps, {
          fence: this.fence,
          keyOf,
          mayHaveQuestions: (device) => this.asked.mayHave(device, null),
          numbers: given,
          onQuestion: (device, time) => this.asked.note(device, time),
          isAgain: attempt > 1,
        }).run();
      } catch (error) {
        if (error instanceof CommitLost) results = await this.#resultsOf(error, given);
        else if (attempt === attemptsMax || !inTheWay.has(stateOf(error))) throw error;
      }
      if (results !== null) return results;
    }
  }

  /** What a transaction gives whose commit was not answered; null if it was rolled back. @throws StoreFailure `unknown` */
  async #resultsOf(
    { transaction, timeline, results }: CommitLost,
    given: BatchNumbers,
  ): Promise<readonly StepResult[] | null> {
    const end = performance.now() + unknownMs;
    return this.#untilKnown(async (writer) => {
      while (performance.now() < end) {
        const status = await statusOf(writer, transaction);
        if (status === "committed") {
          if (writer.timeline !== timeline) {
            const words = "its result is not known: another server of PostgreSQL leads";
            throw new StoreFailure("unknown", words);
          }
          const [newest] = await writer.send([newestBlock, untilOnStandbys]);
          given.raise(newest?.[0]?.["first"] as number);
          return results;
        }
        if (status === "aborted") return null;
        await Bun.sleep(pauseMs);
      }
      throw new StoreFailure("unknown", `transaction ${transaction} has not ended`);
    }, end);
  }

  /** Tries something over one connection after the other, until it is not lost. @throws StoreFailure `unknown` */
  async #untilKnown<T>(attempt: (writer: Writer) => Promise<T>, until?: number): Promise<T> {
    let end = until;
    for (;;) {
      try {
        return await attempt(await this.connector.reconnected(end ?? performance.now()));
      } catch (error) {
        if (!(error instanceof Lost)) throw error;
        end ??= performance.now() + unknownMs;
        this.connector.lose(error.message);
        if (performance.now() >= end || this.connector.isOver) {
          throw new StoreFailure("unknown", `its result is not known: ${error.message}`);
        }
      }
    }
  }
}

/** The key of each report of a batch. */
type KeyOf = (step: ReportStep) => string;

const ownKeyOf: KeyOf = ({ origin }) => reportKeyOf(origin);

/** What became of a transaction, as PostgreSQL says. */
async function statusOf(writer: Writer, transaction: string): Promise<unknown> {
  try {
    const [row] = await writer.query("SELECT pg_xact_status($1::text::xid8) AS it", [transaction]);
    return row?.["it"];
  } catch (error) {
    // A server that took over has never heard of it, so it cannot have been committed there.
    if (stateOf(error) === "22023") return "aborted";
    throw error;
  }
}
