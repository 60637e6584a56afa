// Too many connections: which are closed, that it is told once an episode, and that the real ones of a process are seen.

import { expect, setDefaultTimeout, test } from "bun:test";
import { connect } from "node:net";
import { acceptedConnections } from "../../../lib/io/accepted-connections.ts";
import {
  ConnectionLimit,
  connectionsMax,
  connectionsOfPeerMax,
  surplusOf,
} from "../../../lib/web/access/connection-limit.ts";
import type { Connection } from "../../../lib/web/ports.ts";
import { until } from "../../e2e/polling.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

let descriptors = 0;

function many(count: number, peer: string, changes: Partial<Connection> = {}): Connection[] {
  return Array.from({ length: count }, () => ({
    descriptor: descriptors++,
    peer,
    isAnswered: true,
    quietMs: 1,
    ...changes,
  }));
}

/** How many of these are kept of a list. */
function kept(some: readonly Connection[], open: readonly Connection[]): number {
  const surplus = new Set(surplusOf(open));
  return some.filter((connection) => !surplus.has(connection)).length;
}

test("up to the bounds nothing is closed", () => {
  const peers = Array.from({ length: connectionsMax / connectionsOfPeerMax }, (_, i) => `p${i}`);
  expect(surplusOf(peers.flatMap((peer) => many(connectionsOfPeerMax, peer)))).toEqual([]);
});

test("a peer with too many loses those without an answer, then the quietest", () => {
  const unfinished = many(2_000, "a", { isAnswered: false, quietMs: 0 });
  const busy = many(60, "a", { quietMs: 500 });
  const quiet = many(60, "a", { quietMs: 20_000 });
  const other = many(1, "b", { isAnswered: false });
  const open = [...unfinished, ...quiet, ...busy, ...other];
  expect([busy, quiet, unfinished, other].map((some) => kept(some, open))).toEqual([60, 60, 8, 1]);
  const all = [...quiet, ...many(100, "a", { quietMs: 500 })];
  expect(kept(quiet, all)).toBe(28);
});

test("many peers together get equal shares, and one with few keeps them all", () => {
  const crowds = Array.from({ length: 20 }, (_, i) => many(100, `crowd-${i}`));
  const few = many(5, "few", { isAnswered: false, quietMs: 9_000 });
  const open = [...crowds.flat(), ...few];
  expect(open.length - surplusOf(open).length).toBe(connectionsMax);
  expect(kept(few, open)).toBe(5);
  for (const crowd of crowds) expect(Math.abs(kept(crowd, open) - 25)).toBeLessThanOrEqual(1);
});

test("an episode is told once, and the next one again", () => {
  let [now, told, open] = [0, 0, many(connectionsOfPeerMax + 1, "a")];
  const closed: Connection[] = [];
  const limit = new ConnectionLimit({
    port: 1,
    connections: { open: () => open, close: (connection) => void closed.push(connection) },
    now: () => now,
    onFull: () => told++,
  });
  for (; now < 300_000; now += 30_000) limit.check();
  expect([told, closed.length]).toEqual([1, 10]);
  open = [];
  for (; now < 400_000; now += 30_000) limit.check();
  open = many(connectionsOfPeerMax + 1, "a");
  limit.check();
  expect([told, closed.length]).toEqual([2, 11]);
  limit.close();
});

test.if(process.platform === "linux")(
  "the connections of this process are seen with their peers, and one is closed while the others stay",
  async () => {
    await using server = Object.assign(
      Bun.serve({
        hostname: "::",
        port: 0,
        development: false,
        fetch: () => new Response("here"),
      }),
    );
    const port = server.port as number;
    const source = acceptedConnections();
    const client = async (localAddress: string) => {
      const socket = connect({ port, host: "127.0.0.1", localAddress });
      socket.on("error", () => {});
      await new Promise((resolve) => socket.once("connect", resolve));
      return socket;
    };
    const [one, two] = [await client("127.0.0.1"), await client("127.0.0.2")];
    await until("both", () => source.open(port, 0).length === 2);
    expect(source.open(port, 100_000)).toEqual([]);
    two.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await new Promise((resolve) => two.once("data", resolve));
    await until("the answer", () => source.open(port, 0).some(({ isAnswered }) => isAnswered));
    const seen = new Map(source.open(port, 0).map(({ peer, isAnswered }) => [peer, isAnswered]));
    expect([seen.get("7f000001"), seen.get("7f000002")]).toEqual([false, true]);
    const ended = new Promise((resolve) => one.once("close", resolve));
    for (const connection of source.open(port, 0))
      if (!connection.isAnswered) source.close(connection);
    await ended;
    await until("one", () => source.open(port, 0).length === 1);
    two.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await new Promise((resolve) => two.once("data", resolve));
    two.destroy();
  },
);
