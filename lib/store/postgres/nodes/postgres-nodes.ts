// The nodes of a database of PostgreSQL, as their server sees them: signs of life, sessions of nodes that are gone, and what
// the nodes tell and ask each other. Stores no report.

import type { AskResult } from "../../../server/asks.ts";
import type {
  NodeHandlers,
  NodeQuestion,
  NodeRow,
  PlacedRow,
  Relayed,
  StoreNodes,
} from "../../../server/nodes.ts";
import type { PostgresAddress } from "../connection/address.ts";
import type { Connector } from "../connection/connector.ts";
import type { Readers } from "../connection/readers.ts";
import type { PostgresReads } from "../postgres-reads.ts";
import type { Lease } from "./lease.ts";
import { endLostSessions } from "./lost-sessions.ts";

/** How many devices are compared with one query. */
const comparedAtOnce = 1_000;

/** What the nodes of a database need. */
export type NodesParts = {
  readonly address: PostgresAddress;
  readonly readers: Readers;
  readonly lease: Lease;
  readonly reads: Pick<PostgresReads, "placed">;
  readonly connector: Pick<Connector, "surrender">;
  /** The wall clock, ms since 1970. */
  readonly now: () => number;
};

export class PostgresNodes implements StoreNodes {
  #handlers: NodeHandlers | null = null;
  #isSweeping = false;
  #isClosed = false;

  /** @param silenceMs after which a session without a stated interval is offline */
  constructor(
    private readonly parts: NodesParts,
    private readonly silenceMs: number,
  ) {
    parts.lease.follow({
      onLapsed: () => this.#compareAll(),
      onSuperseded: () => parts.connector.surrender(),
    });
  }

  get own(): string {
    return this.parts.lease.fence.node;
  }

  get sureUntil(): number {
    return this.parts.lease.sureUntil;
  }

  start(handlers: NodeHandlers): () => void {
    this.#handlers = handlers;
    const { lease, connector } = this.parts;
    const onLapsed = () => this.#compareAll();
    lease.follow({ onLapsed, onSuperseded: () => connector.surrender() }, handlers.load);
    return () => (this.#handlers = null);
  }

  /** Ends some sessions of nodes that are gone; called about once a second. */
  watch(): void {
    if (this.#isSweeping || this.#isClosed || this.#handlers === null) return;
    this.#isSweeping = true;
    void this.#sweep()
      // The next second tries again; that the store is away is said elsewhere.
      .catch(() => {})
      .finally(() => (this.#isSweeping = false));
  }

  compare(ids: readonly string[]): void {
    void this.#compare(ids).catch(() => {});
  }

  tell(_ids: Iterable<string>): void {}

  relay(_node: string, _relayed: Relayed): void {}

  list(): Promise<readonly NodeRow[]> {
    return this.parts.lease.list();
  }

  async nodeOf(id: string): Promise<string | null> {
    const [row] = await this.parts.reads.placed([id]);
    if (row === undefined || row.session === 0 || row.ended !== null) return null;
    return row.node;
  }

  async ask(_node: string, _question: NodeQuestion): Promise<AskResult> {
    return { kind: "busy" };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#handlers = null;
  }

  async #sweep(): Promise<void> {
    const { readers, lease, now } = this.parts;
    const ended = await endLostSessions(readers, lease.fence, this.silenceMs, now());
    if (ended.length > 0) this.#handlers?.onEnded(ended);
  }

  async #compareAll(): Promise<void> {
    await this.#compare([...(this.#handlers?.sessionIds() ?? [])]);
  }

  async #compare(ids: readonly string[]): Promise<void> {
    for (let at = 0; at < ids.length; at += comparedAtOnce) {
      const some = ids.slice(at, at + comparedAtOnce);
      const rows = await this.parts.reads.placed(some);
      const found = new Map<string, PlacedRow | null>(some.map((id) => [id, null]));
      for (const row of rows) found.set(row.id, row);
      this.#handlers?.onChanged(found);
    }
  }
}
