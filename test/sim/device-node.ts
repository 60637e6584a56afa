// A simulated device: the client's real agent, requests and device engine, over a transport and a network. It can lose
// power, start again, and stop.

import { Agent } from "../../lib/client/agent.ts";
import type { AgentEvent, StatedIdentity } from "../../lib/client/agent-event.ts";
import type { Carrier, OutgoingText } from "../../lib/client/channel.ts";
import { Client } from "../../lib/client/client.ts";
import { Device } from "../../lib/client/device.ts";
import { MessageTimes } from "../../lib/client/message-times.ts";
import type { Outcome } from "../../lib/client/outcome.ts";
import { ReportQueue } from "../../lib/client/report-queue.ts";
import { Requests } from "../../lib/client/requests.ts";
import { commandTime } from "../../lib/protocol/commands.ts";
import type { Address } from "../../lib/protocol/messages.ts";
import type { Stream } from "./random.ts";
import type { Timeline } from "./timeline.ts";
import type { Transport } from "./transport.ts";

/** Observes what the device does and learns. */
export type DeviceObserver = {
  /** The device sends a text message. */
  onText(text: string): void;
  /** The device sends that many messages in one packet. */
  onPacket(messages: number): void;
  onEvent(event: AgentEvent): void;
  /** The device takes a report as delivered and removes it from its queue. */
  onDelivered(text: string): void;
};

type Ports = {
  readonly timeline: Timeline;
  readonly random: Stream;
  readonly transport: Transport;
  readonly server: Address;
  send(bytes: Uint8Array, to: Address): void;
  readonly observer: DeviceObserver;
  readonly choice?: Choice;
  /** A command of the server has come. */
  readonly onCommand?: (number: number, message: string) => void;
};

/** What makes `server` the address of another one, when one is silent. */
type Choice = {
  /** A process of the device begins. @param onMoved called when it may have gone to another server */
  watch(requests: Requests, carrier: Carrier, onMoved: () => void): void;
  readonly wakeAt: number | null;
  tick(): void;
};

type Running = { readonly carrier: Carrier; readonly client: Client; readonly agent: Agent };

export const reportsMax = 40;

export class DeviceNode {
  #running: Running | null = null;
  #life = 0;
  #wakeAt = Number.POSITIVE_INFINITY;

  constructor(
    readonly identity: StatedIdentity,
    /** Where its datagrams come from. */
    readonly sourceIp: string,
    readonly heartbeatSeconds: number,
    private readonly ports: Ports,
  ) {}

  get agent(): Agent | null {
    return this.#running?.agent ?? null;
  }

  /** The number of datagrams that looked like an answer but did not match a request. */
  get ignored(): number {
    return this.#running?.client.requests.ignored ?? 0;
  }

  /** Starts with an empty memory. */
  start(): void {
    const running = this.#make();
    this.#running = running;
    this.#life++;
    this.#wakeAt = Number.POSITIVE_INFINITY;
    running.agent.start(this.ports.timeline.now);
    this.#arm();
  }

  /** Stops at once: undelivered reports are lost. */
  cutPower(): void {
    this.#running = null;
    this.#life++;
  }

  stop(): void {
    this.#running?.agent.stop(this.ports.timeline.now);
    this.#arm();
  }

  report(message: string): void {
    this.#running?.agent.report("07", message, this.ports.timeline.now);
    this.#arm();
  }

  /** Sends the result of a command. */
  tell(number: number, code: string, message: string): void {
    const { now } = this.ports.timeline;
    this.#running?.agent.report(code, message, now, commandTime(number));
    this.#arm();
  }

  /** Sends the server a QUERY between the agent's requests. */
  query(code: string, target: string, onOutcome: (outcome: Outcome) => void): void {
    const { agent, client } = this.#running ?? {};
    if (agent === undefined || client === undefined || agent.ended || agent.stopping) return;
    const { id } = this.identity;
    const time = agent.times.distinct();
    const { requests } = client;
    const message = { type: "QUERY", code, id, address: null, time, target } as const;
    const request = requests.prepare(message, this.ports.server);
    requests.submit(request, this.ports.timeline.now, onOutcome);
    this.#arm();
  }

  readonly receive = (bytes: Uint8Array, from: Address): void => {
    this.#running?.carrier.receive(bytes, from);
    this.#arm();
  };

  #make(): Running {
    const { timeline, random, transport, server, send, observer, onCommand } = this.ports;
    const { id, ip, port } = this.identity;
    const carrier = transport.connect({
      id,
      server,
      send,
      now: () => timeline.now,
      random: random.next,
      deliver: (delivery) => client.receive(delivery, timeline.now),
      resent: (msgids) => client.requests.resent(msgids, timeline.now),
      confirm: (receipt) => client.receiveReceipt(receipt, timeline.now),
      heard: () => client.requests.heard(timeline.now),
    });
    const channel = {
      textBytesMax: carrier.textBytesMax,
      countInPacket: (texts: readonly string[]) => carrier.countInPacket(texts),
      send: (messages: readonly OutgoingText[], to: Address) => {
        for (const { text } of messages) observer.onText(text);
        observer.onPacket(messages.length);
        carrier.send(messages, to);
      },
      roundTrip: carrier.roundTrip,
      hurry: () => carrier.hurry(),
    };
    const requests = new Requests(channel, random.next);
    const device = new Device({
      channel,
      server,
      isMe: (target) => target === id,
      me: () => id,
      address: () => ({ ip, port }),
      onQuery: (question, reply) => {
        timeline.after(random.between(0, 500), () => {
          reply(`re ${question.code} ${question.target} ${question.time}`);
        });
      },
      time: () => timeline.now,
      onEvent: (event) => {
        if (event.kind === "command") onCommand?.(event.number, event.message.message);
      },
    });
    const client = new Client(requests, device);
    const times = new MessageTimes(() => timeline.now);
    const { heartbeatSeconds } = this;
    const settings = { server, heartbeatSeconds, drainMs: 10_000 };
    const queue = new ReportQueue(reportsMax);
    const agent = new Agent(this.identity, settings, requests, times, queue, observer.onEvent);
    const settle = queue.settle.bind(queue);
    queue.settle = (reports) => {
      for (const { text } of reports) observer.onDelivered(text);
      settle(reports);
    };
    this.ports.choice?.watch(requests, carrier, () => this.#arm());
    return { carrier, client, agent };
  }

  /** Schedules the next wake-up that the engines ask for. */
  #arm(): void {
    const running = this.#running;
    if (running === null) return;
    const { timeline, choice } = this.ports;
    const timed = [running.agent, running.carrier, ...(choice === undefined ? [] : [choice])];
    const wanted = Math.min(...timed.map(({ wakeAt }) => wakeAt ?? Infinity));
    if (wanted === Infinity || (wanted >= this.#wakeAt && this.#wakeAt > timeline.now)) return;
    this.#wakeAt = wanted;
    const life = this.#life;
    timeline.at(wanted, () => {
      if (life !== this.#life) return;
      this.#wakeAt = Infinity;
      running.carrier.tick(timeline.now);
      running.agent.tick(timeline.now);
      choice?.tick();
      this.#arm();
    });
  }
}
