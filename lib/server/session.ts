// One device's session, and the table of them all: who is logged in, from where, in the order of their ids, and how
// many a source has. Lives in memory; the store holds what a restart needs.

import { IdOrder } from "./id-order.ts";
import type { Endpoint, StoredSession } from "./operation.ts";
import type { Request } from "./request.ts";

/** A logged-in device. */
export class Session {
  /** Where its last packet came from. */
  source: Endpoint;
  lastSeen: number;
  everySeconds: number | null;
  /** Sequence number of its last report; 0 where it is not known. */
  lastReport = 0;
  /** An operation that ends it is under way: it counts as ended for what comes after. */
  ending = false;
  /** The LOGOFF that ends it, while that is under way. */
  leaving: Request | null = null;
  /** Its row in the store is older than its last packet. */
  touched = false;

  constructor(
    readonly row: number,
    readonly id: string,
    /** Who may act for it: the source IP, or for a sealed session the client's static key in base64. */
    readonly owner: string,
    readonly sealed: boolean,
    source: Endpoint,
    /** The ip and port in its LOGIN: what other devices are told. */
    readonly stated: Endpoint,
    readonly started: number,
    lastSeen: number,
    everySeconds: number | null,
  ) {
    this.source = source;
    this.lastSeen = lastSeen;
    this.everySeconds = everySeconds;
  }

  /** Makes a session of a stored row. */
  static from(stored: StoredSession): Session {
    const { session, id, source, started, lastSeen, everySeconds, clientKey } = stored;
    const owner = clientKey === null ? source.ip : Buffer.from(clientKey).toString("base64");
    const sealed = clientKey !== null;
    return new Session(
      session,
      id,
      owner,
      sealed,
      source,
      stored.stated,
      started,
      lastSeen,
      everySeconds,
    );
  }
}

/** All sessions. */
export class SessionTable {
  readonly #byId = new Map<string, Session>();
  readonly #countBySource = new Map<string, number>();
  /** Ids in order, for QUERY 03. */
  #order = new IdOrder();

  get size(): number {
    return this.#byId.size;
  }

  /** Takes over stored sessions at the start. */
  restore(stored: readonly StoredSession[]): void {
    for (const row of stored) {
      const session = Session.from(row);
      this.#byId.set(session.id, session);
      this.#count(session, 1);
    }
    this.#order = new IdOrder(this.#byId.keys());
  }

  get(id: string): Session | undefined {
    return this.#byId.get(id);
  }

  /**
   * The session a request may act for. A text session belongs to the source IP that logged in, and the port does not
   * count (clause 4); a sealed one to the client's key, and the address does not count.
   */
  at(id: string, owner: string): Session | undefined {
    const session = this.#byId.get(id);
    return session !== undefined && !session.ending && session.owner === owner
      ? session
      : undefined;
  }

  /** Whether any text session belongs to this source IP. */
  hasSource(ip: string): boolean {
    return this.#countBySource.has(ip);
  }

  /** Adds a session, in place of the device's earlier one. */
  set(session: Session): void {
    const before = this.#byId.get(session.id);
    if (before === undefined) this.#order.add(session.id);
    else this.#count(before, -1);
    this.#byId.set(session.id, session);
    this.#count(session, 1);
  }

  /** Removes this very session; a later one of the same device stays. */
  remove(session: Session): boolean {
    if (this.#byId.get(session.id) !== session) return false;
    this.#byId.delete(session.id);
    this.#order.remove(session.id);
    this.#count(session, -1);
    return true;
  }

  values(): MapIterator<Session> {
    return this.#byId.values();
  }

  /**
   * Ids in order, after one of them.
   * @param after an id, or null from the start
   * @param bytesMax the length of the ids with a comma between each two
   */
  idsAfter(after: string | null, bytesMax: number): string {
    let page = "";
    for (const id of this.#order.after(after)) {
      if (this.#byId.get(id)?.ending === true) continue;
      const next = page === "" ? id : `${page},${id}`;
      if (next.length > bytesMax) break;
      page = next;
    }
    return page;
  }

  /** Counts text sessions a source; sealed ones roam, and what goes to them was never a stranger's. */
  #count({ owner: ip, sealed }: Session, by: number): void {
    if (sealed) return;
    const count = (this.#countBySource.get(ip) ?? 0) + by;
    if (count > 0) this.#countBySource.set(ip, count);
    else this.#countBySource.delete(ip);
  }
}
