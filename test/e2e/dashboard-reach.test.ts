// The dashboard without a mouse, and on a phone.

import { expect, setDefaultTimeout } from "bun:test";
import { browserTest, Dashboard, phone, untilLive, untilText } from "./dashboard-browser.ts";
import { data, login, newIdentity, register } from "./datagrams.ts";
import { until } from "./polling.ts";
import { testTimeoutMs } from "./polling.ts";

setDefaultTimeout(testTimeoutMs);

browserTest("the keyboard leads from the search to the list, to a device and back", async () => {
  await using dashboard = await Dashboard.start();
  for (const id of ["cellar-1", "roof-1", "roof-2", "roof-3"]) {
    await dashboard.device.code(register(newIdentity({ id })));
  }
  const page = await dashboard.open();
  const press = (...keys: string[]) =>
    keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
  const focused = () =>
    page.evaluate("document.activeElement.id || document.activeElement.className");
  const active = page.locator('.row[aria-selected="true"] .name');
  await page.locator("#row-3").waitFor();

  await press("Tab");
  expect(await focused()).toBe("skip");
  await press("Enter");
  expect(await focused()).toBe("main");
  await press("/");
  expect(await focused()).toBe("search");
  await page.keyboard.type("roof");
  await until(
    "three rows",
    async () => (await page.locator(".rows .row:not([hidden])").count()) === 3,
  );
  await press("ArrowDown", "ArrowDown");
  expect(await focused()).toBe("grid");
  await until("the second row", async () => (await active.innerText()) === "roof-2");
  const id = await page.locator(".grid").getAttribute("aria-activedescendant");
  expect(await page.locator(`#${id} .name`).innerText()).toBe("roof-2");
  await press("End");
  await until("the last row", async () => (await active.innerText()) === "roof-3");
  await press("Home", "ArrowDown", "Enter");
  await untilText(page, "h1", "roof-2");
  await press("Escape");
  await until("the list as it was left", async () => (await active.innerText()) === "roof-2");
  expect(await page.locator("#search").inputValue()).toBe("roof");
  await press("/", "Escape");
  await until(
    "all rows",
    async () => (await page.locator(".rows .row:not([hidden])").count()) === 4,
  );
});

browserTest("the chart and the tail have keys of their own", async () => {
  await using dashboard = await Dashboard.start(["--shared-ip", "--log-level", "debug"]);
  const identity = newIdentity();
  await dashboard.device.code(register(identity));
  await dashboard.device.code(login(identity));
  await dashboard.device.code(data(identity, "21.5"));
  const page = await dashboard.open(`#/devices/${identity.id}`);
  const pressed = page.locator('.segments [aria-pressed="true"]');
  await page.locator(".figure").focus();
  await page.keyboard.press("+");
  await until("a zoomed chart", async () => (await pressed.count()) === 0);
  await page.keyboard.press("0");
  await until("the whole chart", async () => (await pressed.innerText()) === "24h");

  await page.goto(`${dashboard.origin}/#/activity`);
  await untilLive(page);
  await untilText(page, ".lines", identity.id);
  await page.locator(".lines").focus();
  await page.keyboard.press("p");
  await untilText(page, ".found", "Paused");
  await dashboard.device.code(data(identity, "while-it-is-paused"));
  await untilText(page, ".found", /Paused, [1-9]/);
  expect(await page.locator(".lines").innerText()).not.toContain("while-it-is-paused");
  await page.keyboard.press("p");
  await untilText(page, ".lines", "while-it-is-paused");
  await page.locator("#search").fill("no line has this");
  await untilText(page, ".lines", "No lines match");
});

browserTest("on a phone nothing is wider than the screen", async () => {
  await using dashboard = await Dashboard.start();
  const long = newIdentity({ id: "a".repeat(64) });
  await dashboard.device.code(register(long));
  await dashboard.device.code(login(long));
  await dashboard.device.code(
    data(long, `{"${"n".repeat(100)}": 5, "text": "${"w".repeat(400)}"}`),
  );
  const page = await dashboard.open("#/", phone);
  for (const hash of ["#/", `#/devices/${long.id}`, "#/activity", "#/server", "#/?q=nobody"]) {
    await page.goto(`${dashboard.origin}/${hash}`);
    await untilLive(page);
    await until("no skeleton", async () => (await page.locator(".skeleton").count()) === 0);
    const wide = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]");
    expect([hash, wide]).toEqual([hash, [390, 390]]);
  }
  expect(dashboard.complaints).toEqual([]);
});
