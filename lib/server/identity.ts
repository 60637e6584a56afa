// Who this server is: the keys that devices pin. Made and kept by lib/io; used here.

import type { KeyPair } from "../sealed/primitives.ts";

/** The server's long-lived keys. */
export type Identity = {
  /** X25519: what a device pins. */
  readonly sealing: KeyPair;
  /** Ed25519: what signs vouchers. */
  readonly signing: KeyPair;
  /** 32 bytes both sides share, or null for none. */
  readonly psk: Uint8Array | null;
};

/** Bytes that nobody can foretell. */
export interface Random {
  bytes(count: number): Uint8Array;
}
