// A network that loses, repeats, delays, reorders and damages datagrams, cuts hosts off and changes source ports. It
// carries bytes and never interprets them.

import type { Address } from "../../lib/protocol/messages.ts";
import type { Stream } from "./random.ts";
import type { Timeline } from "./timeline.ts";

/** Receives the datagrams for one of the host's ports. */
export type Host = (bytes: Uint8Array, from: Address) => void;

export type Faults = {
  readonly loss: number;
  readonly repeat: number;
  readonly damage: number;
  /** Share of the datagrams that get an extra delay (0 to 1), and the longest such delay in ms. */
  readonly slow: number;
  readonly slowMs: number;
};

export const wild: Faults = { loss: 0.3, repeat: 0.1, damage: 0.03, slow: 0.1, slowMs: 4_000 };
export const calm: Faults = { loss: 0, repeat: 0, damage: 0, slow: 0, slowMs: 0 };

/** Observes every datagram that is sent, and every damaged one. */
export type Observer = {
  onSend(from: Address, to: Address, bytes: Uint8Array): void;
  onDamage(bytes: Uint8Array): void;
  mayFlip(from: Address, to: Address, bytes: Uint8Array): boolean;
};

type Attached = {
  readonly host: Host;
  /** Added to the host's port on its way out, as by an address translation. */
  shift: number;
  /** The previous shift; answers to it still arrive. */
  shiftBefore: number;
  cutOffUntil: number;
};

const portsMax = 65_535;

export class Network {
  faults = calm;
  readonly counts = { sent: 0, lost: 0, repeated: 0, damaged: 0, slow: 0, cutOff: 0, rebound: 0 };
  readonly #hosts = new Map<string, Attached>();

  constructor(
    private readonly timeline: Timeline,
    private readonly random: Stream,
    private readonly observer: Observer,
  ) {}

  attach(ip: string, host: Host): void {
    this.#hosts.set(ip, { host, shift: 0, shiftBefore: 0, cutOffUntil: 0 });
  }

  /**
   * From now on the host's datagrams come from another port, as behind an address translation that lost its mapping.
   */
  rebind(ip: string): void {
    const host = this.#at(ip);
    host.shiftBefore = host.shift;
    host.shift = this.random.between(1, 20_000);
    this.counts.rebound++;
  }

  /** Drops everything to and from the host for a while. */
  cutOff(ip: string, ms: number): void {
    this.#at(ip).cutOffUntil = this.timeline.now + ms;
    this.counts.cutOff++;
  }

  /** Ends all faults; datagrams on their way still arrive. */
  calmDown(): void {
    this.faults = calm;
    for (const host of this.#hosts.values()) host.cutOffUntil = 0;
  }

  /** @param from the host's own address; the source port of the datagram may differ */
  send(from: Address, to: Address, bytes: Uint8Array): void {
    const source = { ip: from.ip, port: shifted(from.port, this.#at(from.ip).shift) };
    this.inject(source, to, bytes);
  }

  /** Sends with any source address, as a forger can. */
  inject(source: Address, to: Address, bytes: Uint8Array): void {
    this.observer.onSend(source, to, bytes);
    this.counts.sent++;
    const { faults, random } = this;
    const copies = random.chance(faults.repeat) ? 2 : 1;
    if (copies === 2) this.counts.repeated++;
    for (let copy = 0; copy < copies; copy++) {
      if (random.chance(faults.loss)) this.counts.lost++;
      else
        this.#carry(
          source,
          to,
          random.chance(faults.damage) ? this.#harm(source, to, bytes) : bytes,
        );
    }
  }

  #carry(source: Address, to: Address, bytes: Uint8Array): void {
    const { faults, random, timeline } = this;
    const isSlow = random.chance(faults.slow);
    if (isSlow) this.counts.slow++;
    const ms = random.between(1, 20) + (isSlow ? random.between(0, faults.slowMs) : 0);
    const sender = this.#hosts.get(source.ip);
    if (sender !== undefined && sender.cutOffUntil > timeline.now) return;
    timeline.after(ms, () => {
      const receiver = this.#hosts.get(to.ip);
      if (receiver === undefined || receiver.cutOffUntil > timeline.now) return;
      if (this.#reaches(receiver, to.port)) receiver.host(bytes, source);
    });
  }

  /** The host's own ports are always reachable, translated ones while the translation remembers them. */
  #reaches({ shift, shiftBefore }: Attached, port: number): boolean {
    return [0, shift, shiftBefore].some((by) => ownPorts.includes(shifted(port, -by)));
  }

  #harm(from: Address, to: Address, bytes: Uint8Array): Uint8Array {
    const { random } = this;
    const harmed = Uint8Array.from(bytes);
    const at = random.between(0, bytes.length - 1);
    if (this.observer.mayFlip(from, to, bytes) && random.chance(0.7)) {
      harmed[at] = (harmed[at] as number) ^ (1 << random.between(0, 7));
    } else {
      // 0xff does not occur in UTF-8.
      harmed.fill(0xff, at, at + random.between(1, 8));
    }
    this.counts.damaged++;
    const cut = random.chance(0.2) ? harmed.subarray(0, random.between(0, at)) : harmed;
    this.observer.onDamage(cut);
    return cut;
  }

  #at(ip: string): Attached {
    const host = this.#hosts.get(ip);
    if (host === undefined) throw new Error(`no host ${ip}`);
    return host;
  }
}

/** The ports that hosts of this network listen on. */
export const ownPorts: readonly number[] = [9000, 1994, 40_000];

function shifted(port: number, by: number): number {
  return ((port - 1 + by + portsMax) % portsMax) + 1;
}
