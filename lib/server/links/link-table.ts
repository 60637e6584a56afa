// All links: by index, and the current one of each client key. Strangers are bounded in number and time, and a link
// becomes its key's current one only with its first valid packet: a replayed INIT displaces nobody.

import type { Random } from "../identity.ts";
import { limits } from "../policy.ts";
import { HandshakeCounters } from "./handshake-counters.ts";
import type { Link } from "./link.ts";

export class LinkTable {
  readonly #byIndex = new Map<number, Link>();
  readonly #currentByKey = new Map<string, Link>();
  readonly #handshakes = new HandshakeCounters();
  /** Links that nobody has logged in over, or that a newer one replaced; the oldest first. */
  readonly #strangers = new Set<Link>();

  get size(): number {
    return this.#byIndex.size;
  }

  get strangers(): number {
    return this.#strangers.size;
  }

  at(index: number): Link | undefined {
    return this.#byIndex.get(index);
  }

  /** The link over which this key is reached now. */
  currentOf(key: string): Link | undefined {
    return this.#currentByKey.get(key);
  }

  /**
   * Takes the counter of a handshake (sealed, Rekey and replay).
   * @returns false where it is not higher than any of this key before: the INIT was sent before
   */
  takeHandshake(key: string, counter: number): boolean {
    if (counter <= this.#highest(key)) return false;
    this.#handshakes.note(key, counter);
    return true;
  }

  /** An index that no link has. */
  freeIndex(random: Random): number {
    for (;;) {
      const index = Buffer.from(random.bytes(4)).readUInt32BE(0);
      if (!this.#byIndex.has(index)) return index;
    }
  }

  /** Adds the link of a handshake that has not proven itself yet. */
  add(link: Link): void {
    this.#byIndex.set(link.index, link);
    this.#strangers.add(link);
    if (this.#strangers.size <= limits.strangers) return;
    for (const oldest of this.#strangers) {
      this.remove(oldest);
      return;
    }
  }

  /** A packet came over the link: it is the one its key is reached over. Two programs of a device may take turns. */
  confirm(link: Link, uptimeMs: number): void {
    const before = this.#currentByKey.get(link.key);
    if (before === link) return;
    this.#currentByKey.set(link.key, link);
    this.#keepCounter(before);
    this.#handshakes.handOver(link.key, link.handshakeCounter);
    const device = link.device ?? before?.device ?? null;
    if (device !== null) this.admit(link, device);
    if (before === undefined) return;
    // What is still on its way under the old keys may arrive for a while.
    before.since = uptimeMs;
    this.#strangers.delete(before);
    this.#strangers.add(before);
  }

  /** A device logged in over the link: it is no stranger any more. */
  admit(link: Link, device: string): void {
    link.device = device;
    this.#strangers.delete(link);
  }

  /** The device's session ended: its link is a stranger's again. */
  dismiss(link: Link, uptimeMs: number): void {
    link.device = null;
    link.since = uptimeMs;
    this.#strangers.add(link);
  }

  remove(link: Link): void {
    this.#byIndex.delete(link.index);
    this.#strangers.delete(link);
    if (this.#currentByKey.get(link.key) === link) {
      this.#currentByKey.delete(link.key);
      this.#keepCounter(link);
    }
    link.transport.wipe();
  }

  /** The link is its key's current one no more: what it knew of handshakes is still known. */
  #keepCounter(link: Link | undefined): void {
    if (link === undefined || link.handshakeCounter <= this.#highest(link.key)) return;
    this.#handshakes.note(link.key, link.handshakeCounter);
  }

  #highest(key: string): number {
    return Math.max(this.#currentByKey.get(key)?.handshakeCounter ?? -1, this.#handshakes.of(key));
  }

  /** Removes strangers whose time is up. */
  expire(uptimeMs: number): void {
    for (const link of this.#strangers) {
      if (uptimeMs - link.since < limits.strangerMs) return;
      this.remove(link);
    }
  }
}
