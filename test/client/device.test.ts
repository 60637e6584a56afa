// What a device answers, and where it sends: never to an address that it only read inside a message.

import { expect, setDefaultTimeout, test } from "bun:test";
import { Client } from "../../lib/client/client.ts";
import { Device, type DeviceEvent } from "../../lib/client/device.ts";
import { Requests } from "../../lib/client/requests.ts";
import type { Query } from "../../lib/protocol/messages.ts";
import type { Address } from "../../lib/protocol/messages.ts";
import { ackTo, delivered, FakeChannel, peer, server, stranger } from "./fakes.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

type Reply = (message: string | null) => void;

function start(onQuery = (question: Query, reply: Reply) => reply(question.target)) {
  const channel = new FakeChannel();
  const events: DeviceEvent[] = [];
  const device = new Device({
    channel,
    server,
    isMe: (id) => id === "asmith",
    me: () => "asmith",
    address: () => ({ ip: "192.0.2.2", port: 1994 }),
    time: () => Date.UTC(2026, 10, 22, 9, 14, 6),
    onQuery,
    onEvent: (event) => events.push(event),
  });
  const client = new Client(new Requests(channel, () => 0), device);
  const receive = (text: string, from: Address, now = 0) =>
    client.receive(delivered(text, from), now);
  return { channel, device, client, events, receive };
}

const asked = "QUERY\t01\tbsmith\t192.0.2.7\t1996\t2026-11-22:09:17:00\tasmith";
const answered = "DATA\t01\tasmith\t192.0.2.2\t1994\t2026-11-22:09:17:00\t6\tasmith";

test("a STATUS gets ACK 40", () => {
  const { channel, receive, events } = start();
  const text = "STATUS\t01\tasmith\t2026-11-22:09:15:06\t9\theartbeat";
  receive(text, server);
  expect(channel.sent).toEqual([{ text: ackTo(text, "40"), to: server, request: null }]);
  expect(events.map(({ kind }) => kind)).toEqual(["status"]);
});

test.each([
  ["plain", "DATA\t01\tasmith\t2026-11-22:09:15:06\t5\thello"],
  ["addressed", "DATA\t01\tasmith\t192.0.2.9\t1994\t2026-11-22:09:15:06\t5\thello"],
])("a %s DATA gets ACK 50, sent to its source", (_name, text) => {
  const { channel, receive, events } = start();
  receive(text, peer);
  expect(channel.sent).toEqual([{ text: ackTo(text, "50"), to: peer, request: null }]);
  expect(events.map(({ kind }) => kind)).toEqual(["data"]);
});

test("a QUERY is answered at the port it states when the ip it states is its source's", () => {
  const { channel, receive } = start();
  receive(asked, peer);
  expect(channel.sent).toEqual([
    { text: answered, to: { ip: "192.0.2.7", port: 1996 }, request: null },
  ]);
});

test("a QUERY that states another ip is answered at its source", () => {
  const { channel, receive } = start();
  receive(asked, stranger);
  expect(channel.sent).toEqual([{ text: answered, to: stranger, request: null }]);
});

test("a QUERY of the server about any target is for this device, which answers under its own id", () => {
  const { channel, receive, events } = start();
  const address = `${server.ip}\t${server.port}`;
  receive(`QUERY\t01\tserver\t${address}\t2026-11-22:09:17:00\tuptime`, server);
  expect(channel.sent).toEqual([
    { text: answered.replace(/asmith$/, "uptime"), to: server, request: null },
  ]);
  expect(events).toMatchObject([{ kind: "query", asked: "asmith" }]);
});

test.each([
  ["another port of the server's host", { ...server, port: 1 }],
  ["another host", stranger],
])("a QUERY in the server's name from %s is not answered", (_name, from) => {
  const { channel, device, receive } = start();
  receive("QUERY\t01\tserver\t192.0.2.1\t9000\t2026-11-22:09:17:00\tuptime", from);
  expect(channel.sent).toEqual([]);
  expect(device.unanswered).toBe(1);
});

test.each([
  ["for another device", "QUERY\t01\tbsmith\t192.0.2.7\t1996\tt\tcsmith"],
  ["without an address", "QUERY\t01\tbsmith\tt\tasmith"],
])("a QUERY %s is not answered", (_name, text) => {
  const { channel, device, receive } = start();
  receive(text, peer);
  expect(channel.sent).toEqual([]);
  expect(device.unanswered).toBe(1);
});

test.each([
  ["REGISTER", "REGISTER\ta\tp\tm\t192.0.2.7\t1994"],
  ["LOGOFF", "LOGOFF\tasmith"],
  ["garbage", "\u0001\u0002"],
  ["a wrong length", "DATA\t01\tasmith\tt\t99\thello"],
])("%s is counted and gets no reply", (_name, text) => {
  const { channel, client, receive } = start();
  receive(text, peer);
  expect(channel.sent).toEqual([]);
  expect(client.malformed).toBe(1);
});

test("a repeated QUERY does not start a second answer while the first is being made", () => {
  const replies: Reply[] = [];
  const { channel, receive } = start((_question, reply) => replies.push(reply));
  receive(asked, peer);
  receive(asked, peer);
  expect(replies).toHaveLength(1);
  replies[0]?.("21 degrees");
  replies[0]?.("22 degrees");
  expect(channel.sent).toHaveLength(1);
  receive(asked, peer);
  expect(replies).toHaveLength(2);
});

test("without an answer nothing is sent", () => {
  const { channel, receive } = start((_question, reply) => reply(null));
  receive(asked, peer);
  expect(channel.sent).toEqual([]);
});

test("an answer is cut to fit one datagram, at a character boundary", () => {
  const { channel, receive, events } = start((_question, reply) => reply("é".repeat(2_000)));
  receive(asked, peer);
  const bytes = Buffer.byteLength(channel.last.text);
  expect(bytes).toBeLessThanOrEqual(1200);
  expect(bytes).toBeGreaterThan(1190);
  expect(channel.last.text).toEndWith("é");
  expect(events.map(({ kind }) => kind)).toContain("answer-cut");
});

test("a flood of questions is answered 20 times, then 5 times a second", () => {
  const { channel, receive } = start();
  for (let i = 0; i < 100; i++) receive(asked.replace("17:00", `17:0${i % 10}`), peer, 0);
  expect(channel.sent).toHaveLength(20);
  for (let i = 0; i < 100; i++) receive(asked, peer, 1_000);
  expect(channel.sent).toHaveLength(25);
});

test("a device's answer to our QUERY gets ACK 50; the server's gets none", () => {
  const { channel, client, receive } = start();
  const { requests } = client;
  const question: Query = {
    type: "QUERY",
    code: "01",
    id: "asmith",
    address: { ip: "192.0.2.2", port: 1994 },
    time: "t1",
    target: "bsmith",
  };
  requests.submit(requests.prepare(question, peer), 0, () => {});
  const text = "DATA\t01\tbsmith\t192.0.2.7\t1995\tt1\t5\thello";
  receive(text, peer);
  expect(channel.last.text).toContain("ACK\t50\tbsmith\t");
  expect(channel.sent).toHaveLength(2);

  const plain = { ...question, address: null, time: "t2" };
  requests.submit(requests.prepare(plain, server), 0, () => {});
  receive("DATA\t12\tasmith\tt2\t0\t", server);
  expect(channel.sent).toHaveLength(3);
  expect(requests.idle).toBe(true);
});
