// Owns the alerts of the store on PostgreSQL, over a connection of its own: no batch of devices waits for it, and no read of
// operators keeps it waiting. What one server commits the others read. Never knows what an alert means.

import {
  type AlertChange,
  alertLimits,
  type AlertQuery,
  type AlertRow,
  type AlertSetting,
  type AlertStore,
  type DeliveryRow,
} from "../../../server/alert-store.ts";
import {
  type AlertWrites,
  needsLead,
  settingsChanged,
  settingsMax,
  writesOf,
} from "../../alert-writes.ts";
import { isStorable } from "../connection/arrays.ts";
import type { Readers } from "../connection/readers.ts";
import type { Rows } from "../connection/writer.ts";
import type { Fence } from "../nodes/claim.ts";
import { leading, marking, markingAsLeader, markingAtRevision, notLeading } from "./alert-lead.ts";
import {
  alertColumns,
  alertOf,
  deliveryColumns,
  deliveryOf,
  type RawDelivery,
  type RawSetting,
  settingOf,
  writing,
} from "./alert-rows.ts";

const allSettings = `SELECT kind, name, value FROM alert_setting ORDER BY kind, name LIMIT ${settingsMax}`;
const isOpen = "state IN ('pending', 'firing')";

export class PostgresAlerts implements AlertStore {
  /**
   * @param readers with one connection, so that what is sent first is done first
   * @param fence that of this process
   */
  constructor(
    private readonly readers: Pick<Readers, "read" | "transact">,
    private readonly fence: Fence,
  ) {}

  async settings(): Promise<readonly AlertSetting[]> {
    return (await this.readers.read<RawSetting>(allSettings)).map(settingOf);
  }

  async settingsRevision(): Promise<number> {
    const [row] = await this.readers.read<{ settings: number }>(
      "SELECT settings::float8 AS settings FROM alert_mark",
    );
    return (row as { settings: number }).settings;
  }

  async open(): Promise<readonly AlertRow[]> {
    const rows = await this.readers.read<AlertRow>(
      `SELECT ${alertColumns} FROM alert WHERE ${isOpen} ORDER BY alert.number LIMIT ${alertLimits.openAlerts}`,
    );
    return rows.map(alertOf);
  }

  async waiting(): Promise<readonly DeliveryRow[]> {
    const rows = await this.readers.read<RawDelivery>(
      `SELECT ${deliveryColumns} FROM alert_delivery WHERE ended IS NULL
       ORDER BY alert_delivery.number LIMIT ${alertLimits.waitingDeliveries}`,
    );
    return rows.map(deliveryOf);
  }

  async lastTried(): Promise<readonly DeliveryRow[]> {
    const rows = await this.readers.read<RawDelivery>(
      `SELECT ${deliveryColumns} FROM alert_delivery WHERE number IN (
         SELECT max(number) FROM alert_delivery WHERE ended IS NOT NULL OR tries > 0 GROUP BY destination)
       ORDER BY alert_delivery.number`,
    );
    return rows.map(deliveryOf);
  }

  async next(): Promise<{ readonly alert: number; readonly delivery: number }> {
    const [row] = await this.readers.read<{ alert: number; delivery: number }>(
      "SELECT (alert + 1)::float8 AS alert, (delivery + 1)::float8 AS delivery FROM alert_mark",
    );
    const { alert, delivery } = row as { alert: number; delivery: number };
    return { alert, delivery };
  }

  async alerts({ state, rule, device, before, limit }: AlertQuery): Promise<readonly AlertRow[]> {
    const conditions = ["number < $1::float8::bigint"];
    const values: (string | number)[] = [Math.min(before, Number.MAX_SAFE_INTEGER), limit];
    if (state === "open") conditions.push(isOpen);
    const given = { state: state === "open" ? null : state, rule, device };
    for (const [column, value] of Object.entries(given)) {
      if (value === null) continue;
      if (!isStorable(value)) return [];
      values.push(value);
      conditions.push(`${column} = $${values.length}`);
    }
    const rows = await this.readers.read<AlertRow>(
      `SELECT ${alertColumns} FROM alert WHERE ${conditions.join(" AND ")} ORDER BY alert.number DESC LIMIT $2::int`,
      values,
    );
    return rows.map(alertOf);
  }

  /** The same commit can be sent again, so it is when its answer is lost. */
  async commit(changes: readonly AlertChange[], revision: number | null = null): Promise<void> {
    if (changes.length === 0) return;
    const writes = writesOf(changes);
    const { highest, settings, removedSettings } = writes;
    const changed = settings.length + removedSettings.length > 0 ? 1 : 0;
    const marks = [highest.alert, highest.delivery, changed];
    const { node, epoch } = this.fence;
    let attempts = 0;
    await this.readers.transact(async (query) => {
      attempts++;
      if (revision !== null) {
        const marked = await query(markingAtRevision, [...marks, revision]);
        if (marked.count !== 1) {
          // The commit itself may have changed them, and its answer be lost.
          if (attempts > 1 && areWritten(writes, await query(allSettings))) return;
          throw settingsChanged();
        }
      } else {
        const marked = needsLead(writes)
          ? await query(markingAsLeader, [...marks, node, epoch])
          : await query(marking, marks);
        if (marked.count !== 1) throw notLeading();
      }
      for (const [text, values] of writing(writes)) await query(text, values);
    });
  }

  async lead(): Promise<boolean> {
    const { node, epoch } = this.fence;
    const [row] = await this.readers.read<{ leads: boolean }>(leading, [node, epoch]);
    return row?.leads === true;
  }
}

/** Whether the settings are what a commit makes of them. */
function areWritten({ settings, removedSettings }: AlertWrites, rows: Rows) {
  const keyOf = ({ kind, name }: Pick<AlertSetting, "kind" | "name">) => `${kind} ${name}`;
  const now = new Map(
    (rows as unknown as RawSetting[]).map((row) => [keyOf(row), settingOf(row).value]),
  );
  return (
    settings.every((setting) => now.get(keyOf(setting)) === setting.value) &&
    removedSettings.every((setting) => !now.has(keyOf(setting)))
  );
}
