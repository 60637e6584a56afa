// Requests: retries byte for byte, one outstanding at a time, and which answers count.

import { expect, setDefaultTimeout, test } from "bun:test";
import { ackTo, messageIn, peer, server, stranger } from "./fakes.ts";
import { login, logoff, query, runOut, start } from "./lone-requests.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

test("an unanswered request is sent five times, byte for byte, and is silent at 62 s", () => {
  const { channel, requests, outcomes, ask } = start();
  ask(login);
  expect(runOut(requests)).toEqual([2_000, 6_000, 14_000, 30_000, 62_000]);
  expect(channel.sent).toHaveLength(5);
  expect(new Set(channel.sent.map(({ text }) => text)).size).toBe(1);
  expect(new Set(channel.sent.map(({ request }) => request)).size).toBe(1);
  expect(outcomes).toEqual([{ kind: "silent", sendings: 5 }]);
});

test("nothing is sent before it is due", () => {
  const { channel, requests, ask } = start();
  ask(login);
  requests.tick(1_999);
  expect(channel.sent).toHaveLength(1);
});

test("a timeout ends a request earlier", () => {
  const { channel, requests, outcomes, ask } = start();
  ask(login, server, 3_000);
  expect(runOut(requests)).toEqual([2_000, 3_000]);
  expect(channel.sent).toHaveLength(2);
  expect(outcomes).toEqual([{ kind: "silent", sendings: 2 }]);
});

test("the ACK ends the request, and nothing more is sent", () => {
  const { channel, requests, outcomes, ask, ack } = start();
  ask(login);
  expect(ack(ackTo(channel.last.text, "70"))).toBe(true);
  expect(outcomes).toEqual([{ kind: "ack", code: "70", reason: "", repeated: false }]);
  expect(requests.wakeAt).toBeNull();
  expect(channel.sent).toHaveLength(1);
});

test("the outcome of a request says whether it was sent more than once", () => {
  const { channel, requests, outcomes, ask, ack } = start();
  ask(logoff);
  requests.tick(2_000);
  ack(ackTo(channel.last.text, "31"));
  expect(outcomes).toEqual([{ kind: "ack", code: "31", reason: "", repeated: true }]);
});

test.each([
  ["from another host", stranger],
  ["from another port of the server's host", { ip: server.ip, port: 9001 }],
])("an ACK %s is ignored and counted", (_name, from) => {
  const { channel, requests, outcomes, ask, ack } = start();
  ask(login);
  expect(ack(ackTo(channel.last.text, "70"), from)).toBe(false);
  expect(outcomes).toEqual([]);
  expect(requests.ignored).toBe(1);
});

test("an ACK with the hash of another datagram is ignored", () => {
  const { requests, outcomes, ask, ack } = start();
  ask(login);
  expect(ack(ackTo("LOGIN\tanother", "70"))).toBe(false);
  expect(outcomes).toEqual([]);
  expect(requests.ignored).toBe(1);
});

test("a late ACK to the previous request does not end the next one", () => {
  const { channel, outcomes, ask, ack } = start();
  ask(login);
  const first = channel.last.text;
  ack(ackTo(first, "70"));
  ask(logoff);
  expect(ack(ackTo(first, "70"))).toBe(false);
  expect(outcomes).toHaveLength(1);
});

test("an ACK after silence is ignored", () => {
  const { channel, requests, outcomes, ask, ack } = start();
  ask(login);
  runOut(requests);
  expect(ack(ackTo(channel.last.text, "70"))).toBe(false);
  expect(outcomes).toEqual([{ kind: "silent", sendings: 5 }]);
});

test("where the channel knows which request is answered, an answer to another one does not count", () => {
  const { channel, ask, ack } = start();
  ask(login);
  const { text, request } = channel.last;
  expect(ack(ackTo(text, "70"), server, 1, (request as bigint) + 1n)).toBe(false);
  expect(ack(ackTo(text, "70"), server, 1, request)).toBe(true);
});

test("after 93 a request is retried on schedule; if it stays 93, that is the outcome", () => {
  const { channel, requests, outcomes, ask, ack } = start();
  ask(login);
  for (let at = requests.wakeAt; at !== null; at = requests.wakeAt) {
    ack(ackTo(channel.last.text, "93"));
    requests.tick(at);
  }
  expect(channel.sent).toHaveLength(5);
  expect(outcomes).toEqual([{ kind: "ack", code: "93", reason: "", repeated: false }]);
});

test("a sending that was answered 93 does not count as repeated", () => {
  const { channel, requests, outcomes, ask, ack } = start();
  ask(logoff);
  ack(ackTo(channel.last.text, "93"));
  requests.tick(2_000);
  ack(ackTo(channel.last.text, "31"));
  expect(outcomes).toEqual([{ kind: "ack", code: "31", reason: "", repeated: false }]);
});

test("one request is outstanding at a time, and the others wait in order", () => {
  const { channel, outcomes, ask, ack } = start();
  ask(login);
  ask(logoff);
  expect(channel.sent).toHaveLength(1);
  ack(ackTo(channel.last.text, "70"));
  expect(channel.sent).toHaveLength(2);
  expect(messageIn(channel.last.text)).toEqual(logoff);
  ack(ackTo(channel.last.text, "80"));
  expect(outcomes.map((outcome) => outcome.kind === "ack" && outcome.code)).toEqual(["70", "80"]);
});

test("a request that is submitted again keeps its number and its bytes", () => {
  const { channel, requests } = start();
  const request = requests.prepare(login, server);
  requests.submit(request, 0, () => {});
  runOut(requests);
  requests.submit(request, 100_000, () => {});
  expect(channel.last).toEqual(channel.sent[0] as (typeof channel.sent)[0]);
});

const answer01 = "DATA\t01\tasmith\t2026-11-22:09:16:00\t14\t192.0.2.7\t1995";

test("a QUERY is ended by the server's DATA", () => {
  const { outcomes, ask, data } = start();
  ask(query("01", "bsmith", 1));
  expect(data(answer01)).toBe("server-answer");
  expect(outcomes).toEqual([
    { kind: "answer", code: "01", message: "192.0.2.7\t1995", from: server },
  ]);
});

test("a QUERY is retried, and an ACK 61 ends it too", () => {
  const { channel, requests, outcomes, ask, ack } = start();
  ask(query("01", "bsmith", 1));
  requests.tick(2_000);
  expect(channel.sent).toHaveLength(2);
  ack(ackTo(channel.last.text, "61"));
  expect(outcomes).toEqual([{ kind: "ack", code: "61", reason: "", repeated: true }]);
});

test.each([
  ["from a stranger", answer01, stranger],
  ["with a code no answer has", "DATA\t07\tasmith\tt\t14\t192.0.2.7\t1995", server],
  ["about somebody else", "DATA\t01\tcsmith\tt\t14\t192.0.2.7\t1995", server],
  ["whose message answers another question", "DATA\t01\tasmith\tt\t6\tasmith", server],
])("a DATA %s does not answer the QUERY", (_name, text, from) => {
  const { outcomes, ask, data } = start();
  ask(query("01", "bsmith", 1));
  expect(data(text, from)).toBe("other");
  expect(outcomes).toEqual([]);
});

test("a repeated answer to the previous QUERY does not end the next one", () => {
  const { outcomes, ask, data } = start();
  const late = "DATA\t01\tasmith\t2026-11-22:09:16:01.000\t14\t192.0.2.7\t1995";
  ask(query("01", "bsmith", 1));
  data(late);
  ask(query("01", "csmith", 2));
  expect(data(late)).toBe("late");
  expect(outcomes).toHaveLength(1);
});

test("a late answer to an abandoned QUERY does not end the next one, but ends the same QUERY asked again", () => {
  const { requests, outcomes, ask, data } = start();
  const given = query("01", "bsmith", 1);
  ask(given, server, 1_000);
  runOut(requests);
  ask(query("01", "csmith", 2));
  const late = "DATA\t01\tasmith\t2026-11-22:09:16:01.000\t14\t192.0.2.7\t1995";
  expect(data(late)).toBe("late");
  expect(outcomes.map(({ kind }) => kind)).toEqual(["silent"]);
  runOut(requests);
  ask(given);
  expect(data(late)).toBe("server-answer");
});

test("an addressed QUERY is ended by the device's DATA, from any of its ports", () => {
  const { outcomes, ask, data } = start();
  const address = { ip: "192.0.2.2", port: 1994 };
  ask({ ...query("01", "bsmith", 1), address }, peer);
  const text = "DATA\t01\tbsmith\t192.0.2.7\t1995\tt\t5\thello";
  expect(data(text, stranger)).toBe("other");
  expect(data(text, { ip: peer.ip, port: 5_555 })).toBe("device-answer");
  expect(outcomes).toHaveLength(1);
});
