// Clients that stop reading, on real sockets: they are cut, what waits for them is bounded, and its memory is freed.

import { expect, setDefaultTimeout, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { eventBytes, LiveClients } from "../../lib/web/live/live-clients.ts";
import { reportStream } from "../../lib/web/exports/report-stream.ts";
import { reportOf } from "./fake-ports.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

/** More than a system buffers for a connection that nobody reads. */
const bytesMax = 64 << 20;

/** Serves one answer to a client that requests it and then reads nothing. */
async function serveToStalled(answer: () => Response) {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    fetch: (request, self) => {
      self.timeout(request, 0);
      return answer();
    },
  });
  const client = await stalledClient(server.port as number);
  return {
    server,
    client,
    /** Resolves when the client's connection is closed; reads what was still on its way. */
    closed: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      client.on("close", () => resolve());
      client.resume();
      return promise;
    },
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

function stalledClient(port: number): Promise<Socket> {
  const { promise, resolve } = Promise.withResolvers<Socket>();
  const client = connect(port, "127.0.0.1", () => {
    client.pause();
    client.write("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    resolve(client);
  });
  // A reset is one way to be cut.
  client.on("error", () => {});
  return promise;
}

test("a browser that stops reading is cut, and others go on", async () => {
  const clients = new LiveClients();
  const subscription = { topics: ["status"], device: null } as const;
  const open = () => clients.open(subscription, eventBytes("hello", {}), () => {});
  await using stalled = await serveToStalled(open);
  while (clients.clients === 0) await new Promise(setImmediate);
  const reader = open().body?.getReader();
  const event = eventBytes("status", "x".repeat(100_000));
  let sent = 0;
  while (clients.clients > 1 && sent < bytesMax) {
    for (const client of clients.all()) client.send(event);
    sent += event.length;
    await reader?.read();
    // The server writes as much as the socket accepts.
    await new Promise(setImmediate);
  }
  expect(clients.clients).toBe(1);
  expect(sent).toBeLessThan(bytesMax);
  await stalled.closed();
  expect(stalled.server.pendingRequests).toBe(0);
  clients.closeAll();
});

test("an export that nobody reads is ended, and does not read on in the meantime", async () => {
  const row = reportOf(1, "a", 1, "x".repeat(1_000));
  let rows = 0;
  const endless = {
    done: false,
    next: (limit: number) => {
      rows += limit;
      return Array.from({ length: limit }, () => row);
    },
  };
  const ended = Promise.withResolvers<void>();
  const cutAfterMs = 50;
  await using stalled = await serveToStalled(() =>
    reportStream(endless, "ndjson", 1e9, ended.resolve, cutAfterMs),
  );
  await ended.promise;
  expect(rows * 1_000).toBeLessThan(bytesMax);
  await stalled.closed();
  expect(stalled.server.pendingRequests).toBe(0);
});
