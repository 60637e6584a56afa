// Runs a world: ten minutes with faults, then some without, at the end of which every node must have finished its work.

import { query } from "../../lib/protocol/codes.ts";
import { addressIn, idsIn, latestReportIn } from "../../lib/client/answers.ts";
import type { Outcome } from "../../lib/client/outcome.ts";
import type { AskResult } from "../../lib/server/asks.ts";
import type { DeviceNode } from "./device-node.ts";
import { wild } from "./network.ts";
import { Stream } from "./random.ts";
import { hold } from "./violation.ts";
import { server, World } from "./world.ts";

const wildMs = 600_000;
/** Longer than a retry schedule, a rest after 93, and the silence after which a device is offline. */
const calmMs = 240_000;
const workEveryMs = 400;
const hourMs = 3_600_000;
const yearMs = 365 * 24 * hourMs;

/** A summary of a run for the reader. */
export type Summary = {
  readonly seed: number;
  readonly steps: number;
  readonly trace: string;
  readonly counts: Readonly<Record<string, number>>;
};

export class Simulation {
  readonly world: World;
  readonly #work: Stream;
  readonly #crashes: Stream;
  readonly #gone = new Set<DeviceNode>();
  #readings = 0;
  #life = 0;
  #asked = 0;
  #answered = 0;
  #queried = 0;
  #powerCuts = 0;
  #fullDisks = 0;
  #brokenDisks = 0;
  #clocksSet = 0;

  /** @param sealed whether the devices use the envelope */
  constructor(
    readonly seed: number,
    private readonly sealed = false,
  ) {
    this.world = new World(seed, sealed);
    this.#work = new Stream(seed, "workload");
    this.#crashes = new Stream(seed, "crashes");
  }

  run(): Summary {
    const { world } = this;
    const { timeline, network } = world;
    network.faults = wild;
    for (const device of world.devices)
      timeline.after(this.#work.between(0, 3_000), () => device.start());
    world.walker.start();
    const end = timeline.now + wildMs;
    this.#repeatUntil(end, workEveryMs, () => this.#doSomething());
    this.#repeatUntil(end, 5_000, () => this.#breakSomething());
    this.#repeatUntil(end, 20_000, () => world.check(false));
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
    switch (this.#work.between(0, 9)) {
      case 0:
        return world.attacker.act();
      case 1:
        return this.#ask(device, this.#work.pick(["01", "02", "77"]));
      case 2:
      case 3:
        return this.#query(device);
      case 4:
        for (const each of world.devices) this.#report(each);
        return;
      default:
        this.#report(device);
    }
  }

  #report(device: DeviceNode): void {
    device.report(`reading ${this.#life} ${this.#readings++}`);
  }

  #breakSomething(): void {
    const { network, timeline, devices, server: node } = this.world;
    const random = this.#crashes;
    const device = random.pick(devices);
    switch (random.between(0, 6)) {
      case 6:
        return this.#setClock();
      case 0:
      case 1:
        return node.crashAt(random.pick(["idle", "taken", "stored"]), random.between(200, 8_000));
      case 2:
        return network.rebind(device.sourceIp);
      case 3: {
        const ip = random.chance(0.2) ? server.ip : device.sourceIp;
        return network.cutOff(ip, random.between(1_000, 45_000));
      }
      case 4:
        return this.#troubleDisk();
      default:
        this.#powerCuts++;
        this.#life++;
        device.cutPower();
        return timeline.after(random.between(200, random.pick([10_000, 90_000])), () => {
          if (device.agent === null) device.start();
        });
    }
  }

  /** Sets the server's wall clock: to another year, by hours, to 1970, or right again. */
  #setClock(): void {
    const { server: node, timeline } = this.world;
    const random = this.#crashes;
    this.#clocksSet++;
    node.clockSetMs = random.pick([
      0,
      -timeline.now,
      random.between(-hourMs, hourMs),
      random.between(-10 * yearMs, 10 * yearMs),
    ]);
  }

  #troubleDisk(): void {
    const { timeline, server: node } = this.world;
    const random = this.#crashes;
    if (random.chance(0.5)) {
      this.#fullDisks++;
      node.fillDisk();
    } else {
      this.#brokenDisks++;
      node.breakDisk();
    }
    timeline.after(random.between(500, 8_000), () => node.mendDisk());
  }

  #ask(device: DeviceNode, code: string): void {
    const { id } = device.identity;
    this.#asked++;
    const onResult = (result: AskResult) => {
      if (result.kind !== "answer") return;
      this.#answered++;
      const isOurs = result.message.startsWith(`re ${code} ${id} `);
      const { time, message } = result;
      const report = { type: "DATA", code: result.code, id, address: null, time, message } as const;
      // The network may have damaged an answer; an undamaged one must answer this question.
      hold(isOurs || !this.world.reports.wasSent(report), () => `${code} ${id}: ${message}`);
    };
    this.world.server.ask({ id, code, target: id, answerTo: server, by: "cli", onResult });
  }

  #query(device: DeviceNode): void {
    const target = this.#work.pick(this.world.devices).identity;
    const code = this.#work.pick([query.address, query.latestReport, query.loggedIn]);
    const about = code === query.loggedIn ? "*" : target.id;
    this.#queried++;
    device.query(code, about, (outcome: Outcome) => {
      if (outcome.kind !== "answer" || outcome.code !== "01") return;
      const { message } = outcome;
      const fits = {
        [query.address]: () => addressIn(message) !== null,
        [query.latestReport]: () => message === "" || latestReportIn(message) !== null,
        [query.loggedIn]: () => Bun.deepEquals(idsIn(message), idsIn(message)?.toSorted()),
      };
      hold(fits[code](), () => `QUERY ${code} about ${about} was answered with ${message}`);
    });
  }

  /** Ends two devices, one by logging off and one by cutting its power; all others have to recover. */
  #calmDown(): void {
    const { world } = this;
    const { server: node, timeline } = world;
    world.network.calmDown();
    node.mendDisk();
    world.walker.stop();
    const [leaving, dying, ...staying] = world.devices as [DeviceNode, DeviceNode, ...DeviceNode[]];
    timeline.after(100_000, () => leaving.stop());
    timeline.after(120_000, () => dying.cutPower());
    this.#gone.add(leaving).add(dying);
    for (const device of staying) {
      timeline.after(130_000, () => this.#report(device));
    }
  }

  #checkEnd(): void {
    const { world } = this;
    const { engine } = world.server;
    world.check(true);
    world.checkWalker(world.walker.last);
    for (const device of world.devices) {
      const { id } = device.identity;
      const online = engine?.operator.destinationOf(id) !== null;
      hold(online !== this.#gone.has(device), () => `${id} is online at the end: ${online}`);
      if (this.#gone.has(device)) continue;
      const queued = device.agent?.queue.length;
      hold(queued === 0, () => `${id} still queues ${queued} reports at the end`);
    }
  }

  /** Asks every device as the operator; each one online has to answer this question. */
  #askEveryone(): void {
    const { timeline, devices } = this.world;
    const before = this.#answered;
    for (const device of devices) this.#ask(device, "42");
    timeline.run(timeline.now + 20_000);
    const answered = this.#answered - before;
    const expected = devices.length - this.#gone.size;
    hold(answered === expected, () => `${answered} of ${expected} devices answered at the end`);
    this.world.check(true);
  }

  /** Full packets are those that nothing more fits in; 20 handshakes a device are more than its starts need. */
  get #sealedCounts(): Record<string, number> {
    const { bundles, bundled, handshakes, devices } = this.world;
    const rekeys = Math.max(0, handshakes - 20 * devices.length);
    return { bundles, fullBundles: Math.max(0, bundled - 10), rekeys };
  }

  #summary(): Summary {
    const { timeline, network, server: node, reports, replies, walker, traceHash } = this.world;
    const counts = {
      ...network.counts,
      ...node.counts,
      reports: reports.sent,
      delivered: reports.delivered,
      longReplies: replies.longReplies,
      walked: walker.done,
      ...(this.sealed ? this.#sealedCounts : {}),
      asked: this.#asked,
      answered: this.#answered,
      queried: this.#queried,
      powerCuts: this.#powerCuts,
      fullDisks: this.#fullDisks,
      brokenDisks: this.#brokenDisks,
      clocksSet: this.#clocksSet,
    };
    return { seed: this.seed, steps: timeline.steps, trace: traceHash, counts };
  }
}
