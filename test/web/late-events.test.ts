// Live events over a store whose reads answer later: the same ones as over a store that answers at once, none of them older than
// what was sent before, and none for a browser that has left.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { LiveClients, type Subscription } from "../../lib/web/live/live-clients.ts";
import { LiveFeed } from "../../lib/web/live/live-feed.ts";
import type { WebPorts } from "../../lib/web/ports.ts";
import { Roster } from "../../lib/fleet/roster.ts";
import { ServerStatus } from "../../lib/web/server-status.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { SeededRandom } from "../e2e/seeded-random.ts";
import { lateReads, type ReadName, type Reads } from "./late-reads.ts";
import { ServedFleet } from "./served-fleet.ts";

setDefaultTimeout(testTimeoutMs);

const everything: Subscription = { topics: ["devices", "reports", "seen", "status"], device: null };
const ofOne: Subscription = { topics: ["devices", "reports", "seen"], device: "d1" };

type Event = { readonly name: string; readonly text: string };

/** The events of a stream that has ended, in order. */
async function eventsOf(response: Response): Promise<Event[]> {
  const events = (await response.text()).split("\n\n").filter((text) => text.startsWith("event:"));
  return events.map((event) => {
    const [, name = "", text = ""] = /^event: (\S+)\ndata: (.*)$/.exec(event) ?? [];
    return { name, text: text.replace(/"memoryBytes":\d+/, "") };
  });
}

/** The numbers of the reports in the events, in order. */
function numbersIn(events: readonly Event[]): number[] {
  const reports = events.filter(({ name }) => name === "reports");
  return reports.flatMap(({ text }) =>
    (JSON.parse(text) as { reports: { sequence: number }[] }).reports.map(
      ({ sequence }) => sequence,
    ),
  );
}

/** A feed of live events whose frames the test triggers itself. */
async function newFeed(fleet: ServedFleet, reads: Reads, changes: Partial<WebPorts> = {}) {
  const ports = fleet.ports(reads, changes);
  const clients = new LiveClients();
  const roster = new Roster(ports.devices, ports.presence);
  roster.listen((id) => feed.noteChange(id));
  const status = new ServerStatus(ports, roster, clients, false);
  status.close();
  const feed: LiveFeed = new LiveFeed(ports, roster, clients, status);
  fleet.feed.subscribe((facts) => roster.take(facts));
  await roster.load();
  return { feed, open: (subscription: Subscription) => feed.open(subscription) };
}

function newFleet(): ServedFleet {
  const fleet = new ServedFleet();
  for (let i = 0; i < 8; i++) {
    fleet.enter(`d${i}`);
    fleet.report(`d${i}`, "before");
  }
  return fleet;
}

test.each([1, 2, 3, 4, 5])(
  "are the same as over a store that answers at once (seed %d)",
  async (seed) => {
    const random = new SeededRandom(seed);
    const fleet = newFleet();
    const feeds = [
      await newFeed(fleet, fleet.reads),
      await newFeed(fleet, lateReads(fleet.reads, seed)),
    ];
    const opened = await Promise.all(
      feeds.flatMap(({ open }) => [
        open(everything),
        open(ofOne),
        open({ ...ofOne, device: "d7" }),
      ]),
    );
    for (let round = 0; round < 30; round++) {
      for (let i = random.below(6); i > 0; i--) {
        const id = `d${random.below(8)}`;
        fleet.bench.wait(100);
        const act = random.pick([
          "report",
          "report",
          "beat",
          "logoff",
          "login",
          "enter",
          "remove",
        ] as const);
        if (act === "report") fleet.report(id, `${round}`);
        else fleet[act](id);
      }
      if (round === 20) fleet.enter("d1");
      if (round >= 20) fleet.report("d1", `${round}`);
      await Promise.all(feeds.map(({ feed }) => feed.frame()));
    }
    for (const { feed } of feeds) feed.close();
    const [all, one, other, ...late] = await Promise.all(opened.map(eventsOf));
    expect(late).toEqual([all ?? [], one ?? [], other ?? []]);
    expect(new Set(all?.map(({ name }) => name))).toEqual(
      new Set(["hello", "devices", "reports", "seen", "status"]),
    );
    expect(numbersIn(one ?? []).length).toBeGreaterThan(0);
  },
);

/** Reads of which those with this name fail or wait as a test wants it. */
function heldReads(fleet: ServedFleet, held: ReadName) {
  const state = { isDown: false, reads: 0, wait: Promise.resolve(), begun: () => {} };
  const reads = lateReads(fleet.reads, 1, async (name) => {
    if (name !== held) return;
    state.reads++;
    state.begun();
    await state.wait;
    if (state.isDown) throw new Error("the connection is lost");
  });
  /** Lets the next reads wait; resolves when one of them has begun. */
  const hold = () => {
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    state.wait = gate.promise;
    state.begun = begun.resolve;
    return { begun: begun.promise, release: gate.resolve };
  };
  return { reads, state, hold };
}

describe("while a frame still reads", () => {
  test.each(["reportsAt", "next", "count"] as const)(
    "the next ones wait with what is to be read, and tell the rest (%s)",
    async (name) => {
      const fleet = newFleet();
      const { reads, state, hold } = heldReads(fleet, name);
      const { feed, open } = await newFeed(fleet, reads);
      const responses = [await open(everything), await open(ofOne)];
      const { begun, release } = hold();
      await feed.frame();
      fleet.report("d1", "1");
      const slow = feed.frame();
      await begun;
      const { reads: before } = state;
      fleet.report("d1", "2");
      fleet.enter("new");
      const frames = Array.from({ length: 6 }, () => feed.frame());
      await new Promise(setImmediate);
      expect(state.reads).toBe(before);
      release();
      await Promise.all([slow, ...frames]);
      for (let i = 0; i < 4; i++) await feed.frame();
      feed.close();
      const [all, one] = (await Promise.all(responses.map(eventsOf))) as [Event[], Event[]];
      expect([numbersIn(all), numbersIn(one)]).toEqual([
        [9, 10],
        [9, 10],
      ]);
      expect(all.filter(({ text }) => text.includes('"id":"new"'))).toHaveLength(1);
    },
  );

  test("nothing more is told of a session that ends", async () => {
    const fleet = newFleet();
    const { reads, hold } = heldReads(fleet, "reportsAt");
    const { feed, open } = await newFeed(fleet, reads);
    const response = await open(everything);
    for (let i = 0; i < 3; i++) await feed.frame();
    fleet.report("d1", "1");
    fleet.beat("d2");
    const { begun, release } = hold();
    const slow = feed.frame();
    await begun;
    fleet.logoff("d1");
    fleet.logoff("d2");
    await feed.frame();
    release();
    await slow;
    feed.close();
    const events = await eventsOf(response);
    const end = events.findIndex(({ name, text }) => name === "devices" && text.includes("logoff"));
    expect(end).toBeGreaterThan(0);
    expect(events.slice(end + 1).filter(({ text }) => /"d[12]"/.test(text))).toEqual([]);
  });

  test("a status is told all the same: a browser takes a server without it for dead", async () => {
    const fleet = newFleet();
    let asked = 0;
    const reads = Object.assign(Object.create(fleet.reads) as Reads, {
      isShared: () => true,
      end: () => (asked++ === 0 ? fleet.reads.end() : new Promise<number>(() => {})),
    });
    const { feed, open } = await newFeed(fleet, reads);
    const response = await open({ topics: ["status"], device: null });
    void feed.frame();
    for (let i = 0; i < 3; i++) await feed.frame();
    feed.close();
    const names = (await eventsOf(response)).map(({ name }) => name);
    expect(names).toEqual(["hello", "status", "status"]);
  });

  test("a browser may leave, and one that comes later is told nothing from before", async () => {
    const fleet = newFleet();
    for (const name of ["reportsAt", "next", "count"] as const) {
      const { reads, hold } = heldReads(fleet, name);
      const errors: Error[] = [];
      const noteError = (error: Error) => errors.push(error) < 0;
      const { feed, open } = await newFeed(fleet, reads, { noteError });
      const left = [await open(everything), await open(ofOne)];
      await feed.frame();
      fleet.report("d1", "1");
      const { begun, release } = hold();
      const slow = feed.frame();
      await begun;
      for (const { body } of left) await body?.cancel();
      const next = await open(everything);
      release();
      await slow;
      feed.close();
      expect((await eventsOf(next)).map(({ name: event }) => event)).toEqual(["hello"]);
      expect(errors).toEqual([]);
    }
  });
});

test("reads that fail are noted once a minute, and what it was for is told when reads work again", async () => {
  for (const name of ["reportsAt", "next", "count"] as const) {
    const fleet = newFleet();
    const { reads, state } = heldReads(fleet, name);
    const errors: string[] = [];
    const noteError = ({ message }: Error) => errors.push(message) < 0;
    const { feed, open } = await newFeed(fleet, reads, { noteError });
    const responses = [await open(everything), await open(ofOne)];
    await feed.frame();
    state.isDown = true;
    fleet.report("d1", "1");
    for (let i = 0; i < 4; i++) await feed.frame();
    expect(errors).toEqual(["the connection is lost"]);
    state.isDown = false;
    for (let i = 0; i < 4; i++) await feed.frame();
    state.isDown = true;
    fleet.report("d1", "2");
    for (let i = 0; i < 4; i++) await feed.frame();
    expect(errors).toHaveLength(1);
    fleet.bench.wait(60_000);
    for (let i = 0; i < 4; i++) await feed.frame();
    expect(errors).toHaveLength(2);
    state.isDown = false;
    for (let i = 0; i < 4; i++) await feed.frame();
    feed.close();
    const [all, one] = (await Promise.all(responses.map(eventsOf))) as [Event[], Event[]];
    expect([numbersIn(all), numbersIn(one)]).toEqual([
      [9, 10],
      [9, 10],
    ]);
  }
});

test("a browser that begins to watch a device misses no report", async () => {
  const fleet = newFleet();
  const { reads, hold } = heldReads(fleet, "end");
  const { feed, open } = await newFeed(fleet, reads);
  const { begun, release } = hold();
  const opening = open(ofOne);
  await begun;
  fleet.report("d1", "1");
  release();
  const response = await opening;
  fleet.report("d1", "2");
  await feed.frame();
  feed.close();
  const numbers = numbersIn(await eventsOf(response));
  // The first one was stored before the stream began: what the browser loads then has it.
  expect(numbers.filter((number) => number !== 9)).toEqual([10]);
});
