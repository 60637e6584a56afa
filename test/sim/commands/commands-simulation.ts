// Devices that carry out commands under all faults: datagrams that get lost, are repeated and overtake each other, a server and
// devices that crash between any two steps. At the end all is calm, and every command has ended.

import type { Address } from "../../../lib/protocol/messages.ts";
import type { CommandRow } from "../../../lib/server/rows.ts";
import type { Write } from "../../../lib/server/store-port.ts";
import { CommandLists } from "../../../lib/store/sqlite/rows/command-lists.ts";
import { Network, wild } from "../network.ts";
import { Stream } from "../random.ts";
import { sealedTransport } from "../sealed-transport.ts";
import { type CrashPoint, ServerNode } from "../server-node.ts";
import { Timeline } from "../timeline.ts";
import { textTransport } from "../transport.ts";
import { hold } from "../violation.ts";
import { CommandedDevice } from "./commanded-device.ts";

const server: Address = { ip: "198.51.100.1", port: 9000 };
const startOfTime = Date.UTC(2026, 10, 28);
const minuteMs = 60_000;
const crashPoints: readonly CrashPoint[] = ["idle", "taken", "stored"];

/** How a simulation differs from the usual one. */
export type CommandsPlan = {
  readonly sealed: boolean;
  readonly devices: number;
  /** How long there are faults, ms; 0 for a calm network and no crashes. */
  readonly wildMs: number;
  readonly heartbeatSeconds: number;
  readonly runMsMax: number;
};

export class CommandsSimulation {
  readonly timeline = new Timeline(startOfTime);
  readonly devices: readonly CommandedDevice[];
  readonly server: ServerNode;
  readonly network: Network;
  readonly random: Stream;
  /** How often the end of each command was told of. */
  readonly #told = new Map<number, number>();
  readonly counts = { queued: 0, cancelled: 0, powerCuts: 0 };

  constructor(
    seed: number,
    private readonly plan: CommandsPlan,
  ) {
    const { timeline } = this;
    this.random = new Stream(seed, "commands");
    const silent = { onSend: () => {}, onDamage: () => {}, mayFlip: () => false };
    this.network = new Network(timeline, new Stream(seed, "network"), silent);
    const transport = plan.sealed
      ? sealedTransport(new Stream(seed, "device secrets"), () => timeline.now)
      : textTransport;
    this.server = new ServerNode({
      timeline,
      random: new Stream(seed, "server"),
      secrets: new Stream(seed, "secrets"),
      lanes: 1,
      address: server,
      send: (bytes, to) => this.network.send(server, to, bytes),
      observer: {
        onStart: () => this.#follow(),
        onReceive: () => {},
        onReport: ({ report }) => {
          hold(!report.time.startsWith("#"), () => `a result became a report: ${report.time}`);
        },
        onWrite: (write) => this.#onWrite(write),
        onSend: () => {},
        onTick: () => {},
        onLogLine: () => {},
      },
    });
    this.network.attach(server.ip, this.server.receive);
    this.devices = Array.from({ length: plan.devices }, (_, i) =>
      this.#makeDevice(seed, i, transport),
    );
    this.server.start();
  }

  /** Runs until everything has ended. @returns the commands, newest first */
  run(): CommandRow[] {
    const { timeline, plan, network } = this;
    for (const device of this.devices) device.start();
    network.faults = { ...wild, damage: 0 };
    const calmAt = startOfTime + plan.wildMs;
    this.#disturb(calmAt);
    this.#order(calmAt);
    timeline.run(calmAt);
    network.calmDown();
    for (const device of this.devices) if (device.node.agent === null) device.start();
    // Longer than any ttl, and than 64 commands of which each is in the way for 30 s.
    timeline.run(calmAt + 60 * minuteMs);
    this.check();
    return this.rows();
  }

  /** Queues a command. */
  order(device: string, message: string, ttlMs: number): void {
    const { engine } = this.server;
    if (engine === null) return;
    const ordered = { device, message, ttlMs, origin: "cli", request: null } as const;
    const { now } = this.timeline;
    engine.commands.queue(ordered, () => this.counts.queued++, { wall: now, monotonic: now });
  }

  rows(): CommandRow[] {
    const lists = new CommandLists(this.server.database);
    return lists.list({ device: null, state: "all", before: Infinity, limit: 10_000 });
  }

  /** Every command has ended, and as the device's oracle has seen it. */
  check(): void {
    for (const row of this.rows()) {
      const { number, device, end, result, late, ended } = row;
      const of = this.devices.find(({ id }) => id === device);
      hold(ended !== null, () => `command ${number} never ended: ${JSON.stringify(row)}`);
      hold((this.#told.get(number) ?? 0) <= 1, () => `the end of command ${number} was told twice`);
      if (end !== "done" && !late) continue;
      const isTold = of?.answered.has(number) === true;
      hold(isTold, () => `command ${number} has a result that its device never sent`);
      const isRun = of?.runs.get(number) === 1 || result === "interrupted";
      hold(isRun, () => `command ${number} is ${end} and was never carried out: ${result}`);
      const isOwn = result === "interrupted" || result === `ran ${row.message}`;
      hold(isOwn, () => `command ${number} has another's result: ${result}`);
    }
  }

  /** A `delivered` that is stored has the device's ACK or its result behind it. */
  #onWrite(write: Write): void {
    if (write.kind !== "touch-commands") return;
    const lists = new CommandLists(this.server.database);
    for (const { number, delivered } of write.touches) {
      const row = lists.one(number);
      if (delivered === null || row === null) continue;
      const device = this.devices.find(({ id }) => id === row.device);
      const hasSaid =
        device?.acknowledged.has(number) === true || device?.answered.has(number) === true;
      hold(hasSaid, () => `command ${number} is delivered, and its device has not said so`);
    }
  }

  /** Counts the ends that the server tells of, in each of its lives. */
  #follow(): void {
    this.server.engine?.feed.subscribe((facts) => {
      for (const fact of facts) {
        if (fact.kind !== "commanded" || fact.command.ended === null || fact.command.late) continue;
        const { number } = fact.command;
        this.#told.set(number, (this.#told.get(number) ?? 0) + 1);
      }
    });
  }

  #makeDevice(seed: number, i: number, transport: typeof textTransport): CommandedDevice {
    const ip = `192.0.2.${10 + i}`;
    const { runMsMax, heartbeatSeconds } = this.plan;
    const device = new CommandedDevice(`device-${i}`, ip, {
      timeline: this.timeline,
      random: new Stream(seed, `device ${i}`),
      transport,
      server,
      send: (bytes, to) => this.network.send({ ip, port: 1994 }, to, bytes),
      runMsMax,
      heartbeatSeconds,
    });
    this.network.attach(ip, device.node.receive);
    return device;
  }

  /** Crashes the server and the devices from time to time. */
  #disturb(until: number): void {
    const { timeline, random, server: node } = this;
    timeline.after(random.between(500, 15_000), () => {
      if (timeline.now >= until) return;
      if (random.chance(0.4)) node.crashAt(random.pick(crashPoints), random.between(10, 8_000));
      else {
        const device = random.pick(this.devices);
        if (device.node.agent !== null) {
          this.counts.powerCuts++;
          device.cutPower();
          timeline.after(random.between(10, 30_000), () => {
            if (device.node.agent === null) device.start();
          });
        }
      }
      this.#disturb(until);
    });
  }

  /** Queues and cancels commands from time to time. */
  #order(until: number): void {
    const { timeline, random } = this;
    timeline.after(random.between(100, 6_000), () => {
      if (timeline.now >= until) return;
      const { now } = timeline;
      const { id } = random.pick(this.devices);
      this.order(id, `m${now}`, random.between(2, 600) * 1_000);
      const [latest] = random.chance(0.1) ? this.rows() : [];
      const onResult = () => this.counts.cancelled++;
      const moment = { wall: now, monotonic: now };
      if (latest !== undefined)
        this.server.engine?.commands.cancel(latest.number, onResult, moment);
      this.#order(until);
    });
  }
}
