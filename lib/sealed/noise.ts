// Owns the Noise pattern IK, or IKpsk2 if a pre-shared key is given (Noise §7.5, §9):
//   ← s    …    → e, es, s, ss    ← e, ee, se [, psk]
// Never knows a packet, an index or a mac. Never throws on what a peer sent: it reads or refuses it.

import { keyBytes, protocolName, protocolNamePsk, tagBytes } from "./limits.ts";
import { dh } from "./primitives.ts";
import type { KeyPair } from "./primitives.ts";
import { StaticSecrets } from "./static-secrets.ts";
import { SymmetricState } from "./symmetric-state.ts";

/** What the two sides agree on before the first message. */
export interface NoiseSetting {
  readonly prologue: Uint8Array;
  /** 32 bytes select IKpsk2; if omitted, the pattern is IK. */
  readonly psk?: Uint8Array | undefined;
}

/** The result of a finished handshake on one of the two sides. */
export interface NoiseOutcome {
  readonly sendKey: Uint8Array;
  readonly receiveKey: Uint8Array;
  /** The same 32 bytes on both sides; a later protocol step can bind itself to this handshake with it. */
  readonly handshakeHash: Uint8Array;
}

const sealedKeyBytes = keyBytes + tagBytes;

/** The side that knows the other side's static key and sends the first message. */
export class NoiseInitiator {
  readonly #state: SymmetricState;
  readonly #setting: NoiseSetting;
  readonly #local: KeyPair;
  readonly #remote: Uint8Array;
  readonly #ephemeral: KeyPair;

  /**
   * @param remote the responder's static key, 32 bytes
   * @param ephemeral a fresh pair, used for this handshake only
   */
  constructor(setting: NoiseSetting, local: KeyPair, remote: Uint8Array, ephemeral: KeyPair) {
    this.#setting = setting;
    this.#local = local;
    this.#remote = remote;
    this.#ephemeral = ephemeral;
    this.#state = startState(setting, remote);
  }

  /**
   * Writes e, es, s, ss and the payload: 96 + payload bytes. Call it once.
   * @returns undefined if the responder's key is of small order
   */
  writeFirst(payload: Uint8Array): Uint8Array | undefined {
    const state = this.#state;
    const ephemeralStatic = dh(this.#ephemeral, this.#remote);
    const staticStatic = dh(this.#local, this.#remote);
    if (ephemeralStatic === undefined || staticStatic === undefined) return undefined;
    mixEphemeral(state, this.#setting, this.#ephemeral.publicKey);
    state.mixKey(ephemeralStatic);
    const sealedStatic = state.encryptAndHash(this.#local.publicKey);
    state.mixKey(staticStatic);
    const sealedPayload = state.encryptAndHash(payload);
    return join(this.#ephemeral.publicKey, sealedStatic, sealedPayload);
  }

  /**
   * Reads e, ee, se, psk and the payload. A refused message changes nothing: a forged answer does not
   * break the handshake, and the genuine one can still arrive.
   * @returns undefined if the message is refused
   */
  readSecond(message: Uint8Array): { payload: Uint8Array; outcome: NoiseOutcome } | undefined {
    if (message.length < keyBytes + tagBytes) return undefined;
    const state = this.#state.fork();
    const remoteEphemeral = message.subarray(0, keyBytes);
    const ephemeralEphemeral = dh(this.#ephemeral, remoteEphemeral);
    const staticEphemeral = dh(this.#local, remoteEphemeral);
    if (ephemeralEphemeral === undefined || staticEphemeral === undefined) return undefined;
    mixEphemeral(state, this.#setting, remoteEphemeral);
    state.mixKey(ephemeralEphemeral);
    state.mixKey(staticEphemeral);
    if (this.#setting.psk !== undefined) state.mixKeyAndHash(this.#setting.psk);
    const payload = state.decryptAndHash(message.subarray(keyBytes));
    if (payload === undefined) return undefined;
    const [sendKey, receiveKey] = state.split();
    return { payload, outcome: { sendKey, receiveKey, handshakeHash: state.transcript } };
  }
}

/** The side whose static key is known beforehand. One responder serves any number of first messages. */
export class NoiseResponder {
  readonly #start: SymmetricState;
  readonly #setting: NoiseSetting;
  readonly #local: KeyPair;
  readonly #secrets: StaticSecrets;

  constructor(setting: NoiseSetting, local: KeyPair) {
    this.#setting = setting;
    this.#local = local;
    this.#secrets = new StaticSecrets(local);
    this.#start = startState(setting, local.publicKey);
  }

  /** Reads e, es, s, ss and the payload; undefined if the message is too short or a key or tag is invalid. */
  readFirst(message: Uint8Array): NoiseAnswer | undefined {
    if (message.length < keyBytes + sealedKeyBytes + tagBytes) return undefined;
    const state = this.#start.fork();
    const remoteEphemeral = new Uint8Array(message.subarray(0, keyBytes));
    const ephemeralStatic = dh(this.#local, remoteEphemeral);
    if (ephemeralStatic === undefined) return undefined;
    mixEphemeral(state, this.#setting, remoteEphemeral);
    state.mixKey(ephemeralStatic);
    const remote = state.decryptAndHash(message.subarray(keyBytes, keyBytes + sealedKeyBytes));
    if (remote === undefined) return undefined;
    const staticStatic = this.#secrets.with(remote);
    if (staticStatic === undefined) return undefined;
    state.mixKey(staticStatic);
    const payload = state.decryptAndHash(message.subarray(keyBytes + sealedKeyBytes));
    if (payload === undefined) return undefined;
    // The payload is sealed under ss, so its sender owns the private half of the static key.
    this.#secrets.keep(remote, staticStatic);
    return new NoiseAnswer(state, this.#setting, remoteEphemeral, remote, payload);
  }
}

/** A first message that was read and can be answered. */
export class NoiseAnswer {
  readonly #state: SymmetricState;
  readonly #setting: NoiseSetting;
  readonly #remoteEphemeral: Uint8Array;
  /** The initiator's static key, 32 bytes. Not proof that the initiator is there: the message may be a replay. */
  readonly remote: Uint8Array;
  readonly payload: Uint8Array;

  constructor(
    state: SymmetricState,
    setting: NoiseSetting,
    remoteEphemeral: Uint8Array,
    remote: Uint8Array,
    payload: Uint8Array,
  ) {
    this.#state = state;
    this.#setting = setting;
    this.#remoteEphemeral = remoteEphemeral;
    this.remote = remote;
    this.payload = payload;
  }

  /**
   * Writes e, ee, se, psk and the payload: 48 + payload bytes.
   * @param ephemeral a fresh pair, used for this answer only
   * @returns undefined if one of the initiator's keys is of small order
   */
  writeSecond(
    payload: Uint8Array,
    ephemeral: KeyPair,
  ): { message: Uint8Array; outcome: NoiseOutcome } | undefined {
    const state = this.#state.fork();
    const ephemeralEphemeral = dh(ephemeral, this.#remoteEphemeral);
    const staticEphemeral = dh(ephemeral, this.remote);
    if (ephemeralEphemeral === undefined || staticEphemeral === undefined) return undefined;
    mixEphemeral(state, this.#setting, ephemeral.publicKey);
    state.mixKey(ephemeralEphemeral);
    state.mixKey(staticEphemeral);
    if (this.#setting.psk !== undefined) state.mixKeyAndHash(this.#setting.psk);
    const message = join(ephemeral.publicKey, state.encryptAndHash(payload));
    const [receiveKey, sendKey] = state.split();
    return { message, outcome: { sendKey, receiveKey, handshakeHash: state.transcript } };
  }
}

function startState(setting: NoiseSetting, responder: Uint8Array): SymmetricState {
  const state = SymmetricState.start(setting.psk === undefined ? protocolName : protocolNamePsk);
  state.mixHash(setting.prologue);
  state.mixHash(responder);
  return state;
}

// Noise §9.2: with a pre-shared key, every e is mixed into the key too, so that every encryption key
// depends on a fresh value.
function mixEphemeral(state: SymmetricState, setting: NoiseSetting, publicKey: Uint8Array): void {
  state.mixHash(publicKey);
  if (setting.psk !== undefined) state.mixKey(publicKey);
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
