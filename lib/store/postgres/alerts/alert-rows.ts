// The rows of alerts, of their settings and of their messages in PostgreSQL: columns, what their values become, and the
// statements of a commit. Texts that may have a NUL are in UTF-8. Runs nothing.

import {
  alertLimits,
  type AlertRow,
  type AlertSetting,
  type DeliveryRow,
} from "../../../server/alert-store.ts";
import { type AlertWrites, endsSome } from "../../alert-writes.ts";
import { byteaText, numberArray, textArray } from "../connection/arrays.ts";
import type { Statement } from "../connection/writer.ts";

/** The columns of an alert. */
export const alertColumns = `number::float8 AS number, rule, device, state, value, since::float8 AS since,
  fired::float8 AS fired, resolved::float8 AS resolved, notified::float8 AS notified, notices::float8 AS notices`;

/** The columns of a message. */
export const deliveryColumns = `number::float8 AS number, destination, body, created::float8 AS created,
  tries::float8 AS tries, status, ended::float8 AS ended`;

/** A row whose texts are still bytes. */
export type RawSetting = Omit<AlertSetting, "value"> & { readonly value: Uint8Array };
/** As `RawSetting`. */
export type RawDelivery = Omit<DeliveryRow, "body" | "status"> & {
  readonly body: Uint8Array;
  readonly status: Uint8Array;
};

/** The setting in a row. */
export function settingOf({ kind, name, value }: RawSetting): AlertSetting {
  return { kind, name, value: textOf(value) };
}

/** The alert in a row of `alertColumns`. */
export function alertOf(raw: AlertRow): AlertRow {
  const { number, rule, device, state, value, since, fired, resolved, notified, notices } = raw;
  return { number, rule, device, state, value, since, fired, resolved, notified, notices };
}

/** The message in a row of `deliveryColumns`. */
export function deliveryOf(raw: RawDelivery): DeliveryRow {
  const { number, destination, created, tries, ended } = raw;
  const [body, status] = [textOf(raw.body), textOf(raw.status)];
  return { number, destination, body, created, tries, status, ended };
}

/** The statements of a commit, in their order, all but the one that fences it. */
export function writing(writes: AlertWrites): Statement[] {
  const { removedSettings, settings, removedAlerts, alerts, deliveries } = writes;
  const ends = endsSome(writes);
  return [
    ...(removedSettings.length > 0 ? [removingSettings(removedSettings)] : []),
    ...(settings.length > 0 ? [puttingSettings(settings)] : []),
    ...(removedAlerts.length > 0 ? [removingAlerts(removedAlerts)] : []),
    ...(alerts.length > 0 ? [puttingAlerts(alerts)] : []),
    ...(deliveries.length > 0 ? [puttingDeliveries(deliveries)] : []),
    ...(ends.alerts ? [removingResolved] : []),
    ...(ends.deliveries ? [removingEnded] : []),
  ];
}

function removingSettings(settings: AlertWrites["removedSettings"]): Statement {
  return [
    `DELETE FROM alert_setting AS s USING unnest($1::text[], $2::text[]) AS gone (kind, name)
     WHERE s.kind = gone.kind AND s.name = gone.name`,
    [textArray(settings.map(({ kind }) => kind)), textArray(settings.map(({ name }) => name))],
  ];
}

function puttingSettings(settings: readonly AlertSetting[]): Statement {
  return [
    `INSERT INTO alert_setting (kind, name, value)
     SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[])
     ON CONFLICT (kind, name) DO UPDATE SET value = excluded.value`,
    [
      textArray(settings.map(({ kind }) => kind)),
      textArray(settings.map(({ name }) => name)),
      bytesArray(settings.map(({ value }) => value)),
    ],
  ];
}

function removingAlerts(numbers: readonly number[]): Statement {
  return ["DELETE FROM alert WHERE number = ANY($1::bigint[])", [numberArray(numbers)]];
}

function puttingAlerts(rows: readonly AlertRow[]): Statement {
  return [
    `INSERT INTO alert (number, rule, device, state, value, since, fired, resolved, notified, notices)
     SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::float8[], $6::bigint[], $7::bigint[],
       $8::bigint[], $9::bigint[], $10::bigint[]) AS given (number) ORDER BY given.number
     ON CONFLICT (number) DO UPDATE SET rule = excluded.rule, device = excluded.device, state = excluded.state,
       value = excluded.value, since = excluded.since, fired = excluded.fired, resolved = excluded.resolved,
       notified = excluded.notified, notices = excluded.notices`,
    [
      numberArray(rows.map(({ number }) => number)),
      textArray(rows.map(({ rule }) => rule)),
      textArray(rows.map(({ device }) => device)),
      textArray(rows.map(({ state }) => state)),
      numberArray(rows.map(({ value }) => value)),
      numberArray(rows.map(({ since }) => since)),
      numberArray(rows.map(({ fired }) => fired)),
      numberArray(rows.map(({ resolved }) => resolved)),
      numberArray(rows.map(({ notified }) => notified)),
      numberArray(rows.map(({ notices }) => notices)),
    ],
  ];
}

function puttingDeliveries(rows: readonly DeliveryRow[]): Statement {
  return [
    `INSERT INTO alert_delivery (number, destination, body, created, tries, status, ended)
     SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::bigint[], $5::bigint[], $6::bytea[], $7::bigint[])
     ON CONFLICT (number) DO UPDATE SET destination = excluded.destination, body = excluded.body,
       created = excluded.created, tries = excluded.tries, status = excluded.status, ended = excluded.ended`,
    [
      numberArray(rows.map(({ number }) => number)),
      textArray(rows.map(({ destination }) => destination)),
      bytesArray(rows.map(({ body }) => body)),
      numberArray(rows.map(({ created }) => created)),
      numberArray(rows.map(({ tries }) => tries)),
      bytesArray(rows.map(({ status }) => status)),
      numberArray(rows.map(({ ended }) => ended)),
    ],
  ];
}

const removingResolved: Statement = [
  `DELETE FROM alert WHERE state = 'resolved' AND number <= (SELECT number FROM alert
     WHERE state = 'resolved' ORDER BY number DESC OFFSET ${alertLimits.resolvedAlerts} LIMIT 1)`,
];

const removingEnded: Statement = [
  `DELETE FROM alert_delivery WHERE ended IS NOT NULL AND number <= (SELECT number FROM alert_delivery
     WHERE ended IS NOT NULL ORDER BY number DESC OFFSET ${alertLimits.endedDeliveries} LIMIT 1)`,
];

function bytesArray(texts: readonly string[]): string {
  return textArray(texts.map((text) => byteaText(Buffer.from(text))));
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}
