// All links, by index, and the current link of each client key. A stranger is a link without a login; strangers are
// bounded in number and time. A link becomes current with its first valid DATA, so a replayed INIT replaces no link.

import type { Random } from "../../sealed/cookie.ts";
import { limits } from "../policy.ts";
import { HandshakeCounters } from "./handshake-counters.ts";
import type { Link } from "./link.ts";

export class LinkTable {
  readonly #byIndex = new Map<number, Link>();
  readonly #currentByKey = new Map<string, Link>();
  readonly #handshakes = new HandshakeCounters();
  /** Links without a login, and links that a newer one replaced; the oldest first. */
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

  /** The link over which the server reaches this key. */
  currentOf(key: string): Link | undefined {
    return this.#currentByKey.get(key);
  }

  /**
   * Checks and notes the counter of an INIT (protocol §5.7).
   * @param key the client's static key in base64
   * @returns false if it is not higher than all before it of this key: the INIT is a replay
   */
  takeHandshake(key: string, counter: number): boolean {
    if (counter <= this.#highest(key)) return false;
    this.#handshakes.note(key, counter);
    return true;
  }

  /** A random index that no link has. */
  freeIndex(random: Random): number {
    for (;;) {
      const index = Buffer.from(random.bytes(4)).readUInt32BE(0);
      if (!this.#byIndex.has(index)) return index;
    }
  }

  /** Adds the link of a new handshake, as a stranger. The oldest stranger is removed if there are too many. */
  add(link: Link): void {
    this.#byIndex.set(link.index, link);
    this.#strangers.add(link);
    if (this.#strangers.size <= limits.strangers) return;
    for (const oldest of this.#strangers) {
      this.remove(oldest);
      return;
    }
  }

  /**
   * Makes a link the current one of its key, after a valid packet over it. Two programs that use the same key may take
   * turns. The link before becomes a stranger; the device that logged in over it is now reached over this link.
   * @param uptimeMs `Desk.uptimeMs`
   */
  confirm(link: Link, uptimeMs: number): void {
    // Asked for every packet: no look-up by key.
    if (link.isCurrent) return;
    const before = this.#currentByKey.get(link.key);
    if (before !== undefined) before.isCurrent = false;
    link.isCurrent = true;
    this.#currentByKey.set(link.key, link);
    this.#keepCounter(before);
    this.#handshakes.handOver(link.key, link.handshakeCounter);
    const device = link.device ?? before?.device ?? null;
    if (device !== null) this.admit(link, device);
    if (before === undefined) return;
    // The old link stays for a while: packets under its keys may still be on their way.
    before.since = uptimeMs;
    this.#strangers.delete(before);
    this.#strangers.add(before);
  }

  /** Notes that a device logged in over the link, which is no stranger any more. */
  admit(link: Link, device: string): void {
    link.device = device;
    this.#strangers.delete(link);
  }

  /** Makes the current link of a key a stranger again if it is this device's: its session ended or has another key. */
  dismiss(key: string, device: string, uptimeMs: number): void {
    const link = this.#currentByKey.get(key);
    if (link?.device !== device) return;
    link.device = null;
    link.since = uptimeMs;
    this.#strangers.add(link);
  }

  remove(link: Link): void {
    this.#byIndex.delete(link.index);
    this.#strangers.delete(link);
    if (link.isCurrent) {
      link.isCurrent = false;
      this.#currentByKey.delete(link.key);
      this.#keepCounter(link);
    }
    link.transport.wipe();
  }

  /** Keeps the handshake counter of a link that is not the current one of its key any more. */
  #keepCounter(link: Link | undefined): void {
    if (link === undefined || link.handshakeCounter <= this.#highest(link.key)) return;
    this.#handshakes.note(link.key, link.handshakeCounter);
  }

  #highest(key: string): number {
    return Math.max(this.#currentByKey.get(key)?.handshakeCounter ?? -1, this.#handshakes.of(key));
  }

  /** Removes strangers older than the limit. */
  expire(uptimeMs: number): void {
    for (const link of this.#strangers) {
      if (uptimeMs - link.since < limits.strangerMs) return;
      this.remove(link);
    }
  }
}
