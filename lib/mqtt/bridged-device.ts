// What the bridge remembers of a device: its newest report, the fields that its reports had, and what was last told. Pure.

import { numbersIn, unitsIn } from "../fleet/numbers-in-messages.ts";
import type { Report } from "../server/rows.ts";
import { fieldsMax, type SeenField } from "./discovery.ts";
import { reportPayload } from "./payloads.ts";

/** A field that is not seen for this long is removed, ms. */
export const fieldKeptMs = 30 * 86_400_000;
/** Fields a device that are remembered. */
const fieldsKeptMax = 2 * fieldsMax;

/** The newest report of a device. */
export type Newest = Pick<Report, "received" | "code" | "message">;

/** What was made of a report. */
type Made = {
  readonly newest: Newest;
  readonly payload: string;
  readonly numbers: readonly (readonly [name: string, value: number])[];
};

export class BridgedDevice {
  newest: Newest | null = null;
  /** Its number. */
  #sequence = -1;
  /** The payloads that were told last, to tell only of changes; empty: none. */
  toldConfig = "";
  toldDevice = "";
  /** When its configuration was told, by the monotonic clock, ms. */
  configAt = Number.NEGATIVE_INFINITY;
  #made: Made | null = null;
  readonly #fields = new Map<string, { unit: string | null; seenAt: number; isGone: boolean }>();

  constructor(
    readonly id: string,
    public mac: string,
    /** ms since 1970. */
    public registered: number,
  ) {}

  /** The fields of its reports, in the order they were first seen. */
  get fields(): readonly SeenField[] {
    return Array.from(this.#fields, ([name, { unit, isGone }]) => ({ name, unit, isGone }));
  }

  /** Notes a report if it is the newest. @returns whether it is */
  note(sequence: number, report: Newest): boolean {
    if (this.#sequence >= sequence) return false;
    this.#sequence = sequence;
    this.newest = report;
    return true;
  }

  /**
   * The payload of its newest report, whose fields are noted.
   * @param now the monotonic clock, ms
   * @returns `isNews`: whether fields have come, gone or changed their units
   */
  statePayload(newest: Newest, now: number): { payload: string; isNews: boolean } {
    const { payload, numbers } = this.#payloadOf(newest);
    const isNews = this.#noteFields(numbers, newest.message, now);
    return { payload, isNews };
  }

  /** The payload of its newest report, of which nothing is noted. */
  payloadOf(newest: Newest): string {
    return this.#payloadOf(newest).payload;
  }

  /** A report is mostly told twice: as a report, and in the state. */
  #payloadOf(newest: Newest): Made {
    if (this.#made?.newest === newest) return this.#made;
    const numbers = numbersIn(newest.message);
    const made = { newest, numbers, payload: reportPayload(newest, numbers) };
    this.#made = made;
    return made;
  }

  /** Notes fields that were told before the server started, unless reports have shown them already. */
  recall(fields: readonly Omit<SeenField, "isGone">[], now: number): void {
    for (const { name, unit } of fields) {
      if (this.#fields.has(name) || this.#fields.size >= fieldsKeptMax) continue;
      this.#fields.set(name, { unit, seenAt: now, isGone: false });
    }
  }

  /** The configuration was told: what has gone needs not be told again. */
  forgetGone(): void {
    for (const [name, { isGone }] of this.#fields) if (isGone) this.#fields.delete(name);
  }

  #noteFields(
    numbers: readonly (readonly [name: string, value: number])[],
    message: string,
    now: number,
  ): boolean {
    let isNews = false;
    const units = numbers.length === 0 ? null : unitsIn(message);
    for (const [name] of numbers) {
      const unit = units?.get(name) ?? null;
      const known = this.#fields.get(name);
      if (known === undefined) {
        if (this.#fields.size >= fieldsKeptMax) continue;
        this.#fields.set(name, { unit, seenAt: now, isGone: false });
        isNews = true;
        continue;
      }
      // A number without its unit, once, does not make it another sensor.
      const isOther = (unit !== null && known.unit !== unit) || known.isGone;
      isNews ||= isOther;
      known.unit = unit ?? known.unit;
      known.seenAt = now;
      known.isGone = false;
    }
    for (const field of this.#fields.values()) {
      if (field.isGone || now - field.seenAt < fieldKeptMs) continue;
      field.isGone = true;
      isNews = true;
    }
    return isNews;
  }
}
