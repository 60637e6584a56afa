// The list of devices in the dashboard: columns that are chosen, a field of the last reports among them, orders, the filter by when a
// device was heard, and ids that have no room.

import { expect, setDefaultTimeout } from "bun:test";
import type { Page } from "playwright-core";
import { browserTest, Dashboard, untilLive, untilText } from "./dashboard-browser.ts";
import { data, login, newIdentity, register } from "./datagrams.ts";
import { testTimeoutMs, until } from "./polling.ts";

setDefaultTimeout(testTimeoutMs);

const names = (page: Page) => page.locator(".rows .row:not([hidden]) .name").allTextContents();

async function untilNames(page: Page, ...wanted: string[]): Promise<void> {
  await until(
    `the rows ${wanted.join()}`,
    async () => (await names(page)).join() === wanted.join(),
  );
}

/** Devices that have reported. @param messages by id; null for one that never logged in */
async function fleet(dashboard: Dashboard, messages: Readonly<Record<string, string | null>>) {
  for (const [id, message] of Object.entries(messages)) {
    const identity = newIdentity({ id });
    expect(await dashboard.device.code(register(identity))).toBe("00");
    if (message === null) continue;
    expect(await dashboard.device.code(login(identity))).toBe("70");
    expect(await dashboard.device.code(data(identity, message))).toBe("50");
  }
}

browserTest(
  "a field of the last reports is a column, sorts the list, and both are kept",
  async () => {
    await using dashboard = await Dashboard.start();
    await fleet(dashboard, { a: "temp=9.5°C door=open", b: "temp=101", c: "temp=-3", d: null });
    const page = await dashboard.open();
    await untilNames(page, "a", "b", "c", "d");
    await page.locator(".column-menu summary").click();
    await page.getByRole("checkbox", { name: "temp" }).check();
    await page.getByRole("checkbox", { name: "door" }).check();
    await page.getByRole("checkbox", { name: "Encryption" }).uncheck();
    await page.keyboard.press("Escape");
    expect(await page.locator(".column-menu").getAttribute("open")).toBeNull();
    await untilText(page, "#row-0 .value >> nth=0", /^9.5\s°C$/);
    await untilText(page, "#row-0 .value >> nth=1", "open");
    await untilText(page, "#row-1 .value >> nth=0", "101");
    expect(await page.locator("#row-0 .transport").isVisible()).toBe(false);
    const head = page.getByRole("button", { name: "temp", exact: true });
    await head.click();
    await untilNames(page, "b", "a", "c", "d");
    await head.click();
    await untilNames(page, "c", "a", "b", "d");
    expect(page.url()).toContain("sort=value&field=temp");
    await untilText(page, "#row-0 .value >> nth=0", "-3");
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "Download these devices as CSV" }).click();
    const file = await Bun.file(await (await download).path()).text();
    const ids = file.split("\r\n").map((line) => line.split(",")[0]);
    expect(ids).toEqual(["id", "c", "a", "b", "d", ""]);
    await page.reload();
    await untilNames(page, "c", "a", "b", "d");
    await untilText(page, "#row-0 .value >> nth=0", "-3");
    // Without its column nobody sees why they are in this order.
    await page.locator(".column-menu summary").click();
    await page.getByRole("checkbox", { name: "temp" }).uncheck();
    await untilNames(page, "a", "b", "c", "d");
    expect(page.url()).not.toContain("sort=");
    // An address from elsewhere shows what it sorts by.
    const other = await dashboard.open("#/?sort=-value&field=temp");
    await untilNames(other, "b", "a", "c", "d");
    await untilText(other, "#row-0 .value >> nth=0", "101");
    expect(dashboard.complaints).toEqual([]);
  },
);

browserTest("for how much of the last 24 hours a device was logged in is a strip", async () => {
  await using dashboard = await Dashboard.start();
  await fleet(dashboard, { a: "1", never: null });
  const page = await dashboard.open();
  await untilNames(page, "a", "never");
  const shareOf = (row: number) => page.locator(`#row-${row} .strip`).getAttribute("title");
  expect(await shareOf(0)).toMatch(/^[> \d.]+ % of the last 24 hours$/);
  expect(await shareOf(1)).toBe("0 % of the last 24 hours");
  await page.goto(`${dashboard.origin}/#/devices/never`);
  await untilText(page, ".availabilities", /Logged in, last 30 days\s*0 %/);
  expect(dashboard.complaints).toEqual([]);
});

browserTest("a long id is there whole on hover, and is copied by a press", async () => {
  await using dashboard = await Dashboard.start();
  const id = `x${"0123456789".repeat(6)}end`;
  await fleet(dashboard, { [id]: null });
  const page = await dashboard.open();
  await untilNames(page, id);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const name = page.locator("#row-0 .name");
  expect(await name.getAttribute("title")).toBe(id);
  // Its end is in sight, its middle is not.
  const begin = page.locator("#row-0 .name .cut-begin");
  const isCut = ({ scrollWidth, clientWidth }: Record<string, number>) =>
    (scrollWidth as number) > (clientWidth as number);
  expect(await begin.evaluate(isCut as never)).toBe(true);
  expect(await page.locator("#row-0 .name .cut-end").innerText()).toBe(id.slice(-9));
  await page.locator("#row-0 .id").click();
  await until("the id in the clipboard", async () => {
    return (await page.evaluate("navigator.clipboard.readText()")) === id;
  });
  // The page of the device was not opened.
  expect(page.url()).not.toContain("devices/");
  expect(dashboard.complaints).toEqual([]);
});

browserTest("the list is narrowed to devices that were not heard for a while", async () => {
  await using dashboard = await Dashboard.start();
  await fleet(dashboard, { a: "1", b: null });
  const page = await dashboard.open();
  await untilNames(page, "a", "b");
  await page.getByLabel("When devices were heard").selectOption("2h");
  await untilText(page, ".empty", "There are no devices not heard for 2 h.");
  expect(page.url()).toContain("unheard=2h");
  await page.getByRole("button", { name: "Show all devices" }).click();
  await untilNames(page, "a", "b");
  expect(await page.getByLabel("When devices were heard").inputValue()).toBe("");
  expect(dashboard.complaints).toEqual([]);
});

browserTest(
  "what was refused is in the activity, and a device's page says so of its address",
  async () => {
    await using dashboard = await Dashboard.start();
    await fleet(dashboard, { a: "1" });
    const page = await dashboard.open("#/activity?level=error");
    await untilText(page, ".lines", "No lines match the filter.");
    await untilLive(page);
    // As it happens, and after a reload.
    expect(await dashboard.device.code("NONSENSE")).toBe("91");
    await untilText(page, ".line .words", /^refused a datagram of 8 bytes/);
    await page.reload();
    await untilText(page, ".line .words", /^refused a datagram of 8 bytes/);
    await page.goto(`${dashboard.origin}/#/server`);
    await page.getByRole("link", { name: "1", exact: true }).first().click();
    await untilText(page, ".line .words", /^refused a datagram of 8 bytes/);
    await page.goto(`${dashboard.origin}/#/devices/a`);
    await untilText(page, ".refusals", /Refused from there\s*1, the last /);
    await page.locator(".refusals a").click();
    await untilText(page, ".line .words", /^refused a datagram of 8 bytes/);
    expect(page.url()).toContain("level=error");
    await untilText(page, ".zone", /Times are in /);
    expect(dashboard.complaints).toEqual([]);
  },
);
