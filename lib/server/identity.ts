// The types of the server's long-lived keys and of its source of randomness. lib/io creates and stores the keys.

import type { KeyPair } from "../sealed/primitives.ts";

/** The server's long-lived keys. */
export type Identity = {
  /** X25519: the key that a device pins. */
  readonly sealing: KeyPair;
  /** Ed25519: signs vouchers. */
  readonly signing: KeyPair;
  /** The pre-shared key, 32 bytes; null for none. */
  readonly psk: Uint8Array | null;
  /** 32 bytes, the key of digests of requests: who has only the database cannot try passwords against them. */
  readonly digestKey: Uint8Array;
};
