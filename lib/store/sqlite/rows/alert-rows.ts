// Owns the rows of alerts, of their settings and of their messages: writes a commit of them. Runs inside the caller's
// transaction. Decides nothing but what goes because there is too much of it.

import type { Database, Statement } from "bun:sqlite";
import { alertLimits } from "../../../server/alert-store.ts";
import { type AlertWrites, endsSome } from "../../alert-writes.ts";
import { prepare } from "../file/statements.ts";

export class AlertRows {
  readonly #putSetting: Statement;
  readonly #removeSetting: Statement;
  readonly #putAlert: Statement;
  readonly #removeAlert: Statement;
  readonly #putDelivery: Statement;
  readonly #removeResolved: Statement;
  readonly #removeEnded: Statement;
  readonly #mark: Statement;

  constructor(database: Database) {
    this.#putSetting = prepare(
      database,
      `INSERT INTO alert_setting (kind, name, value) VALUES (?1, ?2, ?3)
       ON CONFLICT (kind, name) DO UPDATE SET value = ?3`,
    );
    this.#removeSetting = prepare(
      database,
      "DELETE FROM alert_setting WHERE kind = ? AND name = ?",
    );
    this.#putAlert = prepare(
      database,
      `INSERT INTO alert (number, rule, device, state, value, since, fired, resolved, notified, notices)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
       ON CONFLICT (number) DO UPDATE SET rule = ?2, device = ?3, state = ?4, value = ?5, since = ?6, fired = ?7,
         resolved = ?8, notified = ?9, notices = ?10`,
    );
    this.#removeAlert = prepare(database, "DELETE FROM alert WHERE number = ?");
    this.#putDelivery = prepare(
      database,
      `INSERT INTO alert_delivery (number, destination, body, created, tries, status, ended)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
       ON CONFLICT (number) DO UPDATE SET destination = ?2, body = ?3, created = ?4, tries = ?5, status = ?6, ended = ?7`,
    );
    this.#removeResolved = prepare(
      database,
      `DELETE FROM alert WHERE state = 'resolved' AND number <= (SELECT number FROM alert
         WHERE state = 'resolved' ORDER BY number DESC LIMIT 1 OFFSET ${alertLimits.resolvedAlerts})`,
    );
    this.#removeEnded = prepare(
      database,
      `DELETE FROM alert_delivery WHERE ended IS NOT NULL AND number <= (SELECT number FROM alert_delivery
         WHERE ended IS NOT NULL ORDER BY number DESC LIMIT 1 OFFSET ${alertLimits.endedDeliveries})`,
    );
    this.#mark = prepare(
      database,
      `INSERT INTO alert_mark (id, alert, delivery, settings) VALUES (1, ?1, ?2, ?3)
       ON CONFLICT (id) DO UPDATE SET alert = max(alert, ?1), delivery = max(delivery, ?2), settings = settings + ?3`,
    );
  }

  /** Writes a commit. @throws errors of SQLite, also if a rule has two open alerts for one device then */
  write(writes: AlertWrites): void {
    const { removedSettings, settings, removedAlerts, alerts, deliveries, highest } = writes;
    for (const { kind, name } of removedSettings) this.#removeSetting.run(kind, name);
    for (const { kind, name, value } of settings) this.#putSetting.run(kind, name, value);
    for (const number of removedAlerts) this.#removeAlert.run(number);
    for (const row of alerts) {
      const { number, rule, device, state, value, since, fired, resolved, notified, notices } = row;
      const times = [since, fired, resolved, notified] as const;
      this.#putAlert.run(number, rule, device, state, value, ...times, notices);
    }
    for (const { number, destination, body, created, tries, status, ended } of deliveries) {
      this.#putDelivery.run(number, destination, body, created, tries, status, ended);
    }
    const ends = endsSome(writes);
    if (ends.alerts) this.#removeResolved.run();
    if (ends.deliveries) this.#removeEnded.run();
    const changed = settings.length + removedSettings.length > 0 ? 1 : 0;
    if (highest.alert + highest.delivery + changed > 0) {
      this.#mark.run(highest.alert, highest.delivery, changed);
    }
  }
}
