// One sealed device of a fleet, which behaves like a client: INIT, COOKIE, RESP, then one request; retries with growing
// waits. Has no socket and no timer: the fleet provides both.

import { type RetrySchedule, retrySchedule } from "../../lib/client/retry-schedule.ts";
import { decodeFrames, encodeFrames, framesIn } from "../../lib/sealed/bundle.ts";
import type { Frame } from "../../lib/sealed/frames.ts";
import { type Initiation, initiate } from "../../lib/sealed/handshake.ts";
import { packetType, receiverOf } from "../../lib/sealed/packet-form.ts";
import { decodePacket } from "../../lib/sealed/packets.ts";
import { type KeyPair, x25519KeyPair } from "../../lib/sealed/primitives.ts";
import { SentTags } from "../../lib/sealed/reset.ts";
import { Transport } from "../../lib/sealed/transport.ts";
import { deviceId } from "./seed.ts";
import { keyPairOf, proofOf } from "./sealed-devices.ts";

/** The first request of a device over a new link. */
export type Greeting = "resume" | "heartbeat";

/** The lowest bits of an index are the device number; the load generator relies on that. */
export const deviceBits = 20;
const ackCodes: Record<Greeting, string> = { resume: "70", heartbeat: "40" };
/** The longest random wait after a RESET, as in the client. */
const resetJitterMs = 2_000;
const initsKept = 5;

let lastCounter = 0;

/** A handshake counter, higher than all before. */
export function nextCounter(): number {
  lastCounter = Math.max(lastCounter + 1, Date.now() * 1_000);
  return lastCounter;
}

export class Member {
  /** When the device has to act next, by performance.now(); Infinity if it has nothing to do. */
  dueAt = Infinity;
  /** Whether its request was acknowledged. */
  isIn = false;
  transport: Transport | null = null;
  #inits: Initiation[] = [];
  #cookie: Uint8Array | undefined;
  #attempts = 0;
  #tags = new SentTags();
  #schedule: RetrySchedule = retrySchedule(0);
  #sendings = 0;
  #greeting: Greeting = "resume";
  #msgid = 0n;
  readonly #local: KeyPair;

  constructor(
    readonly device: number,
    private readonly serverKey: Uint8Array,
    private readonly send: (packet: Uint8Array) => void,
    private readonly now: () => number,
  ) {
    this.#local = keyPairOf(device);
  }

  /** Starts a request, over the existing link if there is one. */
  begin(greeting: Greeting): void {
    this.isIn = false;
    this.#greeting = greeting;
    this.#msgid++;
    this.#restart(0);
  }

  /** Sends what is due, and schedules the next sending. */
  act(): void {
    this.dueAt = this.now() + this.#schedule.waitMs(++this.#sendings);
    if (this.transport === null) this.#sendInit();
    else this.#sendFrame(this.transport, this.#request());
  }

  /** Receives a packet with an index of this device. */
  receive(bytes: Uint8Array): void {
    if (bytes[0] === packetType.cookie) this.#receiveCookie(bytes);
    else if (bytes[0] === packetType.resp) this.#receiveResp(bytes);
    else if (bytes[0] === packetType.data) this.#receiveData(bytes);
  }

  /** Receives a RESET; returns whether it answers one of this device's packets. */
  receiveReset(bytes: Uint8Array): boolean {
    const reset = decodePacket(bytes);
    if (!reset.ok || reset.value.type !== "reset" || !this.#tags.caused(reset.value)) return false;
    this.transport = null;
    this.#greeting = "resume";
    this.#restart(Math.random() * resetJitterMs);
    return true;
  }

  #restart(afterMs: number): void {
    this.#inits = [];
    this.#schedule = retrySchedule(Math.random());
    this.#sendings = 0;
    this.dueAt = this.now() + afterMs;
  }

  #sendInit(): void {
    const initiation = initiate({
      local: this.#local,
      remoteKey: this.serverKey,
      ephemeral: x25519KeyPair(crypto.getRandomValues(new Uint8Array(32))),
      index: (this.#attempts++ % 4_096) * 2 ** deviceBits + this.device,
      hsCounter: nextCounter(),
      caps: 0,
    });
    if (!initiation.ok) throw new RangeError("The server's key is of small order.");
    this.#inits = [...this.#inits, initiation.value].slice(-initsKept);
    this.send(initiation.value.packet(this.#cookie));
  }

  #initiationOf(bytes: Uint8Array): Initiation | undefined {
    return this.#inits.find(({ index }) => index === receiverOf(bytes));
  }

  #receiveCookie(bytes: Uint8Array): void {
    const initiation = this.#initiationOf(bytes);
    const cookie = initiation?.openCookie(bytes);
    if (initiation === undefined || cookie === undefined || !cookie.ok) return;
    this.#cookie = cookie.value;
    this.send(initiation.packet(cookie.value));
  }

  #receiveResp(bytes: Uint8Array): void {
    const established = this.#initiationOf(bytes)?.complete(bytes);
    if (established === undefined || !established.ok) return;
    this.transport = new Transport(established.value, this.now());
    this.#restart(0);
    this.act();
  }

  #receiveData(bytes: Uint8Array): void {
    if (this.transport === null || receiverOf(bytes) !== this.transport.localIndex) return;
    const opened = this.transport.open(bytes, this.now());
    if (!opened.ok) return;
    const frames = framesIn(decodeFrames(opened.value.plaintext));
    const frame = frames.find(({ kind, msgid }) => kind === "text" && msgid === this.#msgid);
    if (frame?.kind !== "text") return;
    const text = Buffer.from(frame.body).toString();
    if (!text.startsWith(`ACK\t${ackCodes[this.#greeting]}\t${deviceId(this.device)}\t`)) return;
    this.isIn = true;
    this.dueAt = Infinity;
  }

  #request(): Frame {
    const id = deviceId(this.device);
    const head = { answer: false, msgid: this.#msgid };
    if (this.#greeting === "resume") {
      return { ...head, kind: "resume", id, proof: proofOf(this.device), ip: "127.0.0.1", port: 9 };
    }
    const text = `STATUS\t01\t${id}\t2026-11-22:10:10:10\t9\theartbeat`;
    return { ...head, kind: "text", body: Buffer.from(text) };
  }

  #sendFrame(transport: Transport, frame: Frame): void {
    const packet = transport.seal(encodeFrames([frame]), this.now());
    if (!packet.ok) throw new RangeError("The link is too old.");
    this.#tags.note(packet.value);
    this.send(packet.value);
  }
}
