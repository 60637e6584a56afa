// An agent, a small server and the network between them, in virtual time; for the tests of the agent.

import { Agent } from "../../lib/client/agent.ts";
import type { AgentEvent } from "../../lib/client/agent-event.ts";
import { MessageTimes } from "../../lib/client/message-times.ts";
import { ReportQueue } from "../../lib/client/report-queue.ts";
import type { Spool } from "../../lib/client/spool.ts";
import { Requests } from "../../lib/client/requests.ts";
import type { Ack } from "../../lib/protocol/messages.ts";
import {
  delivered,
  FakeChannel,
  messageIn,
  seededRandom,
  server as serverAddress,
} from "./fakes.ts";
import { SmallServer } from "./small-server.ts";

const identity = {
  id: "asmith",
  password: "password",
  mac: "aa:aa:aa:aa:aa:aa",
  ip: "192.0.2.2",
  port: 1994,
};

/** An agent, its server and the network between them, in virtual time. */
export class World {
  now = 0;
  losesReplies = false;
  readonly channel = new FakeChannel();
  readonly events: AgentEvent[] = [];
  readonly requests: Requests;
  readonly agent: Agent;
  readonly #random: () => number;

  constructor(
    seed = 1,
    readonly loss = 0,
    spool: Spool = new ReportQueue(100),
    readonly server = new SmallServer(),
  ) {
    this.#random = seededRandom(seed);
    this.requests = new Requests(this.channel, this.#random);
    this.agent = new Agent(
      identity,
      { server: serverAddress, heartbeatSeconds: 60, drainMs: 10_000 },
      this.requests,
      new MessageTimes(() => Date.UTC(2026, 10, 22) + this.now),
      spool,
      (event) => this.events.push(event),
    );
  }

  start(): this {
    this.agent.start(this.now);
    this.exchange();
    return this;
  }

  report(message: string): void {
    this.agent.report("01", message, this.now);
    this.exchange();
  }

  stop(): void {
    this.agent.stop(this.now);
    this.exchange();
  }

  /** Delivers what was sent and the replies to it; each datagram is lost with the network's probability. */
  exchange(): void {
    for (
      let sent = this.channel.sent.shift();
      sent !== undefined;
      sent = this.channel.sent.shift()
    ) {
      if (this.#random() < this.loss) continue;
      const reply = this.server.receive(sent.text);
      if (reply === null || this.losesReplies || this.#random() < this.loss) continue;
      this.requests.receiveAck(messageIn(reply) as Ack, delivered(reply, serverAddress), this.now);
    }
  }

  /** Lets time pass, and wakes the agent whenever it asks to be woken. */
  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const at = this.agent.wakeAt;
      if (at === null || at > end) break;
      this.now = Math.max(this.now, at);
      this.agent.tick(this.now);
      this.exchange();
    }
    this.now = end;
  }

  get kinds(): string[] {
    return this.events.map(({ kind }) => kind);
  }
}
