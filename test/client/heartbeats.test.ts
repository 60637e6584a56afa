// The heartbeats of devices that logged in through a menu.

import { expect, setDefaultTimeout, test } from "bun:test";
import { type HeartbeatEvent, Heartbeats } from "../../lib/client/heartbeats.ts";
import { MessageTimes } from "../../lib/client/message-times.ts";
import { Requests } from "../../lib/client/requests.ts";
import type { Ack } from "../../lib/protocol/messages.ts";
import { ackTo, delivered, FakeChannel, messageIn, server } from "./fakes.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

function start() {
  const channel = new FakeChannel();
  const requests = new Requests(channel, () => 0);
  const events: HeartbeatEvent[] = [];
  const times = new MessageTimes(() => 0);
  const heartbeats = new Heartbeats(requests, server, 60, times, (event) => events.push(event));
  const ack = (code: string) => {
    const text = ackTo(channel.last.text, code);
    requests.receiveAck(messageIn(text) as Ack, delivered(text, server), 60_000);
  };
  return { channel, requests, heartbeats, events, ack };
}

test("the first beat comes one interval after the LOGIN and states the interval", () => {
  const { channel, heartbeats } = start();
  heartbeats.add("asmith", 0);
  heartbeats.tick(59_999);
  expect(channel.sent).toEqual([]);
  heartbeats.tick(60_000);
  expect(messageIn(channel.last.text)).toMatchObject({
    type: "STATUS",
    id: "asmith",
    message: "heartbeat every=60",
  });
  expect(heartbeats.wakeAt).toBe(120_000);
});

test("a device that logged off does not beat", () => {
  const { channel, heartbeats } = start();
  heartbeats.add("asmith", 0);
  heartbeats.remove("asmith");
  heartbeats.tick(60_000);
  expect(channel.sent).toEqual([]);
  expect(heartbeats.wakeAt).toBeNull();
});

test("a lost session is reported once and ends the heartbeats", () => {
  const { heartbeats, events, ack } = start();
  heartbeats.add("asmith", 0);
  heartbeats.tick(60_000);
  ack("41");
  expect(events).toEqual([{ id: "asmith", kind: "lost" }]);
  expect(heartbeats.wakeAt).toBeNull();
});

test("a heartbeat without an answer is reported after 10 s, and the next one follows", () => {
  const { requests, heartbeats, events } = start();
  heartbeats.add("asmith", 0);
  heartbeats.tick(60_000);
  for (let at = requests.wakeAt; at !== null; at = requests.wakeAt) requests.tick(at);
  expect(events).toEqual([{ id: "asmith", kind: "silent" }]);
  expect(heartbeats.wakeAt).toBe(120_000);
});
