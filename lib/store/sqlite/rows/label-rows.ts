// Owns the rows of `label`: the labels of devices, also of those that are not registered now. Never decides which they are.

import type { Database, Statement } from "bun:sqlite";
import { labelsIn } from "../../../server/labels.ts";
import type { DeviceLabels } from "../../../server/rows.ts";
import type { Write } from "../../../server/store-port.ts";
import { prepare } from "../file/statements.ts";

/** SQL for the labels of the device in row `r` of `registrar`, as JSON. */
export const labelsOfDevice =
  "(SELECT json_group_object(key, value) FROM label WHERE device = r.id)";

export class LabelRows {
  readonly #of: Statement<{ macKey: string | null; labels: string }>;
  readonly #set: Statement;
  readonly #remove: Statement;

  constructor(database: Database) {
    this.#of = prepare(
      database,
      `SELECT max(mac_key) AS macKey, json_group_object(key, value) AS labels FROM label WHERE device = ?`,
    );
    this.#set = prepare(
      database,
      `INSERT INTO label (device, key, value, mac_key) VALUES (?1, ?2, ?3, ?4)
       ON CONFLICT (device, key) DO UPDATE SET value = ?3, mac_key = ?4`,
    );
    this.#remove = prepare(database, "DELETE FROM label WHERE device = ? AND key = ?");
  }

  /** The labels of an id, or null if it has none. */
  of(device: string): DeviceLabels | null {
    const { macKey, labels } = this.#of.get(device) as { macKey: string | null; labels: string };
    return macKey === null ? null : { macKey, labels: labelsIn(labels) };
  }

  /** Changes the labels of a device. */
  change({ device, macKey, changes }: Extract<Write, { kind: "change-labels" }>): void {
    for (const { key, value } of changes) {
      if (value === null) this.#remove.run(device, key);
      else this.#set.run(device, key, value, macKey);
    }
  }
}
