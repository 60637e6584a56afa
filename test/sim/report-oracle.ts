// What is known of reports outside the server: which were sent, which were taken as delivered, which datagrams the
// network damaged. Compares that with the rows: an acknowledged report is stored, once, in order.

import type { Database } from "bun:sqlite";
import { decode } from "../../lib/protocol/decode.ts";
import type { Data } from "../../lib/protocol/messages.ts";
import type { ReportStep, ReportStored } from "../../lib/server/store-port.ts";
import type { Report } from "../../lib/server/rows.ts";
import { hold } from "./violation.ts";

type Row = { device: string; time: string; code: string; message: string; key: number };

/** A report by the fields of its row. */
function nameOf({ device, time, code, message }: Omit<Row, "key">): string {
  return `${device} ${time} ${code} ${message}`;
}

function nameOfData({ id, time, code, message }: Data): string {
  return nameOf({ device: id, time, code, message });
}

/** The report in a text message, or null if it is none. */
export function reportIn(text: string): Data | null {
  const decoded = decode(Buffer.from(text));
  return decoded.ok && decoded.message.type === "DATA" ? decoded.message : null;
}

/** The key of a datagram in its row: 48 bits of its SHA-256. */
export function keyOf(hash: string): number {
  return Number.parseInt(hash.slice(0, 12), 16);
}

export class ReportOracle {
  /** Reports that left a device, in the order they were sent. */
  readonly #sent = new Set<string>();
  readonly #delivered = new Set<string>();
  /** Keys of damaged datagrams: such a datagram may be stored, as another report. */
  readonly #damaged = new Set<number>();
  readonly #stored = new Set<number>();
  /** Answers to questions, by the key of their datagram. */
  readonly #answered = new Map<number, Report>();

  get sent(): number {
    return this.#sent.size;
  }

  get delivered(): number {
    return this.#delivered.size;
  }

  onText(text: string): void {
    const report = reportIn(text);
    if (report !== null) this.#sent.add(nameOfData(report));
  }

  onDamage(bytes: Uint8Array): void {
    this.#damaged.add(keyOf(Bun.SHA256.hash(bytes, "hex")));
  }

  onStored({ key, report }: ReportStep, stored: ReportStored): void {
    if (stored.kind === "answer") this.#answered.set(key, report);
    else this.#stored.add(key);
  }

  /** The server is about to acknowledge that the datagram of this hash is stored. */
  onAcknowledge(hash: string): void {
    const key = keyOf(hash);
    const isThere = this.#stored.has(key) || this.#answered.has(key);
    hold(isThere, () => `ACK 50 before its commit: ${hash}`);
  }

  /** A device takes its report as delivered. */
  onDelivered(text: string): void {
    const report = reportIn(text);
    hold(report !== null, () => `delivered what is no report: ${text}`);
    this.#delivered.add(nameOfData(report));
  }

  /** Whether a device sent exactly this report. */
  wasSent(report: Data): boolean {
    return this.#sent.has(nameOfData(report));
  }

  /** Compares all rows with what is known. */
  check(database: Database): void {
    const rows = database
      .query<Row, []>("SELECT device, time, code, message, key FROM data ORDER BY sequence")
      .all();
    const keys = new Set<number>();
    const names = new Set<string>();
    for (const row of rows) {
      const name = nameOf(row);
      hold(!keys.has(row.key), () => `stored twice: ${name}`);
      keys.add(row.key);
      if (this.#damaged.has(row.key)) continue;
      hold(!names.has(name), () => `stored twice: ${name}`);
      hold(this.#sent.has(name), () => `stored, but no device sent it: ${name}`);
      names.add(name);
    }
    for (const name of this.#delivered) {
      hold(names.has(name), () => `acknowledged, but not there: ${name}`);
    }
    for (const key of this.#stored) hold(keys.has(key), () => `committed, but not there: ${key}`);
    this.#checkAnswers(database, keys);
    this.#checkOrder(rows);
  }

  /** Checks that each acknowledged answer is stored once, with a question, and is no report. */
  #checkAnswers(database: Database, reported: ReadonlySet<number>): void {
    const find = database.query<{ it: number }, string[]>(
      `SELECT count(*) AS it FROM question
       WHERE device = ? AND answer_time = ? AND answer_code = ? AND answer = ?`,
    );
    for (const [key, { device, time, code, message }] of this.#answered) {
      hold(!reported.has(key), () => `an answer became a report: ${message}`);
      const row = find.get(device, time, code, message);
      hold(row?.it === 1, () => `answer stored ${row?.it} times: ${device} ${time} ${message}`);
    }
  }

  /** Checks that every report that a device queued and did not lose is stored, once. */
  checkAllThere(texts: readonly string[], database: Database): void {
    const find = database.query<{ it: number }, string[]>(
      "SELECT count(*) AS it FROM data WHERE device = ? AND time = ? AND message = ?",
    );
    for (const text of texts) {
      const report = reportIn(text) as Data;
      const row = find.get(report.id, report.time, report.message);
      hold(row?.it === 1, () => `queued, but there ${row?.it} times at the end: ${text}`);
    }
  }

  /** Checks that the reports between two starts of a device are stored in the order it made them. */
  #checkOrder(rows: readonly Row[]): void {
    const last = new Map<string, number>();
    for (const row of rows) {
      const [, life, number] = /^reading (\d+) (\d+)$/.exec(row.message) ?? [];
      if (life === undefined || this.#damaged.has(row.key)) continue;
      const queue = `${row.device} ${life}`;
      const before = last.get(queue) ?? -1;
      hold(Number(number) > before, () => `${queue}: report ${number} after ${before}`);
      last.set(queue, Number(number));
    }
  }
}
