// Too many connections: new ones are refused, open ones go on, and later new ones are accepted again.

import { expect, test } from "bun:test";
import { connectionsMax, Listener } from "../../lib/web/listener.ts";
import { until } from "../e2e/polling.ts";
import { fakePorts } from "./fake-ports.ts";
import { WebServer } from "../../lib/web/web-server.ts";

const filesBefore = 20;

test("beyond the bound new connections are refused, and open ones go on", async () => {
  let files = filesBefore;
  let told = 0;
  const going = Promise.withResolvers<ReadableStreamDefaultController<Uint8Array>>();
  const listener = new Listener({
    serve: (port) =>
      Bun.serve({
        hostname: "127.0.0.1",
        port,
        development: false,
        reusePort: false,
        fetch: (request) => {
          if (!request.url.endsWith("/stream")) return new Response("here");
          return new Response(
            new ReadableStream<Uint8Array>({
              start(controller) {
                controller.enqueue(Buffer.from("first"));
                going.resolve(controller);
              },
            }),
          );
        },
      }),
    port: 0,
    openFiles: () => files,
    onFull: () => told++,
  });
  const url = `http://127.0.0.1:${listener.port}`;
  const ask = () =>
    fetch(url, { keepalive: false }).then(
      (response) => response.text(),
      () => "refused",
    );
  const stream = (await fetch(`${url}/stream`)).body?.getReader();
  await stream?.read();
  const controller = await going.promise;

  files = filesBefore + connectionsMax;
  listener.check();
  expect(await ask()).toBe("here");
  files++;
  listener.check();
  listener.check();
  expect([await ask(), told, listener.pendingRequests]).toEqual(["refused", 1, 1]);
  controller.enqueue(Buffer.from("second"));
  expect(Buffer.from((await stream?.read())?.value ?? []).toString()).toBe("second");

  // It does not accept at once; otherwise a few new connections would fill it again.
  files = filesBefore + connectionsMax - 1;
  listener.check();
  expect(await ask()).toBe("refused");
  files = filesBefore;
  listener.check();
  expect(await ask()).toBe("here");
  controller.enqueue(Buffer.from("third"));
  expect(Buffer.from((await stream?.read())?.value ?? []).toString()).toBe("third");
  await listener.close();
  expect(await ask()).toBe("refused");
});

test("on a system that does not count open files there is no bound", async () => {
  const serve = () =>
    Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("here") });
  const listener = new Listener({ serve, port: 0, openFiles: () => null, onFull: () => {} });
  listener.check();
  expect(await (await fetch(`http://127.0.0.1:${listener.port}`)).text()).toBe("here");
  await listener.close();
});

test("the web server keeps the bound, and reports it in the error log", async () => {
  let files = filesBefore;
  const errors: string[] = [];
  const web = new WebServer({
    host: "127.0.0.1",
    port: 0,
    token: "t",
    names: [],
    proxyNames: [],
    trustedProxies: [],
    publicRead: false,
    pages: new Map(),
    ports: fakePorts({
      openFiles: () => files,
      noteError: ({ message }) => errors.push(message),
    }),
  });
  const health = () =>
    fetch(`${web.url}/healthz`, { keepalive: false }).then(({ status }) => status);
  expect(await health()).toBe(200);
  files = Number.POSITIVE_INFINITY;
  await until("the error", () => errors.length > 0);
  expect(errors).toEqual(["more than 512 connections are open; no new ones until some are gone"]);
  expect(await health().catch(() => "refused")).toBe("refused");
  await web.close();
});
