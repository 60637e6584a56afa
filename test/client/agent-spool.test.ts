// Reports that wait over a restart of the device: they are sent with the bytes and the msgid of before, so that the
// server stores each once.

import { expect, setDefaultTimeout, test } from "bun:test";
import { ReportQueue } from "../../lib/client/report-queue.ts";
import type { Spool } from "../../lib/client/spool.ts";
import { encode } from "../../lib/protocol/encode.ts";
import { World } from "./agent-world.ts";
import { Disk } from "./sealed/client-node.ts";
import { World as SealedWorld } from "./sealed/world.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

test("a report whose ACK was lost is sent again after a restart, byte for byte, and stored once", () => {
  const spool = new ReportQueue(100);
  const first = new World(1, 0, spool).start();
  first.pass(1_000);
  first.losesReplies = true;
  first.report("21 degrees");
  expect(first.server.reports).toEqual(["21 degrees"]);
  // The device is killed, and starts again a day later with another clock.
  spool.putBack();
  const second = new World(2, 0, spool, first.server);
  second.now = 86_400_000;
  second.start();
  expect(second.server.reports).toEqual(["21 degrees"]);
  expect(second.server.seen.filter((type) => type === "DATA")).toHaveLength(2);
  expect(spool.length).toBe(0);
});

test("sealed, too: the msgid of before makes it the same report", async () => {
  const world = new SealedWorld();
  const [disk, spool] = [new Disk("asmith"), new ReportQueue(100)];
  const address = { ip: "192.0.2.2", port: 1994 };
  const first = world.add({ id: "asmith", address, disk });
  first.startAgent(60, spool);
  await world.run(() => first.events.some(({ kind }) => kind === "logged-in"));
  await world.pass(1_000);
  first.agent?.report("01", "equal", world.now);
  await world.run(() => world.server.reports("asmith").length === 1);
  // It is killed before the ACK arrives.
  first.kill();
  expect(spool.length).toBe(1);
  spool.putBack();
  const second = world.add({ id: "asmith", address: { ...address, port: 1995 }, disk });
  second.startAgent(60, spool);
  second.agent?.report("01", "equal", world.now);
  await world.run(() => spool.length === 0);
  expect(world.server.reports("asmith")).toEqual(["equal", "equal"]);
});

test.each([
  ["no message", "hello"],
  ["another message", encode({ type: "LOGOFF", id: "asmith" })],
])("what is %s in the spool is dropped and said, and the next report is sent", (_, text) => {
  const spool: Spool = new ReportQueue(100);
  spool.push({ msgid: 7n, text });
  const world = new World(1, 0, spool).start();
  world.report("next");
  expect(world.server.reports).toEqual(["next"]);
  expect(world.events).toContainEqual({
    kind: "report-refused",
    code: "",
    reason: "it is damaged",
  });
});

test("a report of the time in plain text that is too long for a frame is cut, not stuck", async () => {
  const spool = new ReportQueue(100);
  const text = new World(1, 0, spool);
  text.server.up = false;
  text.start();
  text.report("x".repeat(5_000));
  spool.putBack();
  const world = new SealedWorld();
  const client = world.add({ id: "asmith", address: { ip: "192.0.2.2", port: 1994 } });
  client.startAgent(60, spool);
  client.agent?.report("01", "next", world.now);
  await world.run(() => spool.length === 0);
  expect(world.server.reports("asmith").map((report) => report.slice(0, 4))).toEqual([
    "xxxx",
    "next",
  ]);
  expect(client.events).toContainEqual(expect.objectContaining({ kind: "report-cut" }));
});
