// Owns the signs of life of this node: renews them, says until when they hold, and notices that they had lapsed or that
// another process has taken the name. Ends no session.

import type { NodeLoad, NodeRow } from "../../../server/nodes.ts";
import type { Readers } from "../connection/readers.ts";
import { aliveSeconds, type Claim, type Fence, sureSeconds } from "./claim.ts";

const renewEveryMs = 2_000;
const sureMs = sureSeconds * 1000;
/** How long a node that is gone stays listed, if no open session is its own. */
const keptDays = 30;

/** What becomes of a lease. */
export type LeaseEvents = {
  /** Others may have ended sessions of this node meanwhile, or moved them. Until it has settled nothing is sure. Never rejects. */
  readonly onLapsed: () => Promise<void>;
  /** Other nodes have come or gone, and one that is gone may not have told all that it did. */
  readonly onOthers: () => void;
  /** Another process has taken the name. */
  readonly onSuperseded: () => void;
};

const idle: NodeLoad = { sessions: 0, sealed: 0, received: 0, reports: 0 };

export class Lease {
  #sureUntil: number;
  #shownAt: number;
  #others = 0;
  /** The processes of the other nodes that lived then; null before the first sign. */
  #living: string | null = null;
  #load: () => NodeLoad = () => idle;
  #events: LeaseEvents = { onLapsed: async () => {}, onOthers: () => {}, onSuperseded: () => {} };
  #timer: ReturnType<typeof setInterval> | null;
  #renewing: Promise<void> | null = null;
  /** How many lapses have not settled. */
  #unsettled = 0;

  /**
   * @param readers of its own: a sign of life waits for no long read of operators
   * @param claim that was taken just now
   */
  constructor(
    private readonly readers: Readers,
    private readonly claim: Claim,
  ) {
    this.#shownAt = performance.now();
    this.#sureUntil = this.#shownAt + sureMs;
    this.#timer = setInterval(() => void this.renew().catch(() => {}), renewEveryMs);
    this.#timer.unref();
  }

  get fence(): Fence {
    return this.claim;
  }

  /** Until when no other node ends sessions of this one, by `performance.now()`. */
  get sureUntil(): number {
    return this.#sureUntil;
  }

  /** When the last sign of life was sent, by `performance.now()`. */
  get shownAt(): number {
    return this.#shownAt;
  }

  /** Whether no other node lived when the last sign of life was given. */
  get isAlone(): boolean {
    return this.#others === 0;
  }

  /** @param load asked for with each sign of life */
  follow(events: LeaseEvents, load: () => NodeLoad = this.#load): void {
    this.#events = events;
    this.#load = load;
  }

  /** Gives a sign of life now; those who ask at the same moment share it. */
  renew(): Promise<void> {
    this.#renewing ??= this.#renew().finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  /** All nodes that live, or did in the last days, by name. */
  async list(): Promise<NodeRow[]> {
    const rows = await this.readers.read<NodeRow>(
      `SELECT node AS name, address, version, sessions, sealed, received, reports,
              seen > clock_timestamp() - interval '${aliveSeconds} s' AS lives,
              extract(epoch FROM clock_timestamp() - seen)::float8 * 1000 AS "silentMs"
       FROM node WHERE address <> '' ORDER BY node`,
    );
    return rows.map(({ name, address, version, lives, silentMs, ...load }) => {
      const { sessions, sealed, received, reports } = load;
      return { name, address, version, sessions, sealed, received, reports, lives, silentMs };
    });
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  async #renew(): Promise<void> {
    const sent = performance.now();
    const { node, epoch } = this.claim;
    const { sessions, sealed, received, reports } = this.#load();
    const [row] = await this.readers.read<{ lapsed: boolean; others: number; living: string }>(
      renewing,
      [node, epoch, sessions, sealed, received, reports],
    );
    if (this.#timer === null) return;
    if (row === undefined) return this.#events.onSuperseded();
    this.#others = row.others;
    // The answer to the sign that noticed the lapse may have been lost.
    const isLapsed = row.lapsed || sent - this.#shownAt > sureMs;
    this.#shownAt = sent;
    if (isLapsed) void this.#settle();
    else if (this.#living !== null && this.#living !== row.living) this.#events.onOthers();
    this.#living = row.living;
    if (this.#unsettled === 0) this.#sureUntil = Math.max(this.#sureUntil, sent + sureMs);
  }

  /** Signs of life go on meanwhile: the lease would lapse again, and a batch that asked for one would wait. */
  async #settle(): Promise<void> {
    this.#unsettled++;
    await this.#events.onLapsed();
    this.#unsettled--;
    await this.renew().catch(() => {});
  }
}

/** Renews the sign of life of a node, and removes those of nodes that are long gone. */
const renewing = `
  WITH before AS (
    SELECT seen < clock_timestamp() - interval '${aliveSeconds} s' AS lapsed FROM node WHERE node = $1 AND epoch = $2::float8
  ), gone AS (
    DELETE FROM node AS n WHERE n.seen < clock_timestamp() - interval '${keptDays} days' AND n.node <> $1
      AND NOT EXISTS (SELECT FROM session AS s WHERE s.node = n.node AND s.ended IS NULL)
  )
  UPDATE node AS n SET seen = clock_timestamp(), sessions = $3::float8, sealed = $4::float8,
    received = $5::float8, reports = $6::float8, since = CASE WHEN before.lapsed THEN clock_timestamp() ELSE n.since END
  FROM before WHERE n.node = $1 AND n.epoch = $2::float8
  RETURNING before.lapsed AS lapsed,
    (SELECT count(*)::int FROM node AS o WHERE o.node <> $1 AND o.address <> ''
       AND o.seen > clock_timestamp() - interval '${aliveSeconds} s') AS others,
    (SELECT coalesce(string_agg(o.epoch::text, ' ' ORDER BY o.epoch), '') FROM node AS o WHERE o.node <> $1 AND o.address <> ''
       AND o.seen > clock_timestamp() - interval '${aliveSeconds} s') AS living`;
