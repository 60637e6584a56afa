// The digest by which a reply refers to its request (clause 1.9). It is computed for every datagram and must be fast.

/**
 * Lower-case hex SHA-256 of a request.
 * @param bytes the datagram exactly as received; for a sealed request the body of its frame
 */
export function digestOf(bytes: Uint8Array): string {
  // Pure, like the hash of node:crypto, and takes two thirds of its time.
  return Bun.SHA256.hash(bytes, "hex");
}

/** The SHA-256 of a request. Its hex is made only when it is asked for: what gets a RECEIPT needs none. */
export class Digest {
  private readonly a: number;
  private readonly b: number;
  private readonly c: number;
  private readonly d: number;
  private readonly e: number;
  private readonly f: number;
  private readonly g: number;
  private readonly h: number;

  /** @param bytes as for `digestOf`; not kept */
  constructor(bytes: Uint8Array) {
    Bun.SHA256.hash(bytes, kept);
    this.a = words[0] as number;
    this.b = words[1] as number;
    this.c = words[2] as number;
    this.d = words[3] as number;
    this.e = words[4] as number;
    this.f = words[5] as number;
    this.g = words[6] as number;
    this.h = words[7] as number;
  }

  /** Its first 16 bits, as a number. */
  get high(): number {
    return swapped(this.a) >>> 16;
  }

  /** The 32 bits after these, as a number with a sign. */
  get low(): number {
    return (swapped(this.a) << 16) | (swapped(this.b) >>> 16);
  }

  /** Lower-case hex. */
  get hex(): string {
    words[0] = this.a;
    words[1] = this.b;
    words[2] = this.c;
    words[3] = this.d;
    words[4] = this.e;
    words[5] = this.f;
    words[6] = this.g;
    words[7] = this.h;
    return kept.toHex();
  }
}

/** Overwritten by each digest that is made or written. */
const kept = new Uint8Array(32);
const words = new Int32Array(kept.buffer);

/** The bytes of a word in the order in which the digest has them: all machines that run this have the other one. */
function swapped(word: number): number {
  const odd = word & 0x00ff00ff;
  const even = (word >>> 8) & 0x00ff00ff;
  const pairs = (odd << 8) | even;
  return (pairs << 16) | (pairs >>> 16);
}
