// The link to the server: first contact or pinned key, handshake with retransmission, rekeying, RESET. Carries frames
// and never reads their bodies.

import { matchesFingerprint } from "../../sealed/fingerprint.ts";
import { decodeFrames, encodeFrames, framesIn } from "../../sealed/bundle.ts";
import type { Frame } from "../../sealed/frames.ts";
import type { Established } from "../../sealed/handshake.ts";
import { rekeyAfterMessages, resetIntervalMs } from "../../sealed/limits.ts";
import { packetFault, packetType, receiverOf } from "../../sealed/packet-form.ts";
import { decodePacket, encodePacket, type KeyPacket } from "../../sealed/packets.ts";
import { equal } from "../../sealed/primitives.ts";
import { SentTags } from "../../sealed/reset.ts";
import { Transport } from "../../sealed/transport.ts";
import { retriesMax, type RetrySchedule, retrySchedule } from "../retry-schedule.ts";
import { RoundTrip } from "../round-trip.ts";
import { Handshaking, versionTrouble } from "./handshaking.ts";
import type { Trouble } from "../channel.ts";
import type { SealedPorts, SealedSettings, ServerLinkEvents } from "./ports.ts";
import { Suspicion } from "./suspicion.ts";

const nonceBytes = 16;
/** Implementation constant: longest random wait before the handshake after a RESET; spreads out a fleet. */
const resetJitterMs = 2_000;

export class ServerLink {
  readonly roundTrip = new RoundTrip();
  #key: Uint8Array | null;
  #isPinned: boolean;
  #nonce: Uint8Array | null = null;
  #handshake: Handshaking | null = null;
  #schedule: RetrySchedule;
  #sendings = 0;
  #retryAt = Infinity;
  #heard = false;
  #otherVersion: Trouble | null = null;
  readonly #suspicion = new Suspicion();
  #current: Transport | null = null;
  #previous: Transport | null = null;
  #lost = false;
  #reopenAt = Infinity;
  #resetAt = -Infinity;
  #stopped = false;
  #sentAt = -Infinity;
  /** Number of packets sent over the link since the start. */
  packetsSent = 0;
  readonly #tags = new SentTags();

  constructor(
    private readonly ports: SealedPorts,
    private readonly settings: SealedSettings,
    private readonly events: ServerLinkEvents,
  ) {
    this.#key = settings.pinned;
    this.#isPinned = settings.pinned !== null;
    this.#schedule = retrySchedule(ports.random());
  }

  /** The server's key, pinned earlier or proven by a handshake; null before the first contact. */
  get serverKey(): Uint8Array | null {
    return this.#isPinned ? this.#key : null;
  }

  /** Whether frames can be sent. */
  get isOpen(): boolean {
    return this.#current !== null && !this.#lost && !this.#stopped;
  }

  /** When the last packet was sent, in ms. */
  get sentAt(): number {
    return this.#sentAt;
  }

  /** What prevents a link, as far as it is known; null if the link is open. */
  get trouble(): Trouble | null {
    if (this.isOpen) return null;
    if (this.#otherVersion !== null) return this.#otherVersion;
    return (this.#handshake?.refused ?? 0) > 0
      ? "wrong-secret"
      : this.#heard
        ? "no-response"
        : "no-key";
  }

  /** Whether a DATA packet with this receiver index belongs to this link. */
  owns(index: number): boolean {
    return this.#transportAt(index) !== undefined;
  }

  /**
   * Seals frames and sends them in one packet.
   * @param frames together they fit in one; more is a RangeError
   * @returns whether it was sent; if there was no link, a handshake has started, and `onOpen` follows when it succeeds
   */
  send(...frames: readonly Frame[]): boolean {
    const now = this.ports.now();
    if (this.#current?.isDead(now) === true) this.#lost = true;
    const transport = this.#current;
    if (transport === null || !this.isOpen) {
      this.connect();
      return false;
    }
    const packet = transport.seal(encodeFrames(frames), now);
    if (!packet.ok) return false;
    this.#tags.note(packet.value);
    this.#sentAt = now;
    this.packetsSent++;
    this.ports.send(packet.value, this.settings.server);
    const most = this.settings.rekeyAfterMessages ?? rekeyAfterMessages;
    if (transport.sent >= most || transport.needsRekey(now)) this.connect();
    return true;
  }

  /** Starts a handshake, unless one is in progress or due. */
  connect(): void {
    if (this.#stopped || this.#retryAt !== Infinity || this.#reopenAt !== Infinity) return;
    this.#sendings = 0;
    this.#heard = false;
    this.#otherVersion = null;
    this.#schedule = retrySchedule(this.ports.random());
    this.#suspicion.end();
    this.#handshake = this.#key === null ? null : this.#handshakeWith(this.#key);
    this.#attempt();
  }

  /** Begins a handshake in progress again, so that it does not wait for its next retry. */
  hurry(): void {
    if (this.#stopped || this.#retryAt === Infinity) return;
    this.#retryAt = Infinity;
    this.connect();
  }

  /** Marks the link as closed by the server; the next `send` starts a new one. */
  lose(): void {
    this.#lost = true;
  }

  /** Takes a received packet; returns the frames in it if it is a DATA packet of this link, else none. */
  receive(bytes: Uint8Array): Frame[] {
    if (this.#stopped || packetFault(bytes) !== undefined) return [];
    switch (bytes[0]) {
      case packetType.data:
        return this.#open(bytes);
      case packetType.resp:
      case packetType.cookie: {
        const established = this.#handshake?.receive(bytes) ?? null;
        if (established !== null) this.#establish(established);
        return [];
      }
      case packetType.key:
      case packetType.reset: {
        const packet = decodePacket(bytes);
        if (packet.ok && packet.value.type === "key") this.#receiveKey(packet.value);
        if (packet.ok && packet.value.type === "reset" && this.#tags.caused(packet.value)) {
          this.#receiveReset(packet.value.receiver);
        }
        return [];
      }
      default:
        return [];
    }
  }

  /** When `tick` is to be called next, in ms; null for never. */
  get wakeAt(): number | null {
    const at = Math.min(this.#retryAt, this.#reopenAt, this.#suspicion.at);
    return this.#stopped || at === Infinity ? null : at;
  }

  /** Runs the timers that are due: retransmission, giving up, the handshake after a RESET, the check of a shown key. */
  tick(now: number): void {
    if (this.#stopped) return;
    if (now >= this.#suspicion.at) this.#askSuspect();
    if (this.#stopped) return;
    if (now >= this.#reopenAt) {
      this.#reopenAt = Infinity;
      this.connect();
    }
    if (now < this.#retryAt) return;
    if (this.#sendings <= retriesMax) this.#attempt();
    else this.#giveUp();
  }

  /** Stops sending and wipes the session's keys. */
  close(): void {
    this.#stopped = true;
    this.#current?.wipe();
    this.#previous?.wipe();
  }

  #handshakeWith(key: Uint8Array): Handshaking {
    return new Handshaking(this.ports, key, (packet) =>
      this.ports.send(packet, this.settings.server),
    );
  }

  #attempt(): void {
    this.#sendings++;
    this.#retryAt = this.ports.now() + this.#schedule.waitMs(this.#sendings);
    this.#handshake?.send();
    // A server with another key drops our INIT silently, so after one unanswered INIT a HELLO asks for its key.
    if (this.#handshake === null || this.#sendings > 1) this.#sendHello();
  }

  #sendHello(): void {
    const nonce = this.ports.randomBytes(nonceBytes);
    this.#nonce = nonce;
    this.ports.send(encodePacket({ type: "hello", nonce }), this.settings.server);
  }

  #giveUp(): void {
    const { trouble } = this;
    this.#retryAt = Infinity;
    if (!this.#isPinned) this.#key = null;
    if (trouble !== null) this.events.onTrouble(trouble);
  }

  #receiveKey({ nonce, publicKey, versionMin, versionMax }: KeyPacket): void {
    if (this.#nonce === null || !equal(nonce, this.#nonce) || this.#retryAt === Infinity) return;
    this.#nonce = null;
    this.#heard = true;
    this.#otherVersion = versionTrouble(versionMin, versionMax);
    if (this.#otherVersion !== null) return;
    const key = Uint8Array.from(publicKey);
    if (this.#key !== null && equal(key, this.#key)) return;
    const { expected } = this.settings;
    const isOther = expected !== null && !matchesFingerprint(expected, key);
    if (this.#isPinned || isOther) return this.#suspicion.note(key, this.ports.now());
    this.#key = key;
    this.#handshake = this.#handshakeWith(key);
    this.#sendings = 0;
    this.#attempt();
  }

  /** The trusted key's holder did not answer in time: ask once more. */
  #askSuspect(): void {
    const proven = this.#suspicion.ask();
    if (proven !== null) return this.#stop(proven);
    this.#handshake?.send();
    this.#sendHello();
  }

  #establish(established: Established): void {
    // protocol §5.10: the server has proven that it holds its key, which is pinned before anything secret is sent.
    if (!this.#isPinned) this.ports.pin(established.remoteKey);
    this.#isPinned = true;
    this.#retryAt = Infinity;
    const tripMs = this.#handshake?.tripMs ?? null;
    if (tripMs !== null) this.roundTrip.measured(tripMs);
    this.#handshake = null;
    this.#suspicion.end();
    const fresh = this.#current === null || this.#lost;
    this.#lost = false;
    this.#previous?.wipe();
    this.#previous = this.#current;
    this.#current = new Transport(established, this.ports.now());
    this.events.onOpen(fresh);
  }

  #receiveReset(index: number): void {
    const now = this.ports.now();
    if (this.#previous?.remoteIndex === index && now >= this.#resetAt + resetIntervalMs) {
      // The server has lost the link that a rekey has just replaced, and with it perhaps our sessions.
      this.#resetAt = now;
      return this.events.onOpen(true);
    }
    if (this.#current?.remoteIndex !== index || this.#lost) return;
    this.#lost = true;
    if (this.#retryAt !== Infinity) return;
    const soon = now + this.ports.random() * resetJitterMs;
    this.#reopenAt = Math.max(soon, this.#resetAt + resetIntervalMs);
    this.#resetAt = this.#reopenAt;
  }

  #open(bytes: Uint8Array): Frame[] {
    const transport = this.#transportAt(receiverOf(bytes));
    const opened = transport?.open(bytes, this.ports.now());
    if (opened === undefined || !opened.ok) return [];
    // Only a server that still has the link can seal under its keys: the RESET before this packet was forged.
    if (this.#reopenAt !== Infinity && transport === this.#current && opened.value.newest) {
      this.#reopenAt = Infinity;
      this.#lost = false;
      this.events.onKept();
    }
    return framesIn(decodeFrames(opened.value.plaintext));
  }

  #transportAt(index: number): Transport | undefined {
    const both = [this.#current, this.#previous];
    return both.find((transport) => transport?.localIndex === index) ?? undefined;
  }

  #stop(seen: Uint8Array): void {
    this.close();
    const pinned = this.#isPinned ? this.#key : null;
    this.events.onKeyChange({ pinned, seen: Uint8Array.from(seen) });
  }
}
