// Owns the Noise pattern IK, and IKpsk2 where a pre-shared key is given (Noise §7.5, §9):
//   ← s    …    → e, es, s, ss    ← e, ee, se [, psk]
// Never knows a packet, an index or a mac; what a peer sent is read or refused, never thrown.

import { keyBytes, protocolName, protocolNamePsk, tagBytes } from "./limits.ts";
import { dh } from "./primitives.ts";
import type { KeyPair } from "./primitives.ts";
import { StaticSecrets } from "./static-secrets.ts";
import { SymmetricState } from "./symmetric-state.ts";

/** What the two sides agree on before the first message. */
export interface NoiseSetting {
  readonly prologue: Uint8Array;
  /** 32 bytes make it IKpsk2; left out, the pattern is IK. */
  readonly psk?: Uint8Array | undefined;
}

/** What a finished handshake leaves, for one of the two sides. */
export interface NoiseOutcome {
  readonly sendKey: Uint8Array;
  readonly receiveKey: Uint8Array;
  /** The same 32 bytes on both sides; binds what follows to this handshake. */
  readonly handshakeHash: Uint8Array;
}

const sealedKeyBytes = keyBytes + tagBytes;

/** The side that knows the other's static key and speaks first. */
export class NoiseInitiator {
  readonly #state: SymmetricState;
  readonly #setting: NoiseSetting;
  readonly #local: KeyPair;
  readonly #remote: Uint8Array;
  readonly #ephemeral: KeyPair;

  /**
   * @param remote the responder's static key, 32 bytes
   * @param ephemeral a fresh pair for this handshake alone
   */
  constructor(setting: NoiseSetting, local: KeyPair, remote: Uint8Array, ephemeral: KeyPair) {
    this.#setting = setting;
    this.#local = local;
    this.#remote = remote;
    this.#ephemeral = ephemeral;
    this.#state = startState(setting, remote);
  }

  /**
   * Writes e, es, s, ss and the payload: 96 + payload bytes. Once for each initiator.
   * @returns undefined where the responder's key is of small order
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
   * Reads e, ee, se, psk and the payload. A message that is refused changes nothing: a forged
   * answer does not spoil the handshake, and the true one can still come.
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

/** The side whose static key is known beforehand; one serves any number of first messages. */
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

  /** Reads e, es, s, ss and the payload; undefined where anything does not fit. */
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
    // Sealed under ss: whoever wrote the payload owns the key it names.
    this.#secrets.keep(remote, staticStatic);
    return new NoiseAnswer(state, this.#setting, remoteEphemeral, remote, payload);
  }
}

/** A first message that was read, and the way to answer it. */
export class NoiseAnswer {
  readonly #state: SymmetricState;
  readonly #setting: NoiseSetting;
  readonly #remoteEphemeral: Uint8Array;
  /** The initiator's static key, 32 bytes. A replayed message names it too. */
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
   * @param ephemeral a fresh pair for this answer alone
   * @returns undefined where one of the initiator's keys is of small order
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

// Noise §9.2: with a pre-shared key every e goes into the key as well, so that nothing is ever
// encrypted under a key that does not depend on something fresh.
function mixEphemeral(state: SymmetricState, setting: NoiseSetting, publicKey: Uint8Array): void {
  state.mixHash(publicKey);
  if (setting.psk !== undefined) state.mixKey(publicKey);
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
