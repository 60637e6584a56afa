// When whom a request was sent to counts as silent, and what a move to another host does with the request.

import { expect, setDefaultTimeout, test } from "bun:test";
import { testTimeoutMs } from "../e2e/polling.ts";
import { ackTo, peer, server } from "./fakes.ts";
import { login, start } from "./lone-requests.ts";

setDefaultTimeout(testTimeoutMs);

test.each([
  [0, 8_000],
  [1, 12_000],
])("after the second repeat has waited as long as the first sending, factor %d", (random, ms) => {
  const { channel, requests, ask } = start(random);
  ask(login);
  expect(requests.silentAt(server)).toBe(ms);
  while ((requests.wakeAt as number) < ms) requests.tick(requests.wakeAt as number);
  expect(channel.sent).toHaveLength(3);
});

test("no sooner where round trips were measured: a few datagrams may be lost", () => {
  const { channel, requests, ask } = start();
  channel.roundTrip.measured(1);
  ask({ type: "STATUS", code: "01", id: "asmith", time: "2026-11-22:09:14:06", message: "" });
  expect(requests.wakeAt).toBe(200);
  expect(requests.silentAt(server)).toBe(8_000);
});

test("who was not asked is not silent, nor who asks for relief", () => {
  const { channel, requests, ask, ack } = start();
  expect(requests.silentAt(server)).toBeNull();
  ask(login);
  expect(requests.silentAt(peer)).toBeNull();
  ack(ackTo(channel.last.text, "93"));
  expect(requests.silentAt(server)).toBeGreaterThan(8_000);
});

test("who asks for nothing but relief counts as silent after a while, also over several requests", () => {
  const { channel, requests, ask, ack } = start();
  const busy = () => ack(ackTo(channel.last.text, "93"));
  ask(login);
  busy();
  expect([requests.isServerBusy, requests.silentAt(server)]).toEqual([true, 15_001]);
  requests.cancelAll();
  ask(login);
  requests.heard(14_000);
  expect(requests.silentAt(server)).toBe(15_001);
  requests.moved(server, 30_000);
  expect([requests.isServerBusy, requests.silentAt(server)]).toEqual([false, 38_000]);
  busy();
  ack(ackTo(channel.last.text, "70"));
  expect(requests.isServerBusy).toBe(false);
});

test("who was heard of is not silent", () => {
  const { requests, ask } = start();
  ask(login);
  requests.heard(7_000);
  expect(requests.silentAt(server)).toBe(15_000);
});

test("a move sends the same request at once, with a schedule of its own", () => {
  const { channel, requests, outcomes, ask, ack } = start();
  ask(login);
  requests.tick(2_000);
  requests.tick(6_000);
  requests.moved(server, 8_000);
  expect(new Set(channel.sent.map(({ text, request }) => `${request} ${text}`)).size).toBe(1);
  expect(channel.sent).toHaveLength(4);
  expect(requests.wakeAt).toBe(10_000);
  expect(requests.silentAt(server)).toBe(16_000);
  ack(ackTo(channel.last.text, "70"));
  expect(outcomes).toEqual([{ kind: "ack", code: "70", reason: "", repeated: true }]);
});

test("a move of the server leaves a question to a device alone", () => {
  const { channel, requests, ask } = start();
  ask(login, peer);
  requests.moved(server, 1_000);
  expect(channel.sent).toHaveLength(1);
});
