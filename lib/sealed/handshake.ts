// Owns INIT and RESP: the Noise handshake in its packets, with macs, indexes and INIT's payload.
// Never decides whether a counter is new, a cookie is required or an index is free: the caller does.

import { readUint32, readUint64, writeUint32, writeUint64 } from "./bytes.ts";
import { openCookie } from "./cookie.ts";
import type { CookieReason } from "./cookie.ts";
import { initPayloadBytes, keyBytes, macBytes, prologue } from "./limits.ts";
import { checkMac1, mac1Key, writeMacs } from "./macs.ts";
import { NoiseInitiator, NoiseResponder } from "./noise.ts";
import type { NoiseAnswer, NoiseOutcome, NoiseSetting } from "./noise.ts";
import type { PacketReason } from "./packet-form.ts";
import { decodePacket, encodePacket } from "./packets.ts";
import type { InitPacket } from "./packets.ts";
import type { KeyPair } from "./primitives.ts";
import { accept, reject } from "./result.ts";
import type { Result } from "./result.ts";

/** The result of a handshake on one side: all that the transport needs. */
export interface Established extends NoiseOutcome {
  /** Whether this side sent the INIT. */
  readonly initiator: boolean;
  /** The index that this side chose; packets to this side carry it. */
  readonly localIndex: number;
  /** The index that the other side chose; packets to the other side carry it. */
  readonly remoteIndex: number;
  /** The other side's static key, 32 bytes. */
  readonly remoteKey: Uint8Array;
}

/** Why an INIT or RESP was refused. */
export type HandshakeReason =
  PacketReason | "not-expected" | "mac1" | "index" | "noise" | "counter-range" | "bad-key";

/** The encrypted payload of INIT. */
export interface InitPayload {
  /** Must grow with each INIT of a client key; usually µs since 1970. 0 to 2^53 - 1. */
  readonly hsCounter: number;
  /** Capability bits, 0 to 2^32 - 1. */
  readonly caps: number;
}

/** What the initiator provides. */
export interface InitiateInput extends InitPayload {
  readonly local: KeyPair;
  /** The responder's static key, 32 bytes: pinned, named by a voucher, or from a KEY. */
  readonly remoteKey: Uint8Array;
  /** A fresh pair, used for this handshake only. */
  readonly ephemeral: KeyPair;
  /** The index that packets to this side carry, 0 to 2^32 - 1. */
  readonly index: number;
  /** 32 bytes; all zeros if omitted. */
  readonly psk?: Uint8Array | undefined;
}

const zeroPsk = new Uint8Array(keyBytes);
const empty = new Uint8Array(0);
const noMac = new Uint8Array(macBytes);
const prologueBytes = new TextEncoder().encode(prologue);

/**
 * Starts a handshake. If no answer comes, call it again with a higher counter: an INIT is never sent twice.
 * @returns `bad-key` if the responder's key is of small order
 */
export function initiate(input: InitiateInput): Result<Initiation, "bad-key"> {
  const noise = new NoiseInitiator(
    settingOf(input.psk),
    input.local,
    input.remoteKey,
    input.ephemeral,
  );
  const payload = new Uint8Array(initPayloadBytes);
  writeUint64(payload, 0, input.hsCounter);
  writeUint32(payload, 8, input.caps);
  const message = noise.writeFirst(payload);
  if (message === undefined) return reject("bad-key");
  return accept(new Initiation(noise, message, input.index, input.remoteKey));
}

/** A handshake in progress, on the side that sends the INIT. */
export class Initiation {
  readonly #noise: NoiseInitiator;
  readonly #message: Uint8Array;
  readonly #mac1Key: Uint8Array;
  readonly #remoteKey: Uint8Array;
  readonly index: number;

  constructor(noise: NoiseInitiator, message: Uint8Array, index: number, remoteKey: Uint8Array) {
    this.#noise = noise;
    this.#message = message;
    this.#mac1Key = mac1Key(remoteKey);
    this.#remoteKey = remoteKey;
    this.index = index;
  }

  /**
   * The INIT, 148 bytes.
   * @param cookie 16 bytes from a COOKIE: with it, mac2 proves that this side receives at its address
   */
  packet(cookie?: Uint8Array): Uint8Array {
    const bytes = encodePacket({
      type: "init",
      sender: this.index,
      noise: this.#message,
      mac1: noMac,
      mac2: noMac,
    });
    writeMacs(bytes, this.#mac1Key, cookie);
    return bytes;
  }

  /** Opens the COOKIE that answers this INIT. Pass the cookie to `packet`. */
  openCookie(bytes: Uint8Array): Result<Uint8Array, CookieReason> {
    const init = this.packet();
    const mac1 = init.subarray(init.length - 2 * macBytes, init.length - macBytes);
    return openCookie(bytes, this.index, this.#remoteKey, mac1);
  }

  /** Reads the RESP. A refused one changes nothing: the genuine RESP can still arrive. */
  complete(bytes: Uint8Array): Result<Established, HandshakeReason> {
    const decoded = decodePacket(bytes);
    if (!decoded.ok) return decoded;
    const resp = decoded.value;
    if (resp.type !== "resp") return reject("not-expected");
    if (resp.receiver !== this.index) return reject("index");
    if (!checkMac1(bytes, this.#mac1Key)) return reject("mac1");
    const second = this.#noise.readSecond(resp.noise);
    if (second === undefined || second.payload.length !== 0) return reject("noise");
    return accept({
      ...second.outcome,
      initiator: true,
      localIndex: this.index,
      remoteIndex: resp.sender,
      remoteKey: this.#remoteKey,
    });
  }
}

/** The side whose static key is known beforehand: a server, or a device that another device asks. */
export class Responder {
  readonly #noise: NoiseResponder;
  readonly #mac1Key: Uint8Array;

  /** @param psk 32 bytes; all zeros if omitted */
  constructor(local: KeyPair, psk?: Uint8Array) {
    this.#noise = new NoiseResponder(settingOf(psk), local);
    this.#mac1Key = mac1Key(local.publicKey);
  }

  /**
   * Checks the form and mac1 of an INIT, which costs about 1 % of `readInit`. A server under load
   * demands a valid mac2 before it calls `readInit`.
   */
  checkInit(bytes: Uint8Array): Result<InitPacket, HandshakeReason> {
    const decoded = decodePacket(bytes);
    if (!decoded.ok) return decoded;
    if (decoded.value.type !== "init") return reject("not-expected");
    return checkMac1(bytes, this.#mac1Key) ? accept(decoded.value) : reject("mac1");
  }

  /**
   * Checks and reads an INIT. It may be a replay: compare the counter before you answer, and count
   * no session before its first valid DATA.
   */
  readInit(bytes: Uint8Array): Result<ReadInit, HandshakeReason> {
    const checked = this.checkInit(bytes);
    if (!checked.ok) return checked;
    const first = this.#noise.readFirst(checked.value.noise);
    if (first === undefined || first.payload.length !== initPayloadBytes) return reject("noise");
    const hsCounter = readUint64(first.payload, 0);
    if (!Number.isSafeInteger(hsCounter)) return reject("counter-range");
    const caps = readUint32(first.payload, 8);
    return accept(new ReadInit(first, this.#mac1Key, checked.value.sender, { hsCounter, caps }));
  }
}

/** An INIT that was read and can be answered. */
export class ReadInit {
  readonly #first: NoiseAnswer;
  readonly #mac1Key: Uint8Array;
  /** The index that the initiator chose. */
  readonly sender: number;
  readonly hsCounter: number;
  readonly caps: number;

  constructor(first: NoiseAnswer, key: Uint8Array, sender: number, payload: InitPayload) {
    this.#first = first;
    this.#mac1Key = key;
    this.sender = sender;
    this.hsCounter = payload.hsCounter;
    this.caps = payload.caps;
  }

  /** The initiator's static key, 32 bytes. */
  get remoteKey(): Uint8Array {
    return this.#first.remote;
  }

  /**
   * Writes the RESP, 92 bytes, and derives the session keys.
   * @param index the index that packets to this side carry, 0 to 2^32 - 1
   * @param ephemeral a fresh pair, used for this answer only
   * @returns `bad-key` if one of the initiator's keys is of small order
   */
  answer(
    index: number,
    ephemeral: KeyPair,
  ): Result<{ packet: Uint8Array; established: Established }, "bad-key"> {
    const second = this.#first.writeSecond(empty, ephemeral);
    if (second === undefined) return reject("bad-key");
    const packet = encodePacket({
      type: "resp",
      sender: index,
      receiver: this.sender,
      noise: second.message,
      mac1: noMac,
    });
    writeMacs(packet, this.#mac1Key);
    const established = {
      ...second.outcome,
      initiator: false,
      localIndex: index,
      remoteIndex: this.sender,
      remoteKey: this.remoteKey,
    };
    return accept({ packet, established });
  }
}

function settingOf(psk: Uint8Array | undefined): NoiseSetting {
  return { prologue: prologueBytes, psk: psk ?? zeroPsk };
}
