// Owns the alerts of the store on SQLite: reads over the connection of operators, commits over that of the batches, between
// two of them. Never knows what an alert means.

import type { Database, Statement } from "bun:sqlite";
import {
  type AlertChange,
  alertLimits,
  type AlertQuery,
  type AlertRow,
  type AlertSetting,
  type AlertStore,
  type DeliveryRow,
} from "../../server/alert-store.ts";
import { checkRevision, settingsMax, writesOf } from "../alert-writes.ts";
import { prepare } from "./file/statements.ts";
import type { AlertRows } from "./rows/alert-rows.ts";
import type { SqliteStore } from "./sqlite-store.ts";

const alertColumns =
  "number, rule, device, state, value, since, fired, resolved, notified, notices";
const deliveryColumns = "number, destination, body, created, tries, status, ended";
/** SQL for the alerts that are not resolved, for which there is an index. */
const isOpen = "state IN ('pending', 'firing')";

type Marks = { readonly alert: number; readonly delivery: number; readonly settings: number };

export class SqliteAlerts implements AlertStore {
  readonly #settings: Statement<AlertSetting>;
  readonly #open: Statement<AlertRow>;
  readonly #waiting: Statement<DeliveryRow>;
  readonly #lastTried: Statement<DeliveryRow>;
  readonly #marks: Statement<Marks>;
  /** The lists of alerts that were asked for, by their conditions: there are 16. */
  readonly #lists = new Map<string, Statement<AlertRow>>();

  /**
   * @param beside reads; closed by whoever opened it
   * @param store whose connection writes
   */
  constructor(
    private readonly beside: Database,
    private readonly store: Pick<SqliteStore, "transact" | "noteError">,
    private readonly rows: AlertRows,
  ) {
    this.#settings = prepare(
      beside,
      `SELECT kind, name, value FROM alert_setting ORDER BY kind, name LIMIT ${settingsMax}`,
    ) as Statement<AlertSetting>;
    this.#open = prepare(
      beside,
      `SELECT ${alertColumns} FROM alert WHERE ${isOpen} ORDER BY number LIMIT ${alertLimits.openAlerts}`,
    ) as Statement<AlertRow>;
    this.#waiting = prepare(
      beside,
      `SELECT ${deliveryColumns} FROM alert_delivery WHERE ended IS NULL
       ORDER BY number LIMIT ${alertLimits.waitingDeliveries}`,
    ) as Statement<DeliveryRow>;
    this.#lastTried = prepare(
      beside,
      `SELECT ${deliveryColumns} FROM alert_delivery WHERE number IN (
         SELECT max(number) FROM alert_delivery WHERE ended IS NOT NULL OR tries > 0 GROUP BY destination) ORDER BY number`,
    ) as Statement<DeliveryRow>;
    this.#marks = prepare(
      beside,
      "SELECT alert, delivery, settings FROM alert_mark",
    ) as Statement<Marks>;
  }

  settings(): readonly AlertSetting[] {
    return this.#read(() => this.#settings.all());
  }

  settingsRevision(): number {
    return this.#read(() => this.#marks.get()?.settings ?? 0);
  }

  open(): readonly AlertRow[] {
    return this.#read(() => this.#open.all());
  }

  waiting(): readonly DeliveryRow[] {
    return this.#read(() => this.#waiting.all());
  }

  lastTried(): readonly DeliveryRow[] {
    return this.#read(() => this.#lastTried.all());
  }

  next(): { readonly alert: number; readonly delivery: number } {
    const { alert = 0, delivery = 0 } = this.#read(() => this.#marks.get()) ?? {};
    return { alert: alert + 1, delivery: delivery + 1 };
  }

  alerts({ state, rule, device, before, limit }: AlertQuery): readonly AlertRow[] {
    const conditions = ["number < ?"];
    const values: (string | number)[] = [Math.min(before, Number.MAX_SAFE_INTEGER)];
    if (state === "open") conditions.push(isOpen);
    const given = { state: state === "open" ? null : state, rule, device };
    for (const [column, value] of Object.entries(given)) {
      if (value === null) continue;
      conditions.push(`${column} = ?`);
      values.push(value);
    }
    return this.#read(() => this.#list(conditions.join(" AND ")).all(...values, limit));
  }

  commit(changes: readonly AlertChange[], revision: number | null = null): void {
    const writes = writesOf(changes);
    // One process writes to the file, so nothing can change between this look and the transaction.
    checkRevision(revision, this.settingsRevision());
    this.store.transact(() => this.rows.write(writes));
  }

  lead(): boolean {
    return true;
  }

  #list(conditions: string): Statement<AlertRow> {
    const known = this.#lists.get(conditions);
    if (known !== undefined) return known;
    const sql = `SELECT ${alertColumns} FROM alert WHERE ${conditions} ORDER BY number DESC LIMIT ?`;
    const list = prepare(this.beside, sql) as Statement<AlertRow>;
    this.#lists.set(conditions, list);
    return list;
  }

  #read<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      this.store.noteError(error);
      throw error;
    }
  }
}
