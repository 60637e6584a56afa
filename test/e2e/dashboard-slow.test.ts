// The dashboard on a slow line: what is drawn first, what is asked for and when, and a part of the page that cannot be had.

import { expect, setDefaultTimeout } from "bun:test";
import type { Page } from "playwright-core";
import { browserTest, Dashboard, rowOf, untilLive, untilText } from "./dashboard-browser.ts";
import { newIdentity, register } from "./datagrams.ts";
import { testTimeoutMs, until } from "./polling.ts";

setDefaultTimeout(testTimeoutMs);

/** Opens the dashboard, while answers to some addresses do not arrive. */
async function openWithout(dashboard: Dashboard, held: RegExp, hash = "#/"): Promise<Page> {
  const page = await dashboard.open("#/server");
  await untilLive(page);
  await page.route(held, () => {});
  await page.goto("about:blank");
  await page.goto(`${dashboard.origin}/${hash}`, { waitUntil: "commit" });
  return page;
}

browserTest("before any style or script is there, the shape of the page is drawn", async () => {
  await using dashboard = await Dashboard.start();
  const page = await openWithout(dashboard, /\.(css|js)$/);
  await page.locator("svg.before").waitFor();
  const drawn = await until("something to be painted", () =>
    page.evaluate("performance.getEntriesByType('paint').length"),
  );
  expect(drawn).toBeGreaterThan(0);
});

browserTest(
  "the first rows wait for no stream, and nothing is asked for twice before",
  async () => {
    await using dashboard = await Dashboard.start();
    const identity = newIdentity();
    await dashboard.device.code(register(identity));
    const asked: string[] = [];
    const page = await dashboard.open("#/server");
    await page.goto("about:blank");
    page.on("request", (request) => asked.push(request.url().replace(/^.*\/api\/v1/, "")));
    await page.route(/\/events/, () => {});
    await page.goto(`${dashboard.origin}/#/`);
    await untilText(page, rowOf(identity.id), "Never logged in");
    expect(asked.filter((path) => path === "/session")).toHaveLength(1);
    expect(asked.filter((path) => path.startsWith("/devices?"))).toHaveLength(1);
    expect(dashboard.complaints).toEqual([]);
  },
);

browserTest(
  "a fleet without devices shows no empty page while the stream is on its way",
  async () => {
    await using dashboard = await Dashboard.start();
    const page = await openWithout(dashboard, /\/events/);
    await page.locator("main .skeleton").waitFor();
    await page.unroute(/\/events/);
    await page.reload();
    await untilText(page, ".first h2", "No devices yet");
  },
);

browserTest(
  "the code of a page that is opened later is there before, else it is said",
  async () => {
    await using dashboard = await Dashboard.start();
    const page = await dashboard.open("#/");
    await untilLive(page);
    await page.getByRole("link", { name: "Server", exact: true }).click();
    await untilText(page, "h1", "Server");
    const stranded = await openWithout(dashboard, /no such/);
    await stranded.route(/part-|-page-/, (route) => route.abort());
    await stranded.goto("about:blank");
    await stranded.goto(`${dashboard.origin}/#/alerts`);
    await untilText(stranded, "main h2", "This page could not be loaded");
    await stranded.unroute(/part-|-page-/);
    await stranded.getByRole("button", { name: "Try again" }).click();
    await untilText(stranded, "h1", "Alerts");
    await untilLive(stranded);
  },
);
