// Owns the list of the servers of the store, as it was read last: a page with live events asks for it all the time, and they
// give a sign of life only every two seconds. Never changes it.

import type { NodeRow } from "../server/nodes.ts";
import type { NodeJson } from "./api/server-shapes.ts";
import type { WebPorts } from "./ports.ts";

/** For how long it is not read again, ms. */
const freshMs = 1_000;

/** What the living servers other than this one do together. */
export type Others = {
  readonly count: number;
  readonly received: number;
  readonly reports: number;
  /** Devices that speak unencrypted text to them. */
  readonly text: number;
};

export class NodeList {
  #rows: readonly NodeRow[] = [];
  /** When it was read, by the monotonic clock, ms. */
  #at = Number.NEGATIVE_INFINITY;
  #reading: Promise<readonly NodeRow[]> | null = null;

  constructor(private readonly ports: Pick<WebPorts, "node" | "nodes" | "uptimeMs">) {}

  /** All of them, by name; those who ask at the same moment share one read. @throws what the store throws */
  read(): Promise<readonly NodeRow[]> {
    if (this.ports.uptimeMs() - this.#at < freshMs) return Promise.resolve(this.#rows);
    this.#reading ??= this.#read().finally(() => (this.#reading = null));
    return this.#reading;
  }

  /** The JSON form of the list. */
  async json(): Promise<readonly NodeJson[]> {
    const rows = await this.read();
    return rows.map(({ name, address, version, lives, silentMs, sessions, ...load }) => ({
      name,
      address,
      version,
      own: name === this.ports.node,
      lives,
      silentSeconds: Math.max(0, Math.round(silentMs / 100) / 10),
      sessions,
      sealedSessions: load.sealed,
      datagramsPerSecond: tenth(load.received),
      reportsPerSecond: tenth(load.reports),
    }));
  }

  async #read(): Promise<readonly NodeRow[]> {
    this.#rows = await this.ports.nodes();
    this.#at = this.ports.uptimeMs();
    return this.#rows;
  }
}

/** What the living servers besides this one do together. @param own the name of this one */
export function othersOf(rows: readonly NodeRow[], own: string): Others {
  const living = rows.filter(({ name, lives }) => lives && name !== own);
  const sum = (of: (row: NodeRow) => number) => living.reduce((all, row) => all + of(row), 0);
  return {
    count: living.length,
    received: sum(({ received }) => received),
    reports: sum(({ reports }) => reports),
    text: sum(({ sessions, sealed }) => sessions - sealed),
  };
}

function tenth(rate: number): number {
  return Math.round(rate * 10) / 10;
}
