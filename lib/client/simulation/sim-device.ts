// One simulated device: the agent of `iot-client run` with habits in place of a sensor. Sends through the carrier that it is
// given, answers questions with its latest reading, carries out commands, and never reads a clock.

import type { Address } from "../../protocol/messages.ts";
import { Agent } from "../agent.ts";
import type { AgentEvent } from "../agent-event.ts";
import type { Carrier } from "../channel.ts";
import { Client } from "../client.ts";
import { Device } from "../device.ts";
import { MessageTimes } from "../message-times.ts";
import { ReportQueue } from "../report-queue.ts";
import { commandTime } from "../../protocol/commands.ts";
import { CountedRequests } from "./counted-requests.ts";
import { phaseOf, type Profile, readingOf, silenceAfter } from "./profile.ts";
import { Removal, type RemovalEvent } from "./removal.ts";
import type { LinkIndices } from "./routes.ts";
import { SimCommands } from "./sim-commands.ts";
import type { Counts } from "./tally.ts";
import type { Woken } from "./wake-queue.ts";

/** What a device gets from its fleet. */
export type DeviceSetting = {
  readonly server: Address;
  readonly password: string;
  /** Whether it is to be removed from the server, and nothing else. */
  readonly isRemoval: boolean;
  readonly counts: Counts;
  /** Makes its way to the server. */
  carrierOf(device: SimDevice): Carrier;
  /** A random number from 0 to 1: of its msgids too, so never from a seed outside of a test. */
  random(): number;
  /** The time of day, ms since 1970. */
  time(): number;
  onEvent(device: SimDevice, event: AgentEvent | RemovalEvent): void;
};

/** Implementation constants: reports that wait while the server is away, and how long a sleeper hears after an answer, ms. */
const waitingMax = 16;
const awakeMs = 1_000;
/** An unsteady device falls silent so long after its report, ms: so it has the ACK. */
const silentAfterMs = 1_000;
const drainMs = 2_000;

export class SimDevice implements Woken {
  queuedAt = 0;
  place = -1;
  readonly indices: LinkIndices = { own: [], servers: [] };
  readonly client: Client;
  readonly carrier: Carrier;
  readonly #life: Agent | Removal;
  /** null for one that is to be removed. */
  readonly #commands: SimCommands | null;
  #count = 0;
  #reportAt = Infinity;
  #awakeUntil = 0;
  /** When it heard last, ms. */
  #heardAt = 0;
  #silent = { from: Infinity, until: 0 };

  constructor(
    readonly profile: Profile,
    private readonly setting: DeviceSetting,
  ) {
    const { server, password, time, counts } = setting;
    const identity = { ...profile.identity, password };
    this.carrier = setting.carrierOf(this);
    const requests = new CountedRequests(this.carrier, setting.random, counts);
    const { id, ip, port } = identity;
    const times = new MessageTimes(time);
    const device = new Device({
      channel: this.carrier,
      server,
      isMe: (asked) => asked === id,
      me: () => id,
      address: () => ({ ip, port }),
      onQuery: (_question, reply) => reply(this.#reading()),
      time,
      onEvent: (event) => {
        if (event.kind !== "command") return;
        this.#commands?.receive(event.number, event.message.message, this.#heardAt);
      },
    });
    this.client = new Client(requests, device);
    const onEvent = (event: AgentEvent | RemovalEvent) => setting.onEvent(this, event);
    if (setting.isRemoval) {
      this.#life = new Removal(identity, server, requests, onEvent);
      this.#commands = null;
    } else {
      const settings = { server, heartbeatSeconds: profile.heartbeatSeconds, drainMs };
      const queue = new ReportQueue(waitingMax);
      const agent = new Agent(identity, settings, requests, times, queue, onEvent);
      this.#life = agent;
      this.#commands = new SimCommands({
        id,
        server,
        requests,
        times,
        reading: () => this.#reading(),
        tell: (number, { code, message }) =>
          agent.report(code, message, this.#heardAt, commandTime(number)),
        onCarriedOut: () => counts.commands++,
      });
    }
    const told = requests.onRetry;
    requests.onRetry = (...retry) => {
      counts.lost++;
      told(...retry);
    };
  }

  /** Registers and logs in, or removes itself. */
  start(now: number): void {
    if (!this.setting.isRemoval) this.#reportAt = now + phaseOf(this.profile);
    this.#life.start(now);
  }

  get ended(): boolean {
    return this.#life.ended;
  }

  /** When `tick` is to be called next, ms; null for never. */
  get wakeAt(): number | null {
    if (this.ended) return null;
    if (this.#silent.from === -Infinity) return this.#silent.until;
    const wakes = [this.#life.wakeAt, this.carrier.wakeAt].filter((at) => at !== null);
    return Math.min(this.#reportAt, this.#silent.from, ...wakes);
  }

  /** Runs the timers that are due. */
  tick(now: number): void {
    if (now >= this.#silent.from) {
      if (now < this.#silent.until) {
        this.#silent.from = -Infinity;
        return;
      }
      this.#silent.from = Infinity;
      this.#reportAt = now;
    }
    this.carrier.tick(now);
    this.#life.tick(now);
    if (now >= this.#reportAt && !this.ended) this.#report(now);
  }

  /** Takes a datagram, if this device hears now. */
  receive(bytes: Uint8Array, from: Address, now: number): void {
    if (!this.#hears(now)) return;
    this.#heardAt = now;
    this.carrier.receive(bytes, from);
    this.#awakeUntil = now + awakeMs;
  }

  /** Asks for its command, if this device hears now: the server has sent one that may be its. */
  askForCommand(now: number): void {
    if (this.#hears(now)) this.#commands?.ask(now);
  }

  #hears(now: number): boolean {
    if (this.#silent.from === -Infinity) return false;
    return this.profile.habit !== "sleeper" || !this.client.requests.idle || now < this.#awakeUntil;
  }

  /** Delivers what waits and logs off; one that is silent just ends. */
  stop(now: number): void {
    if (this.#life instanceof Removal) return this.#life.stop();
    const isSilent = this.#silent.from === -Infinity;
    this.#reportAt = Infinity;
    // Who was about to fall silent logs off first, like the others.
    this.#silent = { from: Infinity, until: 0 };
    this.#life.stop(now);
    if (isSilent) this.#life.stop(now);
  }

  #report(now: number): void {
    const { profile } = this;
    (this.#life as Agent).report("01", this.#reading(), now);
    this.#count++;
    this.#reportAt = Math.max(this.#reportAt + profile.everyMs, now);
    const silentMs = silenceAfter(profile, this.#count);
    if (silentMs > 0) this.#silent = { from: now + silentAfterMs, until: now + silentMs };
  }

  #reading(): string {
    return readingOf(this.profile, this.#count, this.setting.time());
  }
}
