// The real client in virtual time: requests, device and agent on a sealed channel. Its state is in memory and survives
// a restart of the client.

import { Agent } from "../../../lib/client/agent.ts";
import type { AgentEvent } from "../../../lib/client/agent-event.ts";
import type { Carrier, Trouble } from "../../../lib/client/channel.ts";
import { Client } from "../../../lib/client/client.ts";
import { Device } from "../../../lib/client/device.ts";
import { MessageTimes } from "../../../lib/client/message-times.ts";
import type { Outcome } from "../../../lib/client/outcome.ts";
import { ReportQueue } from "../../../lib/client/report-queue.ts";
import type { EncodedRequest } from "../../../lib/client/outstanding.ts";
import { Requests } from "../../../lib/client/requests.ts";
import type { Spool } from "../../../lib/client/spool.ts";
import { SealedChannel } from "../../../lib/client/sealed/channel.ts";
import type { KeyChange, Ticket } from "../../../lib/client/sealed/ports.ts";
import { type DatagramSender, textChannel } from "../../../lib/client/text-channel.ts";
import type { Address } from "../../../lib/protocol/messages.ts";
import type { KeyPair } from "../../../lib/sealed/primitives.ts";
import { fixedPair } from "../../sealed/fixtures.ts";

/** What a device keeps on its disk. */
export class Disk {
  readonly local: KeyPair;
  counter = 0;
  pinned: Uint8Array | null = null;
  readonly tickets = new Map<string, Ticket>();

  constructor(name: string) {
    this.local = fixedPair(`device ${name}`);
  }
}

export type ClientOptions = {
  readonly id: string;
  readonly address: Address;
  readonly disk?: Disk;
  readonly expected?: string | null;
  readonly psk?: Uint8Array;
  readonly text?: boolean;
  readonly rekeyAfterMessages?: number;
  readonly keepaliveMs?: number | null;
  readonly answerText?: boolean;
  readonly onQuery?: (target: string) => string;
  /** The ip the device states, if it is not the one it sends from. */
  readonly statedIp?: string;
  /** How far its wall clock is ahead of the server's, ms. */
  readonly clockAheadMs?: number;
};

/** What a client uses of the simulated world. */
export type Surroundings = {
  readonly now: number;
  readonly time: number;
  readonly serverAddress: Address;
  random(): number;
  randomBytes(count: number): Uint8Array;
  send(bytes: Uint8Array, from: Address, to: Address): void;
  run(isDone: () => boolean): Promise<void>;
};

export class ClientNode {
  address: Address;
  readonly disk: Disk;
  readonly carrier: Carrier;
  readonly client: Client;
  readonly times: MessageTimes;
  readonly events: AgentEvent[] = [];
  readonly troubles: Trouble[] = [];
  /** Whose plain text was dropped, as the channel told it. */
  readonly droppedFrom: Address[] = [];
  change: KeyChange | null = null;
  agent: Agent | null = null;
  closed = false;
  readonly password: string;

  constructor(
    readonly world: Surroundings,
    readonly options: ClientOptions,
  ) {
    this.address = options.address;
    this.disk = options.disk ?? new Disk(options.id);
    this.password = `password-of-${options.id}`;
    this.carrier = options.text === true ? this.#text() : this.#sealed();
    const requests = new Requests(this.carrier, world.random);
    const device = new Device({
      channel: this.carrier,
      server: world.serverAddress,
      isMe: (id) => id === options.id,
      me: () => options.id,
      address: () => this.address,
      onQuery: (question, reply) => reply((options.onQuery ?? ((t: string) => t))(question.target)),
      time: () => world.time,
      onEvent: () => {},
    });
    this.times = new MessageTimes(() => world.time);
    this.client = new Client(requests, device);
  }

  get id(): string {
    return this.options.id;
  }

  /** The facts the device states about itself. */
  get identity() {
    const { id, password } = this;
    const { ip, port } = this.options.address;
    return { id, password, mac: `mac-of-${id}`, ip: this.options.statedIp ?? ip, port };
  }

  get wakeAt(): number {
    if (this.closed) return Infinity;
    const all = [
      this.carrier.wakeAt,
      this.agent === null ? this.client.requests.wakeAt : this.agent.wakeAt,
    ];
    return Math.min(...all.map((at) => at ?? Infinity));
  }

  tick(now: number): void {
    if (this.closed) return;
    if (this.agent === null) this.client.requests.tick(now);
    else this.agent.tick(now);
    this.carrier.tick(now);
  }

  /** Sends a request, and runs the world until it has an outcome. */
  async ask(
    message: EncodedRequest["message"],
    to: Address = this.world.serverAddress,
  ): Promise<Outcome> {
    const { requests } = this.client;
    let ended: Outcome | null = null;
    requests.submit(requests.prepare(message, to), this.world.now, (outcome) => {
      ended = outcome;
    });
    await this.world.run(() => ended !== null);
    return ended as unknown as Outcome;
  }

  /** The code of the answer, or "silent". */
  async code(message: EncodedRequest["message"]): Promise<string> {
    const outcome = await this.ask(message);
    return outcome.kind === "silent" ? "silent" : outcome.code;
  }

  register(): Promise<string> {
    return this.code({ type: "REGISTER", ...this.identity });
  }

  logIn(password = this.password): Promise<string> {
    const { id, ip, port } = this.identity;
    return this.code({ type: "LOGIN", id, password, ip, port });
  }

  report(message: string): Promise<string> {
    const { id } = this;
    const time = this.times.distinct();
    return this.code({ type: "DATA", code: "01", id, address: null, time, message });
  }

  /** Starts an agent on this node. */
  startAgent(heartbeatSeconds = 60, spool: Spool = new ReportQueue(1_000)): Agent {
    const settings = {
      server: this.world.serverAddress,
      heartbeatSeconds,
      drainMs: 10_000,
    };
    const { identity, client, times } = this;
    const tell = (event: AgentEvent) => void this.events.push(event);
    this.agent = new Agent(identity, settings, client.requests, times, spool, tell);
    this.agent.start(this.world.now);
    return this.agent;
  }

  /** Stops at once, without a CLOSE. */
  kill(): void {
    this.closed = true;
  }

  #send(payload: string | Uint8Array, to: Address): void {
    this.world.send(typeof payload === "string" ? Buffer.from(payload) : payload, this.address, to);
  }

  #text(): Carrier {
    const sender: DatagramSender = {
      send: (batch) => {
        for (const { payload, to } of batch) this.#send(payload, to);
      },
    };
    return textChannel(sender, (delivery) => this.client.receive(delivery, this.world.now));
  }

  #sealed(): Carrier {
    const { world, disk, options } = this;
    const key = (serverKey: Uint8Array, id: string) =>
      `${Buffer.from(serverKey).toString("hex")} ${id}`;
    return new SealedChannel(
      {
        local: disk.local,
        psk: options.psk,
        send: (payload, to) => this.#send(payload, to),
        now: () => world.now,
        time: () => world.time + (options.clockAheadMs ?? 0),
        random: world.random,
        randomBytes: world.randomBytes,
        nextHandshakeCounter: () => (disk.counter = Math.max(world.time * 1000, disk.counter + 1)),
        ticketOf: (serverKey, id) => disk.tickets.get(key(serverKey, id)) ?? null,
        keepTicket: (serverKey, id, ticket) => void disk.tickets.set(key(serverKey, id), ticket),
        pin: (serverKey) => {
          disk.pinned = serverKey;
        },
      },
      {
        server: world.serverAddress,
        pinned: disk.pinned,
        expected: options.expected ?? null,
        keepaliveMs: options.keepaliveMs ?? null,
        answerText: options.answerText ?? false,
        ...(options.rekeyAfterMessages === undefined
          ? {}
          : { rekeyAfterMessages: options.rekeyAfterMessages }),
      },
      {
        onDelivery: (delivery) => this.client.receive(delivery, world.now),
        onResent: (msgids) => this.client.requests.resent(msgids, world.now),
        onHeard: () => this.client.requests.heard(world.now),
        onReceipt: (receipt) => this.client.receiveReceipt(receipt, world.now),
        onTrouble: (trouble) => void this.troubles.push(trouble),
        onKeyChange: (change) => {
          this.change = change;
        },
        onTextDropped: (from) => void this.droppedFrom.push(from),
      },
    );
  }
}
