// The link to the server: first contact or pinned key, handshake with retransmission, keys and their renewal, RESET.
// Carries frames; never reads what is in them.

import { matchesFingerprint } from "../../sealed/fingerprint.ts";
import { decodeFrame, encodeFrame, type Frame } from "../../sealed/frames.ts";
import type { Established } from "../../sealed/handshake.ts";
import { rekeyAfterMessages, resetIntervalMs } from "../../sealed/limits.ts";
import { packetFault, packetType, receiverOf } from "../../sealed/packet-form.ts";
import { decodePacket, encodePacket, type KeyPacket } from "../../sealed/packets.ts";
import { equal } from "../../sealed/primitives.ts";
import { SentTags } from "../../sealed/reset.ts";
import { Transport } from "../../sealed/transport.ts";
import { retriesMax, type RetrySchedule, retrySchedule } from "../retry-schedule.ts";
import { Handshaking } from "./handshaking.ts";
import type { Trouble } from "../channel.ts";
import type { SealedPorts, SealedSettings, ServerLinkEvents } from "./ports.ts";

const version = 1;
const nonceBytes = 16;
/** Implementation: a fleet that was reset comes back spread over this long. */
const resetJitterMs = 2_000;
/** Implementation: how long the true server still has to answer after somebody showed another key. */
const suspicionMs = 500;

export class ServerLink {
  #key: Uint8Array | null;
  #isPinned: boolean;
  #nonce: Uint8Array | null = null;
  #handshake: Handshaking | null = null;
  #schedule: RetrySchedule;
  #sendings = 0;
  #retryAt = Infinity;
  #heard = false;
  #badVersion = false;
  /** Another key than the trusted one, and how often it was shown to a HELLO of its own. */
  #suspect: { readonly key: Uint8Array; readonly times: number; readonly at: number } | null = null;
  #current: Transport | null = null;
  #previous: Transport | null = null;
  #lost = false;
  #reopenAt = Infinity;
  #resetAt = -Infinity;
  #stopped = false;
  #sentAt = -Infinity;
  #framesSent = 0;
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

  /** The server's key, proven or pinned; null before the first contact. */
  get serverKey(): Uint8Array | null {
    return this.#isPinned ? this.#key : null;
  }

  /** Whether frames can be sent now. */
  get isOpen(): boolean {
    return this.#current !== null && !this.#lost && !this.#stopped;
  }

  /** When the last frame was sent, ms. */
  get sentAt(): number {
    return this.#sentAt;
  }

  /** Frames sent since the start. */
  get framesSent(): number {
    return this.#framesSent;
  }

  /** What stands in the way of a link, as far as it is known; null where there is one. */
  get trouble(): Trouble | null {
    if (this.isOpen) return null;
    if (this.#badVersion) return "version";
    return (this.#handshake?.refused ?? 0) > 0
      ? "wrong-secret"
      : this.#heard
        ? "no-response"
        : "no-key";
  }

  /** Whether a DATA packet bears an index of this link. */
  owns(index: number): boolean {
    return this.#transportAt(index) !== undefined;
  }

  /**
   * Seals and sends a frame.
   * @returns whether it left; where it did not, a link is being made and `onOpen` follows
   */
  send(frame: Frame): boolean {
    const now = this.ports.now();
    if (this.#current?.isDead(now) === true) this.#lost = true;
    const transport = this.#current;
    if (transport === null || !this.isOpen) {
      this.connect();
      return false;
    }
    const packet = transport.seal(encodeFrame(frame), now);
    if (!packet.ok) return false;
    this.#tags.note(packet.value);
    this.#sentAt = now;
    this.#framesSent++;
    this.ports.send(packet.value, this.settings.server);
    const most = this.settings.rekeyAfterMessages ?? rekeyAfterMessages;
    if (transport.sent >= most || transport.needsRekey(now)) this.connect();
    return true;
  }

  /** Begins a handshake, unless one is under way or due. */
  connect(): void {
    if (this.#stopped || this.#retryAt !== Infinity || this.#reopenAt !== Infinity) return;
    this.#sendings = 0;
    this.#heard = false;
    this.#schedule = retrySchedule(this.ports.random());
    this.#suspect = null;
    this.#handshake = this.#key === null ? null : this.#handshakeWith(this.#key);
    this.#attempt();
  }

  /** The server closed the link: the next frame begins another. */
  lose(): void {
    this.#lost = true;
  }

  /** Takes a packet; returns the frame in it, where it is one of this link's. */
  receive(bytes: Uint8Array): Frame | null {
    if (this.#stopped || packetFault(bytes) !== undefined) return null;
    switch (bytes[0]) {
      case packetType.data:
        return this.#open(bytes);
      case packetType.resp:
      case packetType.cookie: {
        const established = this.#handshake?.receive(bytes) ?? null;
        if (established !== null) this.#establish(established);
        return null;
      }
      case packetType.key:
      case packetType.reset: {
        const packet = decodePacket(bytes);
        if (packet.ok && packet.value.type === "key") this.#receiveKey(packet.value);
        if (packet.ok && packet.value.type === "reset" && this.#tags.caused(packet.value)) {
          this.#receiveReset(packet.value.receiver);
        }
        return null;
      }
      default:
        return null;
    }
  }

  /** When `tick` wants to be called, ms; null for never. */
  get wakeAt(): number | null {
    const at = Math.min(this.#retryAt, this.#reopenAt, this.#suspect?.at ?? Infinity);
    return this.#stopped || at === Infinity ? null : at;
  }

  /** Sends again, gives up or begins anew, whatever is due. */
  tick(now: number): void {
    if (this.#stopped) return;
    if (this.#suspect !== null && now >= this.#suspect.at) this.#askSuspect(this.#suspect);
    if (this.#stopped) return;
    if (now >= this.#reopenAt) {
      this.#reopenAt = Infinity;
      this.connect();
    }
    if (now < this.#retryAt) return;
    if (this.#sendings <= retriesMax) this.#attempt();
    else this.#giveUp();
  }

  /** Sends nothing any more, and forgets the keys. */
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
    // A server with another key drops our INIT without a word: after the first silence it is asked for its key.
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
    this.#badVersion = version < versionMin || version > versionMax;
    if (this.#badVersion) return;
    const key = Uint8Array.from(publicKey);
    if (this.#key !== null && equal(key, this.#key)) return;
    const { expected } = this.settings;
    const isOther = expected !== null && !matchesFingerprint(expected, key);
    if (this.#isPinned || isOther) return this.#suspectKey(key);
    this.#key = key;
    this.#handshake = this.#handshakeWith(key);
    this.#sendings = 0;
    this.#attempt();
  }

  /** Nothing in a KEY is proven: one that was bent on the way, or came from beside it, shall not stop a device. */
  #suspectKey(key: Uint8Array): void {
    const before = this.#suspect;
    const times = before !== null && equal(before.key, key) ? before.times + 1 : 1;
    this.#suspect = { key, times, at: this.ports.now() + suspicionMs };
  }

  /** Who holds the trusted key had the time to answer an INIT. The same other key twice in a row is the hard stop. */
  #askSuspect(suspect: { readonly key: Uint8Array; readonly times: number }): void {
    if (suspect.times > 1) return this.#stop(suspect.key);
    this.#suspect = { ...suspect, at: Infinity };
    this.#handshake?.send();
    this.#sendHello();
  }

  #establish(established: Established): void {
    // sealed, Rules: the server has proven its key; it is pinned before anything secret is sent.
    if (!this.#isPinned) this.ports.pin(established.remoteKey);
    this.#isPinned = true;
    this.#retryAt = Infinity;
    this.#handshake = null;
    this.#suspect = null;
    const fresh = this.#current === null || this.#lost;
    this.#lost = false;
    this.#previous?.wipe();
    this.#previous = this.#current;
    this.#current = new Transport(established, this.ports.now());
    this.events.onOpen(fresh);
  }

  #receiveReset(index: number): void {
    const now = this.ports.now();
    if (this.#current?.remoteIndex !== index || this.#lost) return;
    this.#lost = true;
    if (this.#retryAt !== Infinity) return;
    const soon = now + this.ports.random() * resetJitterMs;
    this.#reopenAt = Math.max(soon, this.#resetAt + resetIntervalMs);
    this.#resetAt = this.#reopenAt;
  }

  #open(bytes: Uint8Array): Frame | null {
    const transport = this.#transportAt(receiverOf(bytes));
    const opened = transport?.open(bytes, this.ports.now());
    if (opened === undefined || !opened.ok) return null;
    // Only a server that knows the link can seal under its keys: a RESET before that came from somebody else.
    if (this.#reopenAt !== Infinity && transport === this.#current && opened.value.newest) {
      this.#reopenAt = Infinity;
      this.#lost = false;
      this.events.onKept();
    }
    const frame = decodeFrame(opened.value.frame);
    return frame.ok ? frame.value : null;
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
