// When requests are repeated whose answers were measured, and which answers are measured.

import { expect, setDefaultTimeout, test } from "bun:test";
import { ackTo, server } from "./fakes.ts";
import { login, logoff, query, runOut, start } from "./lone-requests.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const status = { type: "STATUS", code: "01", id: "asmith", time: "1", message: "m" } as const;

/** Asks a STATUS that is answered after some time. */
function answeredAfter(ms: number) {
  const client = start();
  client.ask(status);
  client.ack(ackTo(client.channel.last.text, "40"), server, ms);
  return client;
}

test("a report goes again after the time that answers take, and is given up no earlier", () => {
  const { requests, ask, channel } = answeredAfter(1);
  ask({ ...status, message: "lost" });
  const soon = [200, 400, 600, 800, 1_000, 1_200, 1_400, 1_600, 1_800, 2_000];
  const later = [2_400, 3_200, 4_800, 8_000, 14_400, 27_200, 62_000];
  expect(runOut(requests)).toEqual([...soon, ...later]);
  expect(channel.sent).toHaveLength(1 + 17);
});

test("a server that is busy is asked less and less from the first 93 on", () => {
  const { requests, ask, ack, channel } = answeredAfter(1);
  ask({ ...status, message: "lost" });
  for (const at of [200, 400]) requests.tick(at);
  ack(ackTo(channel.last.text, "93"), server, 401);
  expect(runOut(requests)).toEqual([600, 1_000, 1_800, 3_400, 6_600, 13_000, 25_800, 62_400]);
});

test("a request with a password, a QUERY and a LOGOFF wait as before", () => {
  for (const message of [login, logoff, query("01", "bsmith", 1)]) {
    const { requests, ask } = answeredAfter(1);
    ask(message);
    expect(requests.wakeAt).toBe(2_000);
  }
});

test("only an answer to a single sending is measured: after one long after a repeat the next wait is longer", () => {
  const { requests, ask, ack, channel } = answeredAfter(1);
  ask({ ...status, message: "repeated" });
  requests.tick(200);
  ack(ackTo(channel.last.text, "40"), server, 350);
  ask({ ...status, message: "next" });
  expect(requests.wakeAt).toBe(400);
  ack(ackTo(channel.last.text, "40"), server, 2);
  ask({ ...status, message: "and then" });
  expect(requests.wakeAt).toBe(200);
});

test("an answer to a LOGIN, and one after a 93, measure nothing", () => {
  const { requests, ask, ack, channel } = start();
  ask(login);
  ack(ackTo(channel.last.text, "70"), server, 1);
  ask(status);
  expect(requests.wakeAt).toBe(2_000);
  ack(ackTo(channel.last.text, "93"), server, 1);
  ack(ackTo(channel.last.text, "40"), server, 2);
  ask({ ...status, message: "next" });
  expect(requests.wakeAt).toBe(2_000);
});

test("after a long silence the wait is that of the beginning", () => {
  const { requests, ask } = answeredAfter(1);
  ask({ ...status, message: "lost" });
  runOut(requests);
  ask({ ...status, message: "next" });
  expect(requests.wakeAt).toBe(2_000);
});
