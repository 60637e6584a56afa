// A simulated fleet in virtual time: it joins a few at a time, reports with its habits and is the same for the same seed.

import { expect, setDefaultTimeout, test } from "bun:test";
import { profileOf, silenceAfter } from "../../../lib/client/simulation/profile.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { VirtualFleet } from "./virtual-fleet.ts";

setDefaultTimeout(testTimeoutMs);

const minute = 60_000;

/** The longest time between two reports of a device, in intervals of its own. */
function longestGap(world: VirtualFleet, number: number): number {
  const { identity, everyMs } = profileOf(number, 1, 30_000);
  const times = (world.reports.get(identity.id) ?? []).map(({ at }) => at);
  return Math.max(...times.slice(1).map((at, index) => at - (times[index] as number))) / everyMs;
}

test("all join, 16 at a time, and report on time; none is lost on a good network", () => {
  const world = new VirtualFleet();
  world.pass(minute);
  expect(world.fleet.joined).toBe(100);
  expect(world.joiningMax).toBeLessThanOrEqual(16);
  world.pass(60 * minute);
  const steady = [...Array(100).keys()].map((index) => profileOf(index + 1, 1, 30_000));
  for (const { number, habit, identity } of steady) {
    if (habit === "steady") expect(longestGap(world, number)).toBeLessThan(1.01);
    if (habit === "sleeper") expect(longestGap(world, number)).toBeLessThan(1.01);
    if (habit === "unsteady") expect(longestGap(world, number)).toBeGreaterThan(5);
    // Those that fell silent were logged out meanwhile, and came back.
    expect([identity.id, world.reports.get(identity.id)?.length ?? 0]).toEqual([
      identity.id,
      expect.any(Number),
    ]);
    expect(world.reports.get(identity.id)?.length ?? 0).toBeGreaterThan(
      habit === "sleeper" ? 20 : 50,
    );
  }
  const { acked, sent, lost } = world.fleet.counts;
  // Those that come back are refused once.
  expect(acked / sent).toBeGreaterThan(0.97);
  expect(lost).toBe(0);
  expect(world.fleet.counts.take().p99Ms).toBe(10);
});

test("the same seed gives the same reports, another one others", () => {
  const run = (seed: number) => {
    const world = new VirtualFleet({ seed, loss: 0.05, devices: 30 });
    world.pass(20 * minute);
    return JSON.stringify([...world.reports]);
  };
  expect(run(1)).toBe(run(1));
  expect(run(1)).not.toBe(run(2));
});

test("lost datagrams are repeated and counted, and each report arrives", () => {
  const world = new VirtualFleet({ loss: 0.1 });
  world.pass(10 * minute);
  const { sent, lost } = world.fleet.counts.take();
  // A request is repeated if it or its answer is lost.
  expect(lost / sent).toBeGreaterThan(0.12);
  expect(lost / sent).toBeLessThan(0.32);
  expect(world.fleet.joined).toBe(100);
  for (const { identity, habit } of [...Array(100).keys()].map((index) =>
    profileOf(index + 1, 1, 30_000),
  )) {
    if (habit === "steady") expect(world.reports.get(identity.id)?.length ?? 0).toBeGreaterThan(16);
  }
});

test("a device answers a question with its reading; one that is asleep does not hear it", () => {
  const world = new VirtualFleet();
  world.pass(10 * minute);
  const all = [...Array(100).keys()].map((index) => profileOf(index + 1, 1, 30_000));
  const steady = all.find(({ habit }) => habit === "steady");
  const sleeper = all.find(({ habit, identity }) => {
    const last = world.reports.get(identity.id)?.at(-1)?.at ?? 0;
    return habit === "sleeper" && world.now - last > 5_000;
  });
  world.ask(steady?.identity.id ?? "");
  world.ask(sleeper?.identity.id ?? "");
  world.ask("sim-99999");
  world.pass(1_000);
  expect(world.answers).toMatchObject([{ id: steady?.identity.id, code: "01", time: "t" }]);
  expect(JSON.stringify(world.answers)).toMatch(/temp=\d+\.\d°C hum=\d+%/);
});

test("in text, too, each device carries out its own command, sleepers when they wake", () => {
  const world = new VirtualFleet({ loss: 0.05 });
  world.pass(5 * minute);
  const ids = [...Array(100).keys()].map((index) => profileOf(index + 1, 1, 30_000).identity.id);
  const command = () => {
    for (const [index, id] of ids.entries()) {
      world.commands.set(id, { number: index + 1, message: `set relay=${index}` });
    }
    // Some fall silent meanwhile.
    world.pass(20 * minute);
    return [...new Set(world.results.splice(0))].sort();
  };
  const all = ids.map((id, index) => `${id} #${index + 1} 01 relay ${index}`).sort();
  expect(command()).toEqual(all);
  // The same numbers again: the old results are sent again, nothing is carried out twice.
  expect(command()).toEqual(all);
  expect(world.fleet.counts.commands).toBe(100);
});

test("a stop delivers what waits and logs all off, but those that are silent", () => {
  const world = new VirtualFleet();
  world.pass(30 * minute);
  world.fleet.stop();
  world.pass(10_000);
  expect(world.fleet.isEnded).toBe(true);
  expect(world.sessions.size).toBeLessThan(5);
});

test("a stop ends within 10 s while the server is away, also for devices that are about to fall silent", () => {
  const world = new VirtualFleet({ devices: 300 });
  world.pass(5 * minute);
  // Some device has just made the report after which it falls silent.
  const unsteady = [...Array(300).keys()]
    .map((index) => profileOf(index + 1, 1, 30_000))
    .filter(({ habit }) => habit === "unsteady");
  const isAboutTo = () =>
    unsteady.some((profile) => {
      const all = world.reports.get(profile.identity.id) ?? [];
      const isFresh = world.now - (all.at(-1)?.at ?? 0) < 500;
      return isFresh && silenceAfter(profile, all.length) > 0;
    });
  for (let steps = 0; !isAboutTo() && steps < 5_000; steps++) world.pass(100);
  expect(isAboutTo()).toBe(true);
  world.isUp = false;
  world.fleet.stop();
  world.pass(10_000);
  expect(world.fleet.isEnded).toBe(true);
});

test("a server that is away: the fleet waits for it, and comes back", () => {
  const world = new VirtualFleet({ devices: 40 });
  world.pass(5 * minute);
  world.isUp = false;
  world.pass(5 * minute);
  world.sessions.clear();
  world.isUp = true;
  const before = world.fleet.counts.take();
  expect(before.lost).toBeGreaterThan(40);
  world.pass(5 * minute);
  const back = [...world.reports.values()].filter((all) => (all.at(-1)?.at ?? 0) > 10 * minute);
  expect(back.length).toBeGreaterThan(35);
});

test("refusals end the devices and are told; a removal removes all", () => {
  const world = new VirtualFleet({ devices: 20 });
  world.refuse.set("REGISTER", "31");
  world.pass(minute);
  expect([world.fleet.refused, world.fleet.isEnded]).toEqual([20, true]);
  expect(world.refusals[0]).toBe("sim-00001 REGISTER 31");

  const removal = new VirtualFleet({ devices: 20, isRemoval: true, loss: 0.2 });
  for (let number = 1; number <= 15; number++) {
    removal.registered.add(profileOf(number, 1, 30_000).identity.id);
  }
  removal.pass(5 * minute);
  expect([removal.fleet.joined, removal.fleet.isEnded, removal.registered.size]).toEqual([
    20,
    true,
    0,
  ]);

  const busy = new VirtualFleet({ devices: 3, isRemoval: true });
  busy.refuse.set("DEREGISTER", "95");
  busy.pass(minute);
  expect(busy.fleet.isEnded).toBe(false);
  busy.fleet.stop();
  busy.pass(1_000);
  expect([busy.fleet.isEnded, busy.fleet.joined]).toEqual([true, 0]);
});
