// A cache of the senders of recent datagrams: one object for each, with its IP as text and in the kernel's form, so
// that both are computed only once. Knows no socket.

import { networkInterfaces } from "node:os";
import { canonicalIp } from "../../protocol/ip.ts";

/** The source of a datagram: IPv6 in the spelling of RFC 5952; IPv4 peers of a dual-stack socket without `::ffff:`. */
export type Peer = { readonly ip: string; readonly port: number };

/** 32-bit words of a socket address in a table. `sockaddr_in6` needs seven. */
export const addressWords = 8;

/** Address families of Linux. */
export const family = { ipv4: 2, ipv6: 10 } as const;

/** Peers that are remembered; a power of two. */
const slots = 8_192;
/** The third word of an IPv4-mapped IPv6 address: the bytes 00 00 ff ff. */
const mappedWord = 0xffff_0000 | 0;

/** A peer with its address in the kernel's form. All words are as in memory, read as little-endian. */
export class KnownPeer implements Peer {
  /**
   * @param head the first word of `sockaddr_in` and `sockaddr_in6`: the family, and the port in network order
   * @param a the first word of an IPv6 address; `b` and `c` are the next
   * @param d the last word of an IPv6 address, or the IPv4 address
   * @param scope the interface of a link-local address; 0 for all others
   */
  constructor(
    readonly ip: string,
    readonly port: number,
    private readonly head: number,
    private readonly a: number,
    private readonly b: number,
    private readonly c: number,
    private readonly d: number,
    private readonly scope: number,
  ) {}

  /** Whether the address at index `at` of a table is this peer's. */
  isAt(table: Int32Array, at: number): boolean {
    if (this.head !== table[at]) return false;
    if ((this.head & 0xffff) === family.ipv4) return this.d === table[at + 1];
    return (
      this.d === table[at + 5] &&
      this.c === table[at + 4] &&
      this.b === table[at + 3] &&
      this.a === table[at + 2] &&
      this.scope === table[at + 6]
    );
  }

  /** Writes the address to index `at` of a table. */
  writeTo(table: Int32Array, at: number): void {
    table[at] = this.head;
    if ((this.head & 0xffff) === family.ipv4) {
      table[at + 1] = this.d;
      table[at + 2] = 0;
      table[at + 3] = 0;
      return;
    }
    table[at + 1] = 0;
    table[at + 2] = this.a;
    table[at + 3] = this.b;
    table[at + 4] = this.c;
    table[at + 5] = this.d;
    table[at + 6] = this.scope;
  }
}

export class PeerTable {
  readonly #byAddress: (KnownPeer | undefined)[] = Array.from({ length: slots });
  readonly #byText: ({ readonly fromIp: string; readonly peer: Peer } | undefined)[] = Array.from({
    length: slots,
  });

  /** @param isIpv6 whether it is an IPv6 socket, on which IPv4 peers have IPv4-mapped addresses */
  constructor(private readonly isIpv6: boolean) {}

  /** The peer whose `sockaddr` is at index `at` of a table. */
  at(table: Int32Array, at: number): Peer {
    const head = table[at] as number;
    const last = table[this.isIpv6 ? at + 5 : at + 1] as number;
    const slot = slotOf(head, last);
    const cached = this.#byAddress[slot];
    if (cached?.isAt(table, at)) return cached;
    const peer = this.isIpv6 ? readIpv6(table, at) : readIpv4(table, at);
    this.#byAddress[slot] = peer;
    return peer;
  }

  /**
   * The peer with an IP as text and a port.
   * @param fromIp as Bun formats it: a new string for every datagram
   */
  named(fromIp: string, port: number): Peer {
    const slot = port & (slots - 1);
    const cached = this.#byText[slot];
    if (cached !== undefined && cached.peer.port === port && cached.fromIp === fromIp) {
      return cached.peer;
    }
    const peer = this.#peerNamed(fromIp, port);
    this.#byText[slot] = { fromIp, peer };
    return peer;
  }

  #peerNamed(fromIp: string, port: number): Peer {
    const ip = fromIp.startsWith("::ffff:") ? fromIp.slice(7) : canonical(fromIp);
    if (ip.includes(":")) return { ip, port };
    const [a = 0, b = 0, c = 0, d = 0] = ip.split(".").map(Number);
    const word = (d << 24) | (c << 16) | (b << 8) | a;
    const network = ((port & 0xff) << 8) | (port >> 8);
    const head = (network << 16) | (this.isIpv6 ? family.ipv6 : family.ipv4);
    const known = this.#byAddress[slotOf(head, word)];
    if (known?.ip === ip && known.port === port) return known;
    return new KnownPeer(ip, port, head, 0, 0, this.isIpv6 ? mappedWord : 0, word, 0);
  }
}

function slotOf(head: number, last: number): number {
  const mixed = Math.imul(head ^ Math.imul(last, 0x85ebca6b), 0x9e3779b1);
  return (mixed >>> 16) & (slots - 1);
}

function readIpv4(table: Int32Array, at: number): KnownPeer {
  const head = table[at] as number;
  const word = table[at + 1] as number;
  return new KnownPeer(dotted(word), portOf(head), head, 0, 0, 0, word, 0);
}

function readIpv6(table: Int32Array, at: number): KnownPeer {
  const head = table[at] as number;
  const words = table.subarray(at + 2, at + 6);
  const [a, b, c, d] = words as unknown as [number, number, number, number];
  const scope = table[at + 6] as number;
  const isMapped = a === 0 && b === 0 && c === mappedWord;
  const ip = isMapped ? dotted(d) : colons(words) + scopeSuffix(scope >>> 0);
  return new KnownPeer(ip, portOf(head), head, a, b, c, d, scope);
}

function portOf(head: number): number {
  const network = head >>> 16;
  return ((network & 0xff) << 8) | (network >> 8);
}

function dotted(word: number): string {
  return `${word & 255}.${(word >>> 8) & 255}.${(word >>> 16) & 255}.${word >>> 24}`;
}

function colons(words: Int32Array): string {
  const bytes = new Uint8Array(words.buffer, words.byteOffset, 16);
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) {
    groups.push((((bytes[i] as number) << 8) | (bytes[i + 1] as number)).toString(16));
  }
  return canonicalIp(groups.join(":"));
}

/** The zone of a link-local address (RFC 4007 section 11), as Bun appends it. */
function scopeSuffix(scope: number): string {
  if (scope === 0) return "";
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    if (addresses?.some((address) => address.family === "IPv6" && address.scopeid === scope)) {
      return `%${name}`;
    }
  }
  return `%${scope}`;
}

function canonical(ip: string): string {
  const scopeAt = ip.indexOf("%");
  return scopeAt < 0 ? canonicalIp(ip) : canonicalIp(ip.slice(0, scopeAt)) + ip.slice(scopeAt);
}
