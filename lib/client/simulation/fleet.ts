// A fleet of simulated devices: lets them join a few at a time, wakes each when it is due, and passes each what is for it.
// Never reads a clock or opens a socket, and holds no more than its devices.

import type { Address } from "../../protocol/messages.ts";
import { hash, x25519KeyPair } from "../../sealed/primitives.ts";
import type { AgentEvent } from "../agent-event.ts";
import { type Carrier, type Delivery, sameAddress, type Trouble } from "../channel.ts";
import { SealedChannel } from "../sealed/channel.ts";
import type { KeyChange, Ticket } from "../sealed/ports.ts";
import { textChannel } from "../text-channel.ts";
import { profileOf } from "./profile.ts";
import type { RemovalEvent } from "./removal.ts";
import { isCommand, Routes } from "./routes.ts";
import { seededRandom } from "./seeded-random.ts";
import { type DeviceSetting, SimDevice } from "./sim-device.ts";
import { Counts } from "./tally.ts";
import { WakeQueue } from "./wake-queue.ts";

/** What is simulated. */
export type FleetSettings = {
  /** 1 to `devicesMax`. */
  readonly devices: number;
  /** From one report of a steady device to the next, ms. */
  readonly everyMs: number;
  /** The same seed gives the same habits, curves and losses. */
  readonly seed: number;
  /** How many of the datagrams get lost, each way: 0 to below 1. */
  readonly loss: number;
  readonly password: string;
  readonly server: Address;
  /** The server's key and the secret shared with it; null for text. */
  readonly sealed: { readonly serverKey: Uint8Array; readonly psk: Uint8Array | undefined } | null;
  /** Whether the devices are only to be removed from the server. */
  readonly isRemoval: boolean;
};

/** The ports of a fleet. */
export type FleetPorts = {
  /** Sends one datagram, through a socket of the fleet: always the same one for a device. @param device its number */
  send(payload: string | Uint8Array, to: Address, device: number): void;
  /** Monotonic time, ms. */
  now(): number;
  /** The time of day, ms since 1970. */
  time(): number;
  random(): number;
  randomBytes(count: number): Uint8Array;
  /** Called with a refusal that ends a device. */
  onRefused(id: string, verb: string, code: string, reason: string): void;
  /** The server has no link with a device, for this reason. */
  onTrouble(trouble: Trouble): void;
  onKeyChange(change: KeyChange): void;
};

/**
 * Implementation constants: devices that register and log in at the same time. Each costs the server a password check, which
 * is slow on purpose: more would only wait there, and repeat themselves.
 */
const joiningMax = 16;
/** Devices that act before datagrams are taken again, and that log off in one tick. */
const actsPerTick = 256;

export class Fleet {
  readonly counts = new Counts();
  readonly #devices = new Map<string, SimDevice>();
  readonly #queue = new WakeQueue<SimDevice>();
  readonly #routes = new Routes<SimDevice>((id) => this.#devices.get(id));
  readonly #joining = new Set<SimDevice>();
  readonly #random: () => number;
  readonly #setting: DeviceSetting;
  /** Those that have still to be told that the fleet stops. */
  #toStop: SimDevice[] | null = null;
  /** The device for which the last datagram was. */
  #answered: SimDevice | null = null;
  #lastCounter = 0;
  /** Devices that have logged in, or were removed. */
  joined = 0;
  refused = 0;
  #ended = 0;

  constructor(
    readonly settings: FleetSettings,
    readonly ports: FleetPorts,
  ) {
    this.#random = seededRandom(settings.seed);
    this.#setting = {
      server: settings.server,
      password: settings.password,
      isRemoval: settings.isRemoval,
      counts: this.counts,
      carrierOf: (device) => this.#carrierOf(device),
      random: ports.random,
      time: ports.time,
      onEvent: (device, event) => this.#onEvent(device, event),
    };
  }

  /** Whether all that were started have ended, and no other is to start. */
  get isEnded(): boolean {
    const isWhole = this.#toStop !== null || this.#devices.size === this.settings.devices;
    return isWhole && this.#ended === this.#devices.size;
  }

  /** When `tick` is to be called next, ms; null for never. */
  get wakeAt(): number | null {
    const isHurried = (this.#toStop?.length ?? 0) > 0 || this.#mayJoin;
    return isHurried ? -Infinity : this.#queue.wakeAt;
  }

  /** Runs what is due: some devices at a time. */
  tick(now: number): void {
    while (this.#mayJoin) this.#join(now);
    for (const device of this.#toStop?.splice(0, actsPerTick) ?? []) {
      device.stop(now);
      this.#requeue(device);
    }
    for (let acts = 0; acts < actsPerTick; acts++) {
      const device = this.#queue.takeDue(now);
      if (device === null) return;
      device.tick(now);
      this.#requeue(device);
    }
  }

  /** Takes a datagram that arrived at a socket of the fleet. */
  receive(bytes: Uint8Array, from: Address, now: number): void {
    const device = this.#routes.of(bytes);
    if (device === undefined) return this.#receiveCommand(bytes, from, now);
    if (device.ended || this.#isLost()) return;
    this.#answered = device;
    device.receive(bytes, from, now);
    this.#requeue(device);
  }

  /**
   * A command in text does not say whose it is. The server sends it right after an answer to its device (protocol §4.14): so the
   * device that was answered last asks for its command.
   */
  #receiveCommand(bytes: Uint8Array, from: Address, now: number): void {
    const device = this.#answered;
    if (this.settings.sealed !== null || device === null || device.ended) return;
    if (!sameAddress(from, this.settings.server) || !isCommand(bytes) || this.#isLost()) return;
    device.askForCommand(now);
    this.#requeue(device);
  }

  /** Lets all devices deliver what they have, and log off. */
  stop(): void {
    this.#toStop ??= [...this.#devices.values()];
  }

  get #mayJoin(): boolean {
    if (this.#toStop !== null || this.#joining.size >= joiningMax) return false;
    return this.#devices.size < this.settings.devices;
  }

  #join(now: number): void {
    const { seed, everyMs } = this.settings;
    const profile = profileOf(this.#devices.size + 1, seed, everyMs);
    const device = new SimDevice(profile, this.#setting);
    this.#devices.set(profile.identity.id, device);
    this.#joining.add(device);
    device.start(now);
    this.#requeue(device);
  }

  #requeue(device: SimDevice): void {
    this.#queue.set(device, device.wakeAt);
  }

  #onEvent(device: SimDevice, event: AgentEvent | RemovalEvent): void {
    switch (event.kind) {
      case "logged-in":
        if (!event.again) this.joined++;
        this.#joining.delete(device);
        return;
      case "removed":
        this.joined++;
        this.#end(device);
        return;
      case "refused":
        this.refused++;
        this.ports.onRefused(device.profile.identity.id, event.verb, event.code, event.reason);
        this.#end(device);
        return;
      case "stopped":
      case "given-up":
        this.#end(device);
        return;
      default:
        // The rest is in the counts, or mends itself.
        return;
    }
  }

  #end(device: SimDevice): void {
    this.#joining.delete(device);
    this.#ended++;
  }

  #isLost(): boolean {
    return this.#random() < this.settings.loss;
  }

  #carrierOf(device: SimDevice): Carrier {
    const { sealed } = this.settings;
    const { number } = device.profile;
    const send = (payload: string | Uint8Array, to: Address) => {
      this.#routes.noteSent(payload, device);
      if (!this.#isLost()) this.ports.send(payload, to, number);
    };
    const onDelivery = (delivery: Delivery) => device.client.receive(delivery, this.ports.now());
    if (sealed !== null) return this.#sealedChannel(device, sealed, send, onDelivery);
    return textChannel(
      { send: (batch) => batch.forEach(({ payload, to }) => send(payload, to)) },
      onDelivery,
    );
  }

  #sealedChannel(
    device: SimDevice,
    { serverKey, psk }: NonNullable<FleetSettings["sealed"]>,
    send: (payload: string | Uint8Array, to: Address) => void,
    onDelivery: (delivery: Delivery) => void,
  ): Carrier {
    const { ports, settings } = this;
    let kept: Ticket | null = null;
    return new SealedChannel(
      {
        // The next run has the same keys: a server with --key-policy strict knows the device again.
        local: x25519KeyPair(hash(Buffer.from(`${settings.password} ${device.profile.number}`))),
        psk,
        send,
        now: ports.now,
        time: ports.time,
        random: ports.random,
        randomBytes: ports.randomBytes,
        nextHandshakeCounter: () => this.#nextCounter(),
        ticketOf: () => kept,
        keepTicket: (_serverKey, _id, ticket) => (kept = ticket),
        pin: () => {},
      },
      {
        server: settings.server,
        pinned: serverKey,
        expected: null,
        keepaliveMs: null,
        answerText: false,
      },
      {
        onDelivery,
        onReceipt: (receipt) => device.client.receiveReceipt(receipt, ports.now()),
        onResent: (msgids) => device.client.requests.resent(msgids, ports.now()),
        onHeard: () => device.client.requests.heard(ports.now()),
        onTrouble: ports.onTrouble,
        onKeyChange: ports.onKeyChange,
        onTextDropped: () => {},
      },
    );
  }

  /** Higher than all before it, of this run and of earlier ones (protocol §5.7). */
  #nextCounter(): number {
    this.#lastCounter = Math.max(this.ports.time() * 1000, this.#lastCounter + 1);
    return this.#lastCounter;
  }
}
