// When devices of other servers were heard: rounds through their sessions, in bounded looks, and what is told of them.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { HeardFound, HeardLook } from "../../../lib/server/nodes.ts";
import { HeardElsewhere } from "../../../lib/web/live/heard-elsewhere.ts";
import { LiveClients } from "../../../lib/web/live/live-clients.ts";
import { LiveFeed } from "../../../lib/web/live/live-feed.ts";
import { Roster } from "../../../lib/fleet/roster.ts";
import { ServerStatus } from "../../../lib/web/server-status.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { fakePorts, rosterRow } from "../fake-ports.ts";
import { elsewhereOf } from "../other-node.ts";
import { ServedFleet } from "../served-fleet.ts";

setDefaultTimeout(testTimeoutMs);

type Answer = (look: HeardLook) => Partial<HeardFound>;

const row = { address: "", version: "", silentMs: 0, lives: true, sessions: 0, sealed: 0 };
const nodeRow = (name: string) => ({ ...row, name, received: 0, reports: 0 });

/** Node `b` of three, whose store answers as the test says; its devices are online at others. */
async function newNode(ids: readonly string[], answer: Answer) {
  const looks: HeardLook[] = [];
  const clock = { now: 50_000 };
  const heard = async (look: HeardLook) => {
    looks.push(look);
    return { sessions: [], last: null, mark: `${looks.length}`, ...answer(look) };
  };
  const rows = ids.map((id, i) => rosterRow(id, { session: i + 1, lastSeen: 1 }));
  const ports = fakePorts({
    node: "b",
    nodes: () => [nodeRow("a"), nodeRow("b"), nodeRow("c")],
    uptimeMs: () => clock.now,
    elsewhere: { ...elsewhereOf(new ServedFleet().reads), heard },
    devices: { ...fakePorts().devices, roster: (after) => (after === "" ? rows : []) },
  });
  const roster = new Roster(ports.devices, ports.presence);
  await roster.load();
  const clients = new LiveClients();
  const status = new ServerStatus(ports, roster, clients, false);
  status.close();
  const elsewhere = new HeardElsewhere(ports, status.nodes, roster);
  return { looks, clock, elsewhere, roster, clients, status, ports };
}

test("a round goes through the sessions of all other servers, a look after the other, and the next one begins ten seconds after", async () => {
  const { looks, clock, elsewhere } = await newNode([], ({ node, after }) =>
    node === "a" && after === "" ? { last: "m" } : {},
  );
  for (let i = 0; i < 5; i++) await elsewhere.look();
  expect(looks).toMatchObject([
    { node: "a", after: "", since: null },
    { node: "a", after: "m", since: null },
    { node: "c", after: "", since: null },
  ]);
  clock.now += 9_999;
  await elsewhere.look();
  expect(looks).toHaveLength(3);
  clock.now += 1;
  for (let i = 0; i < 5; i++) await elsewhere.look();
  // What was written while a round went on is looked for in the next one: it goes by the first look of each server.
  expect(looks.slice(3)).toMatchObject([
    { node: "a", after: "", since: "1" },
    { node: "a", after: "m", since: "1" },
    { node: "c", after: "", since: "3" },
  ]);
  expect(looks.every(({ limit }) => limit === 10_000)).toBeTrue();
});

test("after a pause of ten minutes all sessions are news: the marks are old", async () => {
  const { looks, clock, elsewhere } = await newNode([], () => ({}));
  for (let i = 0; i < 2; i++) await elsewhere.look();
  clock.now += 600_001;
  await elsewhere.look();
  expect(looks.map(({ since }) => since)).toEqual([null, null, null]);
});

test("a look that failed is made again", async () => {
  let fails = true;
  const { looks, elsewhere } = await newNode([], () => {
    if (fails) throw new Error("away");
    return {};
  });
  expect(elsewhere.look()).rejects.toThrow("away");
  await elsewhere.look().catch(() => {});
  fails = false;
  await elsewhere.look();
  expect(looks.map(({ node }) => node)).toEqual(["a", "a", "a"]);
});

test("what was heard is in the roster at once, and told once, so many at a time; not of a device that has left", async () => {
  const sessions = [
    ["x", 1, 70],
    ["y", 2, 1],
    ["z", 3, 90],
    ["w", 99, 90],
  ] as const;
  const { elsewhere, roster } = await newNode(["x", "y", "z", "w"], () => ({ sessions }));
  await elsewhere.look();
  const seenOf = (id: string) => roster.get(id)?.lastSeen;
  // The session of w is not the one that the roster knows.
  expect(["x", "y", "z", "w"].map(seenOf)).toEqual([70, 1, 90, 1]);
  expect(elsewhere.take(1)).toEqual([["x", 70]]);
  roster.take([{ kind: "ended", id: "z", session: 3, reason: "logoff", lastSeen: 90, at: 91 }]);
  expect(elsewhere.take(10)).toEqual([]);
});

test("what is written down later of packets before a report does not hide it; what is from a clock that was set back does", async () => {
  const { roster } = await newNode(["x"], () => ({}));
  const seen = () => roster.get("x")?.lastSeen;
  expect(roster.hear("x", null, 100_000)).toBeTrue();
  expect([roster.hear("x", 1, 95_000, true), seen()]).toEqual([false, 100_000]);
  expect([roster.hear("x", 1, 30_000), seen()]).toEqual([false, 100_000]);
  expect([roster.hear("x", 1, 30_000, true), seen()]).toEqual([true, 30_000]);
});

test("live events tell it with what is heard here", async () => {
  const sessions = [["x", 1, 70]] as const;
  const node = await newNode(["x"], () => ({ sessions }));
  const feed = new LiveFeed(node.ports, node.roster, node.clients, node.status);
  const response = await feed.open({ topics: ["seen"], device: null });
  for (let i = 0; i < 8; i++) await feed.frame();
  feed.close();
  const events = (await response.text()).split("\n\n").filter((text) => text.includes("seen"));
  expect(events).toEqual(['event: seen\ndata: {"seen":[["x",70]]}']);
});

test("with a file nothing is looked for", async () => {
  const ports = fakePorts();
  const roster = new Roster(ports.devices, ports.presence);
  const nodes = { read: () => Promise.reject(new Error("not asked")) };
  await new HeardElsewhere(ports, nodes, roster).look();
});
