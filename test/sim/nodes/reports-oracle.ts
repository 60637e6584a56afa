// What is known of reports outside the nodes: which were sent, and which were taken as delivered. Compares that with the
// common store: an acknowledged report is there, once, in the order of its device. Reads no datagram.

import type { Report } from "../../../lib/server/rows.ts";
import { reportIn } from "../report-oracle.ts";
import { hold } from "../violation.ts";
import type { Database } from "./database.ts";

type Name = Pick<Report, "device" | "time" | "code" | "message">;

function nameOf({ device, time, code, message }: Name): string {
  return `${device} ${time} ${code} ${message}`;
}

export class NodeReportsOracle {
  readonly #sent = new Set<string>();
  readonly #delivered = new Set<string>();
  /** Reports and answers that are committed. */
  readonly #stored = new Set<string>();
  /** Those that answered a question: in text also a report that has its time by chance. */
  readonly #answers = new Set<string>();

  get sent(): number {
    return this.#sent.size;
  }

  get delivered(): number {
    return this.#delivered.size;
  }

  /** A device sends a text message. */
  onText(text: string): void {
    const data = reportIn(text);
    if (data !== null) this.#sent.add(nameOf({ device: data.id, ...data }));
  }

  /** A node has committed a DATA. */
  onStored(report: Report, isAnswer: boolean): void {
    this.#stored.add(nameOf(report));
    if (isAnswer) this.#answers.add(nameOf(report));
  }

  /** A device takes its report as delivered: by then it is stored. */
  onDelivered(text: string): void {
    const data = reportIn(text);
    hold(data !== null, () => `delivered what is no report: ${text}`);
    const name = nameOf({ device: data.id, ...data });
    hold(this.#stored.has(name), () => `acknowledged, but not stored: ${name}`);
    this.#delivered.add(name);
  }

  /** Compares all rows with what is known. */
  check({ reports }: Database): void {
    const names = new Set<string>();
    const last = new Map<string, number>();
    for (const row of reports.values()) {
      const name = nameOf(row);
      hold(!names.has(name), () => `stored twice: ${name}`);
      hold(this.#sent.has(name), () => `stored, but no device sent it: ${name}`);
      names.add(name);
      // What a full queue has dropped may come at any time, from a node that was paused.
      if (this.#delivered.has(name)) checkOrder(row, last);
    }
    for (const name of this.#delivered) {
      const isThere = names.has(name) || this.#answers.has(name);
      hold(isThere, () => `acknowledged, but not there: ${name}`);
    }
  }
}

/** Checks that the reports between two starts of a device are stored in the order it made them. */
function checkOrder({ device, message }: Report, last: Map<string, number>): void {
  const [, life, number] = /^reading (\d+) (\d+)$/.exec(message) ?? [];
  if (life === undefined) return;
  const queue = `${device} ${life}`;
  const before = last.get(queue) ?? -1;
  hold(Number(number) > before, () => `${queue}: report ${number} after ${before}`);
  last.set(queue, Number(number));
}
