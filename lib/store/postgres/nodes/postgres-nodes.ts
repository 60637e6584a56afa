// The nodes of a database of PostgreSQL, as their server sees them: signs of life, sessions of nodes that are gone, and what
// the nodes tell and ask each other. Stores no report.

import type { AskResult } from "../../../server/asks.ts";
import type {
  NodeHandlers,
  NodeQuestion,
  NodeRow,
  Relayed,
  StoreNodes,
} from "../../../server/nodes.ts";
import type { PostgresAddress } from "../connection/address.ts";
import type { Connectors } from "../connection/connectors.ts";
import type { Readers } from "../connection/readers.ts";
import type { PostgresReads } from "../postgres-reads.ts";
import { latestSession } from "../rows/columns.ts";
import { NodeChannel } from "./channel.ts";
import { aliveSeconds } from "./claim.ts";
import type { Lease } from "./lease.ts";
import { endLostSessions } from "./lost-sessions.ts";

/** What the nodes of a database need. */
export type NodesParts = {
  readonly address: PostgresAddress;
  /** Shown in PostgreSQL's list of sessions. */
  readonly name: string;
  readonly readers: Readers;
  readonly lease: Lease;
  readonly reads: Pick<PostgresReads, "placed">;
  readonly connectors: Pick<Connectors, "surrender">;
  /** The wall clock, ms since 1970. */
  readonly now: () => number;
  /** Told once when the other nodes are not heard any more, and when they are again. */
  readonly onTrouble: (words: string) => void;
};

export class PostgresNodes implements StoreNodes {
  #handlers: NodeHandlers | null = null;
  #channel: NodeChannel | null = null;
  #isSweeping = false;

  /** @param silenceMs after which a session without a stated interval is offline */
  constructor(
    private readonly parts: NodesParts,
    private readonly silenceMs: number,
  ) {
    const { lease, connectors } = parts;
    const onSuperseded = () => connectors.surrender();
    lease.follow({ onLapsed: async () => {}, onOthers: () => {}, onSuperseded });
  }

  get own(): string {
    return this.parts.lease.fence.node;
  }

  get sureUntil(): number {
    return this.parts.lease.sureUntil;
  }

  get shownAt(): number {
    return this.parts.lease.shownAt;
  }

  start(handlers: NodeHandlers): () => void {
    const { address, name, readers, lease, reads, connectors, onTrouble } = this.parts;
    const rowsOf = (ids: readonly string[]) => reads.placed(ids);
    const channel = new NodeChannel({
      address,
      name: `${name} listens`,
      readers,
      own: this.own,
      rowsOf,
      onTrouble,
    });
    channel.start(handlers);
    this.#channel = channel;
    this.#handlers = handlers;
    const onLapsed = () => channel.settle();
    const onOthers = () => channel.compareAll();
    const onSuperseded = () => connectors.surrender();
    lease.follow({ onLapsed, onOthers, onSuperseded }, handlers.load);
    return () => {
      this.#handlers = null;
      channel.leave();
    };
  }

  /** Ends some sessions of nodes that are gone; called about once a second. */
  watch(): void {
    if (this.#isSweeping || this.#handlers === null) return;
    this.#isSweeping = true;
    void this.#sweep()
      // The next second tries again; that the store is away is said elsewhere.
      .catch(() => {})
      .finally(() => (this.#isSweeping = false));
  }

  compare(ids: readonly string[]): void {
    this.#channel?.compare(ids);
  }

  tell(ids: Iterable<string>): void {
    this.#channel?.tell(ids);
  }

  relay(node: string, relayed: Relayed): void {
    this.#channel?.relay(node, relayed);
  }

  list(): Promise<readonly NodeRow[]> {
    return this.parts.lease.list();
  }

  async nodeOf(id: string): Promise<string | null> {
    const [row] = await this.parts.readers.read<{ node: string }>(
      `SELECT n.node FROM device AS d JOIN session AS s ON s.session = ${latestSession}
       JOIN node AS n ON n.node = s.node AND n.seen > clock_timestamp() - interval '${aliveSeconds} s'
       WHERE d.id = $1 AND s.ended IS NULL AND n.node <> $2`,
      [id, this.own],
    );
    return row?.node ?? null;
  }

  async ask(node: string, question: NodeQuestion): Promise<AskResult> {
    return (await this.#channel?.ask(node, question)) ?? { kind: "busy" };
  }

  async close(): Promise<void> {
    this.#handlers = null;
    await this.#channel?.stop();
  }

  async #sweep(): Promise<void> {
    const { readers, lease, now } = this.parts;
    const ended = await endLostSessions(readers, lease.fence, this.silenceMs, now());
    if (ended.length > 0) this.#handlers?.onEnded(ended);
  }
}
