// What must never happen in the dashboard: text sent by a device is executed, the policy is violated, a stranger sees a
// device, a stale page looks live.

import { expect, setDefaultTimeout } from "bun:test";
import { rmSync } from "node:fs";
import { browserTest, Dashboard, desk, rowOf, untilLive, untilText } from "./dashboard-browser.ts";
import { data, login, newIdentity, register } from "./datagrams.ts";
import { until } from "./polling.ts";
import { startServer } from "./server-process.ts";
import { testTimeoutMs } from "./polling.ts";

setDefaultTimeout(testTimeoutMs);

const image = "<img/src=x/onerror=window.isRun=1>";
const script = '<script>window.isRun=1</script><img src=x onerror="window.isRun=1">';
const pages = ["#/", "#/devices/evil", "#/alerts", "#/activity", "#/server"];

browserTest("markup in a MAC, a message, an id and the log is shown and never run", async () => {
  await using dashboard = await Dashboard.start(["--shared-ip", "--log-level", "debug"]);
  const { device } = dashboard;
  const identity = newIdentity({ id: "evil", mac: image });
  expect(await device.code(register(identity))).toBe("00");
  expect(await device.code(login(identity))).toBe("70");
  expect(await device.code(data(identity, script))).toBe("50");
  expect(await device.code(data(identity, '{"<img src=x onerror=window.isRun=1>": 5}'))).toBe("50");
  const page = await dashboard.open();
  await untilText(page, rowOf("evil"), "<img src=x");
  await page.goto(`${dashboard.origin}/#/devices/evil`);
  await untilText(page, ".facts", image);
  await untilText(page, ".reports td", script);
  await untilText(page, ".field", "<img src=x");
  await page.goto(`${dashboard.origin}/#/activity`);
  await untilText(page, ".lines", "<script>");
  for (const id of [script, "javascript:window.isRun=1"]) {
    await page.goto(`${dashboard.origin}/#/devices/${encodeURIComponent(id)}`);
    await untilText(page, "h1", id);
    await untilText(page, ".device", "No such device");
  }
  const harm = "[window.isRun, document.querySelectorAll('img, main script').length]";
  expect(await page.evaluate(harm)).toEqual([undefined, 0]);
  expect(dashboard.complaints.filter((one) => !one.includes("404"))).toEqual([]);
});

browserTest(
  "no page violates the policy or complains, in light and dark, and when the theme changes",
  async () => {
    await using dashboard = await Dashboard.start();
    const identity = newIdentity({ id: "evil" });
    await dashboard.device.code(register(identity));
    await dashboard.device.code(login(identity));
    await dashboard.device.code(data(identity, "21.5"));
    for (const colorScheme of ["light", "dark"] as const) {
      const page = await dashboard.open("#/", { ...desk, colorScheme });
      for (const hash of pages) {
        await page.goto(`${dashboard.origin}/${hash}`);
        await untilLive(page);
        await until("no skeleton", async () => (await page.locator(".skeleton").count()) === 0);
      }
      // Three clicks cycle through all themes and redraw the charts.
      for (let press = 0; press < 3; press++) await page.locator('[aria-label^="Theme"]').click();
      const ground = await page.evaluate(
        "getComputedStyle(document.documentElement).backgroundColor",
      );
      expect(ground).toBe(colorScheme === "light" ? "rgb(246, 247, 249)" : "rgb(13, 16, 21)");
    }
    expect(dashboard.complaints).toEqual([]);
  },
);

browserTest("a browser behind a proxy has to log in before anything is shown", async () => {
  await using dashboard = await Dashboard.start();
  const identity = newIdentity();
  await dashboard.device.code(register(identity));
  const extraHTTPHeaders = { "x-forwarded-for": "203.0.113.9" };
  const page = await dashboard.openAsStranger("#/", { ...desk, extraHTTPHeaders });
  await page.locator("section.login").waitFor();
  expect(await page.locator("body").innerText()).not.toContain(identity.id);
  await page.locator("#login-token").fill(dashboard.token);
  await page.keyboard.press("Enter");
  await untilText(page, rowOf(identity.id), "Never logged in");
  await page.getByRole("button", { name: "Log out" }).click();
  await page.locator("section.login").waitFor();
  expect(await page.locator("main").innerText()).not.toContain(identity.id);
});

browserTest("the link that the start prints logs in, once, and the events begin", async () => {
  await using dashboard = await Dashboard.start();
  const path = /\/login\?code=\S+/.exec(dashboard.server.stdout)?.[0] as string;
  const page = await dashboard.openAsStranger();
  await untilText(page, "section.login", "iot_server.db.token");
  await page.goto(dashboard.origin + path);
  await untilLive(page);
  const other = await dashboard.openAsStranger();
  await other.goto(dashboard.origin + path);
  await untilText(other, "h1", "no longer works");
});

browserTest("a lost server is reported, and found again without a reload", async () => {
  const args = ["--shared-ip", "--http-public-read"];
  await using dashboard = await Dashboard.start(args);
  const page = await dashboard.openAsStranger();
  await untilLive(page);
  await dashboard.server.stop();
  await untilText(page, ".banner", "Connection lost");
  const { port } = dashboard.server;
  await using again = await startServer({ folder: dashboard.folder.path, port, args });
  await untilLive(page);
  await page.locator(".banner").waitFor({ state: "hidden" });
  expect(again.isRunning).toBe(true);
});

browserTest(
  "a new token ends logins: the page asks for one, and then shows what it showed",
  async () => {
    await using dashboard = await Dashboard.start();
    const identity = newIdentity();
    await dashboard.device.code(register(identity));
    const page = await dashboard.open(`#/devices/${identity.id}`);
    await untilLive(page);
    await untilText(page, "h1", identity.id);
    await dashboard.server.stop();
    rmSync(dashboard.folder.join("iot_server.db.token"));
    const { port } = dashboard.server;
    await using again = await startServer({ folder: dashboard.folder.path, port });
    await page.locator("section.login").waitFor();
    expect(await page.locator("main").innerText()).not.toContain(identity.id);
    await page.locator("#login-token").fill(dashboard.token);
    await page.keyboard.press("Enter");
    await untilLive(page);
    await untilText(page, "h1", identity.id);
    expect(again.isRunning).toBe(true);
  },
);

browserTest(
  "a restart ends no login: the page goes on, and so does one that is opened",
  async () => {
    await using dashboard = await Dashboard.start();
    const page = await dashboard.open();
    await untilLive(page);
    await dashboard.server.stop();
    await untilText(page, ".banner", "Connection lost");
    const { port } = dashboard.server;
    await using again = await startServer({ folder: dashboard.folder.path, port });
    await untilLive(page);
    await page.reload();
    await untilLive(page);
    expect(await page.locator("section.login").count()).toBe(0);
    expect(again.isRunning).toBe(true);
  },
);
