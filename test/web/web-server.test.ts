// The start of the web server: what it opened is closed again if it cannot listen.

import { expect, setDefaultTimeout, spyOn, test } from "bun:test";
import { Roster } from "../../lib/fleet/roster.ts";
import { OperatingError } from "../../lib/operating-error.ts";
import { WebServer } from "../../lib/web/web-server.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { fakePorts } from "./fake-ports.ts";

setDefaultTimeout(testTimeoutMs);

test("a server that cannot listen leaves no timer and no subscription", () => {
  using other = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const timers = new Set<unknown>();
  const set = spyOn(globalThis, "setInterval");
  const clear = spyOn(globalThis, "clearInterval");
  const ports = fakePorts();
  let listeners = 0;
  const roster = new Roster(ports.devices, ports.presence);
  roster.listen = () => (listeners++, () => void listeners--);
  const start = () =>
    new WebServer({
      host: "127.0.0.1",
      port: other.port as number,
      token: "t".repeat(40),
      names: [],
      proxyNames: [],
      trustedProxies: [],
      publicRead: false,
      pages: new Map(),
      ports,
      roster,
    });
  expect(start).toThrow(OperatingError);
  for (const { value } of set.mock.results) timers.add(value);
  expect(timers.size).toBeGreaterThan(0);
  for (const [timer] of clear.mock.calls) timers.delete(timer);
  set.mockRestore();
  clear.mockRestore();
  expect([timers.size, listeners]).toEqual([0, 0]);
});
