// The table of all sessions: by id, in the order of ids, and counted by source IP. In memory only; the store keeps what a
// restart needs.

import { IdOrder } from "./id-order.ts";
import type { Moment } from "../moment.ts";
import type { SessionRow } from "../rows.ts";
import { Session } from "./session.ts";

/** The sessions of all devices, at most one for each. */
export class SessionTable {
  readonly #byId = new Map<string, Session>();
  readonly #countBySource = new Map<string, number>();
  #sealed = 0;
  /** Ids in order, for QUERY 03: of all sessions, and of those that a text asker may know of. */
  #order = new IdOrder();
  #textOrder = new IdOrder();

  get size(): number {
    return this.#byId.size;
  }

  /** How many of them are sealed. */
  get sealed(): number {
    return this.#sealed;
  }

  /** Adds the stored sessions, at the start. */
  restore(stored: readonly SessionRow[], now: Moment): void {
    for (const row of stored) {
      const session = Session.from(row, now);
      this.#byId.set(session.id, session);
      this.#count(session, 1);
    }
    this.#order = new IdOrder(this.#byId.keys());
    const inText = [...this.#byId.values()].filter(({ sealed }) => !sealed);
    this.#textOrder = new IdOrder(inText.map(({ id }) => id));
  }

  get(id: string): Session | undefined {
    return this.#byId.get(id);
  }

  /**
   * The session that a request may use (protocol §4.8). A text session belongs to the source IP that logged in,
   * whatever the port; a sealed session to the client's key, whatever the address.
   * @param owner the source IP; over a link the client's static key in base64
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

  /** Adds a session; it replaces an earlier one of the device. */
  set(session: Session): void {
    const before = this.#byId.get(session.id);
    if (before === undefined) this.#order.add(session.id);
    else this.#count(before, -1);
    this.#byId.set(session.id, session);
    this.#count(session, 1);
    const wasInText = before?.sealed === false;
    if (session.sealed && wasInText) this.#textOrder.remove(session.id);
    if (!session.sealed && !wasInText) this.#textOrder.add(session.id);
  }

  /** Removes this session. False if it is not in the table any more; a later session of the device stays. */
  remove(session: Session): boolean {
    if (this.#byId.get(session.id) !== session) return false;
    this.#byId.delete(session.id);
    this.#order.remove(session.id);
    if (!session.sealed) this.#textOrder.remove(session.id);
    this.#count(session, -1);
    return true;
  }

  values(): MapIterator<Session> {
    return this.#byId.values();
  }

  /**
   * A page of the ids that are logged in, in order, separated by commas.
   * @param after the page begins with the first id greater than this one; null for the first page
   * @param bytesMax the longest page
   * @param sealed whether a sealed device asks; text leaves out sealed sessions (protocol §4.7)
   */
  idsAfter(after: string | null, bytesMax: number, sealed: boolean): string {
    let page = "";
    for (const id of (sealed ? this.#order : this.#textOrder).after(after)) {
      if (this.#byId.get(id)?.ending === true) continue;
      const next = page === "" ? id : `${page},${id}`;
      if (next.length > bytesMax) break;
      page = next;
    }
    return page;
  }

  /** Counts the sealed sessions, and the text sessions of a source IP. Replies to a sealed session are never limited. */
  #count({ owner: ip, sealed }: Session, by: number): void {
    if (sealed) {
      this.#sealed += by;
      return;
    }
    const count = (this.#countBySource.get(ip) ?? 0) + by;
    if (count > 0) this.#countBySource.set(ip, count);
    else this.#countBySource.delete(ip);
  }
}
