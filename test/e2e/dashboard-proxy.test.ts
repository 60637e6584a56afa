// The dashboard behind a proxy with a host name, below a path, as a browser uses it: it loads, logs in, is live, changes.

import { expect, setDefaultTimeout } from "bun:test";
import { browserTest, Dashboard, desk, rowOf, untilLive, untilText } from "./dashboard-browser.ts";
import { newIdentity, register } from "./datagrams.ts";
import { serverBinary, run } from "./server-process.ts";
import { testTimeoutMs } from "./polling.ts";

setDefaultTimeout(testTimeoutMs);

/** A proxy that serves the dashboard at /iot/ under a name, and speaks to it by its address. */
function startProxy(upstream: string) {
  return Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      if (!pathname.startsWith("/iot/")) return new Response("not here", { status: 404 });
      const headers = new Headers(request.headers);
      headers.set("host", new URL(upstream).host);
      headers.set("x-forwarded-for", "203.0.113.9");
      const { method, body } = request;
      const url = `${upstream}${pathname.slice("/iot".length)}${search}`;
      return fetch(url, { method, headers, body, redirect: "manual", decompress: false });
    },
  });
}

browserTest(
  "behind a proxy with a name, below a path, one logs in and removes a device",
  async () => {
    await using dashboard = await Dashboard.start(["--shared-ip", "--http-name", "dash.localhost"]);
    const identity = newIdentity();
    await dashboard.device.code(register(identity));
    using proxy = startProxy(dashboard.origin);
    const origin = `http://dash.localhost:${proxy.port}/iot`;
    const page = await dashboard.openAsStranger("#/", desk);
    await page.goto(`${origin}/`);
    await page.locator("section.login").waitFor();
    const { stdout } = await run(serverBinary, ["open"], dashboard.folder.path);
    await page.goto(`${origin}/login${/\?code=\S+/.exec(stdout)?.[0]}`);
    await untilLive(page);
    expect(page.url()).toBe(`${origin}/`);
    await untilText(page, rowOf(identity.id), "Never logged in");
    await page.goto(`${origin}/#/devices/${identity.id}`);
    await page.getByRole("button", { name: "Deregister…" }).click();
    await page.getByRole("button", { name: "Deregister", exact: true }).click();
    await untilText(page, ".first h2", "No devices yet");
    expect(dashboard.complaints).toEqual([]);
  },
);
