// Owns the rows of `registrar`: reads and writes devices. Never decides anything.

import type { Database, Statement } from "bun:sqlite";
import { comparableMac } from "../../../protocol/fields.ts";
import type { DeviceFacts, DeviceRow, DeviceSecrets, Touch } from "../../../server/rows.ts";
import type { DeviceChange, Keys } from "../../../server/store-port.ts";
import { prepare } from "../file/statements.ts";

/** The columns of `DeviceRow` in the table `registrar AS r`. */
export const deviceColumns = `r.id, r.mac, r.ip, r.port, r.registered, r.repeats, r.sealed_key AS sealedKey,
  r.text_locked AS textLocked`;

/** A row of `deviceColumns` as SQLite gives it. */
export type RawDevice = Omit<DeviceRow, "textLocked"> & { readonly textLocked: number };

/** The device in a row of `deviceColumns`; other columns stay as they are. */
export function deviceOf<Raw extends { readonly textLocked: number }>(
  raw: Raw,
): Omit<Raw, "textLocked"> & { readonly textLocked: boolean } {
  return { ...raw, textLocked: raw.textLocked !== 0 };
}

export class DeviceRows {
  readonly #byId: Statement<RawDevice & DeviceSecrets>;
  readonly #ipHolder: Statement<{ id: string }>;
  readonly #addressHolder: Statement<{ id: string }>;
  readonly #macHolder: Statement<{ id: string }>;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #remove: Statement;
  readonly #countRepeats: Statement;

  constructor(database: Database) {
    this.#byId = prepare(
      database,
      `SELECT ${deviceColumns}, r.password AS hash, r.stored_proof AS storedProof
       FROM registrar AS r WHERE r.id = ?`,
    );
    const holder = "SELECT id FROM registrar WHERE ip = ?1 AND id <> ?2";
    this.#ipHolder = prepare(database, `${holder} LIMIT 1`);
    this.#addressHolder = prepare(database, `${holder} AND port = ?3 LIMIT 1`);
    this.#macHolder = prepare(
      database,
      "SELECT id FROM registrar WHERE mac_key = ? AND id <> ? LIMIT 1",
    );
    this.#insert = prepare(
      database,
      `INSERT INTO registrar (id, mac, mac_key, ip, port, password, registered, updated, first_session)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7,
         coalesce((SELECT seq + 1 FROM sqlite_sequence WHERE name = 'login'), 0))`,
    );
    this.#update = prepare(
      database,
      `UPDATE registrar SET ip = coalesce(?2, ip), port = coalesce(?3, port),
         sealed_key = coalesce(?4, sealed_key), stored_proof = coalesce(?5, stored_proof),
         text_locked = coalesce(?6, text_locked), updated = coalesce(?7, updated),
         password = coalesce(?8, password)
       WHERE id = ?1`,
    );
    this.#remove = prepare(database, "DELETE FROM registrar WHERE id = ?");
    this.#countRepeats = prepare(
      database,
      "UPDATE registrar SET repeats = repeats + ? WHERE id = ?",
    );
  }

  /** The device with this id, or null. */
  get(id: string): (DeviceRow & DeviceSecrets) | null {
    const row = this.#byId.get(id);
    return row === null ? null : deviceOf(row);
  }

  /** Another device that has the ip, with the port if there is one; or null. */
  ipHolder({ besides, ip, port }: NonNullable<Keys["ipHolder"]>): string | null {
    const holder =
      port === null ? this.#ipHolder.get(ip, besides) : this.#addressHolder.get(ip, besides, port);
    return holder?.id ?? null;
  }

  /** Another device that has the MAC in any notation, or null. */
  macHolder({ besides, mac }: NonNullable<Keys["macHolder"]>): string | null {
    return this.#macHolder.get(comparableMac(mac), besides)?.id ?? null;
  }

  /** Adds a device; `at` in ms since 1970. */
  insert({ id, mac, ip, port }: DeviceFacts, hash: string, at: number): void {
    this.#insert.run(id, mac, comparableMac(mac), ip, port, hash, at);
  }

  /** Changes a device, if it exists. @param at when the device registered the change, ms since 1970, or null */
  update(id: string, change: DeviceChange, at: number | null): void {
    const { ip, port, hash, sealedKey, storedProof, textLocked } = change;
    const address = [ip ?? null, port ?? null] as const;
    const isLocked = textLocked === undefined ? null : Number(textLocked);
    const seal = [sealedKey ?? null, storedProof ?? null, isLocked] as const;
    this.#update.run(id, ...address, ...seal, at, hash ?? null);
  }

  /** Deletes a device, if it exists. */
  remove(id: string): void {
    this.#remove.run(id);
  }

  /** Adds to the counts of repeated reports. */
  countRepeats(touches: readonly Touch[]): void {
    for (const { device, repeats } of touches) {
      if (repeats > 0) this.#countRepeats.run(repeats, device);
    }
  }
}
