// What a link can make the server send to an address that has not proven itself (protocol §4.10): with forged sources a
// device could send others more than it sends itself.

import { beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { encode } from "../../../lib/protocol/encode.ts";
import { encodeFrames } from "../../../lib/sealed/bundle.ts";
import type { Frame } from "../../../lib/sealed/frames.ts";
import { limits } from "../../../lib/server/policy.ts";
import { fixedPair } from "../../sealed/fixtures.ts";
import { BareLink } from "./bare-link.ts";
import { asker } from "./peer-fixtures.ts";
import { World } from "./world.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const victim = { ip: "203.0.113.9", port: 53 };
const { id } = asker;
let world: World;
let link: BareLink;

beforeEach(async () => {
  world = new World();
  link = await BareLink.open(world, fixedPair("device"), 11);
});

const query = (code: string) =>
  link.text(encode({ type: "QUERY", code, id, address: null, time: "1", target: id }));
const empties = (count: number) => Array.from({ length: count }, () => link.text(""));

/** Sends packets from the victim's address; returns the bytes of all packets, and of those that the victim gets. */
async function forge(packets: readonly (readonly Frame[])[]): Promise<[sent: number, got: number]> {
  const before = world.wire.length;
  for (const frames of packets) link.sendFrom(victim, encodeFrames(frames));
  await world.pass(50);
  const since = world.wire.slice(before);
  const bytesTo = (ip: string) =>
    since.filter(({ to }) => to.ip === ip).reduce((sum, { bytes }) => sum + bytes.length, 0);
  return [bytesTo(world.serverAddress.ip), bytesTo(victim.ip)];
}

test("without a login a packet gets at most three times its length, also of many frames", async () => {
  // What is longer is limited to a few a second, and these come first.
  await forge(Array.from({ length: limits.longRepliesBurst }, () => empties(97)));
  const [sent, got] = await forge(Array.from({ length: 40 }, () => empties(97)));
  expect(got).toBeGreaterThan(0);
  expect(got).toBeLessThanOrEqual(3 * sent);
});

test("a device that logged in gets no more where its address has moved to", async () => {
  await link.enter();
  await link.ask(
    link.text(
      encode({
        type: "DATA",
        code: "07",
        id,
        address: null,
        time: "1",
        message: "x".repeat(1_000),
      }),
    ),
  );
  const questions = () => Array.from({ length: 15 }, () => query("02"));
  await forge([questions(), questions()]);
  const [sent, got] = await forge([questions(), questions(), questions()]);
  expect(got).toBeGreaterThan(0);
  expect(got).toBeLessThanOrEqual(3 * sent + limits.longRepliesPerSecond * 1_200);
});

test("where it shook hands it gets long answers, as many as it asks for", async () => {
  await link.enter();
  await link.ask(
    link.text(
      encode({
        type: "DATA",
        code: "07",
        id,
        address: null,
        time: "1",
        message: "x".repeat(1_000),
      }),
    ),
  );
  const packets = await link.ask(...Array.from({ length: 15 }, () => query("02")));
  expect(packets).toHaveLength(15);
});

test("a moved address still gets receipts and a few long answers", async () => {
  await link.enter();
  const data = encode({ type: "DATA", code: "07", id, address: null, time: "1", message: "21.5" });
  const [, receipt] = await forge([[link.text(data, { receipt: true })]]);
  expect(receipt).toBeGreaterThan(0);
  const [, answer] = await forge([[query("02")]]);
  expect(answer).toBeGreaterThan(0);
});

test("over a link without a login the first four frames of a packet are handled", async () => {
  const before = world.server.engine.desk.counters.malformed;
  await link.ask(...empties(10));
  expect(world.server.engine.desk.counters.malformed - before).toBe(limits.strangerFrames);
});

test("vouchers, which cost a signature each, are signed at a limited rate", async () => {
  await link.enter();
  const answers: Frame[] = [];
  for (let packet = 0; packet < 6; packet++) {
    const asked = Array.from({ length: 15 }, () => query("01"));
    answers.push(...(await link.ask(...asked)).flat());
  }
  const count = (kind: string) => answers.filter((frame) => frame.kind === kind).length;
  expect(count("text")).toBe(90);
  expect(count("peer")).toBeGreaterThanOrEqual(limits.vouchersBurst);
  expect(count("peer")).toBeLessThan(90);
});
