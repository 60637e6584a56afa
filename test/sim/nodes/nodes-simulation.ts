// Runs a world of several nodes: ten minutes with faults, then some without, at the end of which all devices have finished
// their work and the memory of each node agrees with the store.

import type { AskResult } from "../../../lib/server/asks.ts";
import type { DeviceNode } from "../device-node.ts";
import { calm, wild } from "../network.ts";
import { Stream } from "../random.ts";
import { hold } from "../violation.ts";
import type { EngineNode } from "./engine-node.ts";
import { NodesWorld } from "./nodes-world.ts";
import { encode } from "../../../lib/protocol/encode.ts";

const wildMs = 420_000;
/** Longer than a retry schedule, the silence after which a device is offline, and the pause after a contest. */
const calmMs = 300_000;
const workEveryMs = 500;
const breakEveryMs = 4_000;
/** The second device with an id is there from then on, for so long. */
const rivalAtMs = 40_000;
const rivalMs = 50_000;

/** A summary of a run for the reader. */
export type NodesSummary = {
  readonly seed: number;
  readonly steps: number;
  readonly trace: string;
  readonly counts: Readonly<Record<string, number>>;
};

export class NodesSimulation {
  readonly world: NodesWorld;
  readonly #work: Stream;
  readonly #faults: Stream;
  readonly #counts = {
    powerCuts: 0,
    cutLines: 0,
    downs: 0,
    deafened: 0,
    twins: 0,
    asked: 0,
    answered: 0,
  };
  #readings = 0;
  #life = 0;

  constructor(
    readonly seed: number,
    private readonly sealed = false,
  ) {
    this.world = new NodesWorld(seed, sealed);
    this.#work = new Stream(seed, "workload");
    this.#faults = new Stream(seed, "faults");
  }

  run(): NodesSummary {
    const { world } = this;
    const { timeline, network } = world;
    const loss = this.#faults.pick([0.02, 0.1, 0.3]);
    // A damaged text may be taken for another report.
    network.faults = { ...wild, loss, damage: this.sealed ? wild.damage : 0 };
    world.hasTrouble = true;
    world.strays = this.sealed ? 0.002 : 0.01;
    for (const device of world.devices)
      timeline.after(this.#work.between(500, 5_000), () => device.start());
    timeline.after(1_000, () => world.wanderer.start());
    timeline.after(rivalAtMs, () => world.rival.start());
    timeline.after(rivalAtMs + rivalMs, () => world.rival.cutPower());
    const end = timeline.now + wildMs;
    this.#repeatUntil(end, workEveryMs, () => this.#doSomething());
    this.#repeatUntil(end, breakEveryMs, () => this.#breakSomething());
    this.#repeatUntil(end, 20_000, () => world.reports.check(world.database));
    timeline.run(end);
    this.#calmDown();
    timeline.run(end + calmMs);
    this.#checkEnd();
    this.#askEveryone();
    return this.#summary();
  }

  #repeatUntil(end: number, everyMs: number, act: () => void): void {
    const { timeline } = this.world;
    timeline.after(this.#work.between(1, 2 * everyMs), () => {
      if (timeline.now >= end) return;
      act();
      this.#repeatUntil(end, everyMs, act);
    });
  }

  #doSomething(): void {
    const { world } = this;
    const device = this.#work.pick(world.devices);
    switch (this.#work.between(0, 11)) {
      case 0:
        return this.#ask(this.#work.pick(world.nodes), device, this.#work.pick(["01", "02", "77"]));
      case 1:
        return device.query(
          this.#work.pick(["01", "02"]),
          this.#work.pick(world.devices).identity.id,
          () => {},
        );
      case 2:
        return device.query("03", "*", () => {});
      case 3:
        for (const each of world.devices) this.#report(each);
        return;
      case 4:
        return this.#work.chance(0.3) && !this.sealed ? this.#logInTwice(device) : undefined;
      default:
        this.#report(device);
        world.rival.report(`rival ${this.#readings++}`);
    }
  }

  #report(device: DeviceNode): void {
    device.report(`reading ${this.#life} ${this.#readings++}`);
  }

  /** A LOGIN of a device comes to two nodes at the same moment. */
  #logInTwice({ identity, sourceIp }: DeviceNode): void {
    const { network, nodes } = this.world;
    const { id, password, ip, port } = identity;
    const bytes = Buffer.from(encode({ type: "LOGIN", id, password, ip, port }));
    this.#counts.twins++;
    for (const { parts } of nodes.slice(this.#work.between(0, 1))) {
      network.send({ ip: sourceIp, port: 1994 }, parts.address, bytes);
    }
  }

  #breakSomething(): void {
    const { world } = this;
    const random = this.#faults;
    const device = random.pick(world.devices);
    const node = random.pick(world.nodes);
    switch (random.between(0, 9)) {
      case 0:
      case 1:
        return node.crashAt(
          random.pick(["idle", "taken", "stored"]),
          random.between(200, random.pick([5_000, 45_000])),
        );
      case 2:
      case 3:
        return node.pause(random.between(500, random.pick([8_000, 15_000, 60_000])));
      case 4:
        this.#counts.cutLines++;
        return node.parts.line.cut(random.between(500, random.pick([6_000, 30_000])));
      case 5:
        if (random.chance(0.6)) return;
        this.#counts.downs++;
        world.database.downUntil = world.now + random.between(500, random.pick([6_000, 20_000]));
        return;
      case 6: {
        const ip = random.chance(0.7) ? node.parts.address.ip : device.sourceIp;
        return world.network.cutOff(ip, random.between(1_000, 45_000));
      }
      case 7:
        this.#counts.deafened++;
        return node.nodes?.deafen(random.between(500, 5_000));
      case 8:
        return world.network.rebind(device.sourceIp);
      default:
        return this.#cutPower(device);
    }
  }

  #cutPower(device: DeviceNode): void {
    this.#counts.powerCuts++;
    this.#life++;
    device.cutPower();
    const ms = this.#faults.between(200, this.#faults.pick([10_000, 90_000]));
    this.world.timeline.after(ms, () => {
      if (device.agent === null) device.start();
    });
  }

  /** Asks a device at any node, whether it is logged in there or not. */
  #ask(node: EngineNode, device: DeviceNode, code: string): void {
    const { id } = device.identity;
    this.#counts.asked++;
    const onResult = (result: AskResult) => {
      if (result.kind !== "answer") return;
      this.#counts.answered++;
      const isOurs = result.message.startsWith(`re ${code} ${id} `);
      hold(isOurs, () => `asked ${code} of ${id}, who said: ${result.message}`);
    };
    node.ask({ id, code, target: id, by: "cli" }, onResult);
  }

  /** Ends two devices, one by logging off and one by cutting its power; all others have to recover. */
  #calmDown(): void {
    const { world } = this;
    const { timeline, network } = world;
    network.calmDown();
    network.faults = calm;
    world.hasTrouble = false;
    world.strays = 0;
    world.database.downUntil = 0;
    for (const { parts } of world.nodes) parts.line.mend();
    const [leaving, dying, ...staying] = world.devices as [DeviceNode, DeviceNode, ...DeviceNode[]];
    timeline.after(130_000, () => leaving.stop());
    timeline.after(140_000, () => dying.cutPower());
    for (const device of staying) timeline.after(150_000, () => this.#report(device));
    timeline.after(calmMs - 20_000, () => world.wanderer.stop());
    // Whatever waited for a paused node has come by then.
    timeline.after(100_000, () => (world.wanderer.onDone = (step) => world.checkWanderer(step)));
  }

  #isGone(device: DeviceNode): boolean {
    return this.world.devices.indexOf(device) < 2;
  }

  #checkEnd(): void {
    const { world } = this;
    world.reports.check(world.database);
    for (const node of world.nodes) world.sessions.checkMemory(node);
    world.sessions.checkTold();
    for (const device of world.devices) {
      const { id } = device.identity;
      const row = world.database.placed([id]).get(id);
      const isOnline = row?.ended === null && row.session > 0;
      hold(isOnline !== this.#isGone(device), () => `${id} is online at the end: ${isOnline}`);
      if (this.#isGone(device)) continue;
      const queued = device.agent?.queue.length;
      hold(queued === 0, () => `${id} still queues ${queued} reports at the end`);
    }
  }

  /** Asks every device at each node; each one online has to answer. */
  #askEveryone(): void {
    const { timeline, devices } = this.world;
    const before = this.#counts.answered;
    for (const device of devices) this.#ask(this.#nodeToAsk(device), device, "42");
    timeline.run(timeline.now + 20_000);
    const answered = this.#counts.answered - before;
    hold(answered >= devices.length - 2, () => `${answered} devices answered at the end`);
  }

  /** Any node; if they tell each other nothing, that of the device. */
  #nodeToAsk({ identity: { id } }: DeviceNode): EngineNode {
    const { nodes, database, isTold } = this.world;
    const own = nodes.find(({ name }) => name === database.placed([id]).get(id)?.node);
    return isTold || own === undefined ? this.#work.pick(nodes) : own;
  }

  #summary(): NodesSummary {
    const { timeline, network, nodes, reports, sessions, traceHash } = this.world;
    const counts: Record<string, number> = {
      ...network.counts,
      ...this.#counts,
      ...sessions.counts,
      ...this.world.counts,
      reports: reports.sent,
      delivered: reports.delivered,
      letters: this.world.post.counts.letters,
      wandered: this.world.wanderer.counts.done,
      moves: this.world.choices.reduce((sum, { moves }) => sum + moves, 0),
    };
    counts["compared"] = nodes.reduce((sum, node) => sum + (node.nodes?.compared ?? 0), 0);
    for (const node of nodes) {
      for (const [what, count] of Object.entries({ ...node.counts, ...node.nodes?.counts })) {
        counts[what] = (counts[what] ?? 0) + count;
      }
    }
    return { seed: this.seed, steps: timeline.steps, trace: traceHash, counts };
  }
}
