// Names and labels in the dashboard: shown, filtered by, changed on a device's page and for many at once; and that a name is text.

import { expect, setDefaultTimeout } from "bun:test";
import type { Page } from "playwright-core";
import { browserTest, Dashboard, phone, untilLive, untilText } from "./dashboard-browser.ts";
import { data, login, newIdentity, register } from "./datagrams.ts";
import { until } from "./polling.ts";
import { testTimeoutMs } from "./polling.ts";

setDefaultTimeout(testTimeoutMs);

const names = (page: Page) => page.locator(".rows .row:not([hidden]) .name").allInnerTexts();

async function untilNames(page: Page, ...wanted: string[]): Promise<void> {
  await until(
    `the rows ${wanted.join()}`,
    async () => (await names(page)).join() === wanted.join(),
  );
}

/** Registers devices, and labels those with labels. */
async function fleet(
  dashboard: Dashboard,
  devices: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Promise<void> {
  for (const [id, set] of Object.entries(devices)) {
    expect(await dashboard.device.code(register(newIdentity({ id })))).toBe("00");
    await label(dashboard, id, { set });
  }
}

async function label(dashboard: Dashboard, id: string, change: unknown): Promise<void> {
  const { status } = await fetch(`${dashboard.origin}/api/v1/devices/${id}/labels`, {
    method: "PATCH",
    headers: {
      authorization: `Bearer ${dashboard.token}`,
      "content-type": "application/json",
    },
    body: JSON.stringify(change),
  });
  expect(status).toBe(200);
}

async function labelsOf(dashboard: Dashboard, id: string): Promise<Record<string, string>> {
  const headers = { authorization: `Bearer ${dashboard.token}` };
  const response = await fetch(`${dashboard.origin}/api/v1/devices/${id}`, { headers });
  return ((await response.json()) as { labels: Record<string, string> }).labels;
}

browserTest(
  "devices are shown by their names, and a change of labels without a reload",
  async () => {
    await using dashboard = await Dashboard.start();
    const evil = "<b>Attic</b>";
    await fleet(dashboard, { "th-1": { name: "Cold room", model: "th-2" }, "th-2": {} });
    const page = await dashboard.open();
    await untilNames(page, "Cold room", "th-2");
    await untilText(page, "#row-0 .id", "th-1");
    expect(await page.locator("#row-1 .id").innerText()).toBe("");
    await untilText(page, "#row-0 .chips", /model\s*th-2/);
    await untilLive(page);
    await label(dashboard, "th-2", {
      set: { name: evil, area: "Kitchen", note: evil, "unit.temp": "°C", "ha.buttons": "off" },
    });
    await untilNames(page, "Cold room", evil);
    await untilText(page, "#row-1 .areas", "Kitchen");
    expect(await page.locator("#row-1 .chips .chip").allInnerTexts()).toEqual([`note\n${evil}`]);
    await page.goto(`${dashboard.origin}/#/devices/th-2`);
    await untilText(page, "h1", evil);
    await untilText(page, ".device-id", "th-2");
    await until("the title", async () => (await page.title()) === `${evil} · iot-server`);
    expect(await page.locator("main b").count()).toBe(0);
    expect(dashboard.complaints).toEqual([]);
  },
);

browserTest(
  "one box searches and filters, also by a press on a label, and the URL keeps it",
  async () => {
    await using dashboard = await Dashboard.start();
    await fleet(dashboard, {
      "th-1": { name: "Cold room", area: "Kitchen", floor: "1" },
      "th-2": { area: "Kitchen", floor: "2" },
      "th-3": { area: "Cellar", floor: "1" },
    });
    const page = await dashboard.open();
    const box = page.locator("#search");
    await box.fill("COLD r");
    await untilNames(page, "Cold room");
    await box.fill("area=Kitchen");
    await untilNames(page, "Cold room", "th-2");
    await page.locator('#row-1 [data-label="floor=2"]').click();
    await untilNames(page, "th-2");
    expect(await box.inputValue()).toBe("area=Kitchen,floor=2");
    expect(await page.locator('#row-0 [aria-pressed="true"]').count()).toBe(2);
    await until("the filter in the address", () =>
      page.url().includes("q=area%3DKitchen%2Cfloor%3D2"),
    );
    await page.reload();
    await untilNames(page, "th-2");
    // By keys: down to the row, past its name, to the area.
    await page.locator(".grid").focus();
    for (const key of ["ArrowDown", "ArrowRight", "ArrowRight", "Enter"]) {
      await page.keyboard.press(key);
    }
    await untilNames(page, "th-2");
    expect(await box.inputValue()).toBe("floor=2");
    // A device comes into the filter, and another leaves it.
    await label(dashboard, "th-3", { set: { floor: "2" } });
    await untilNames(page, "th-2", "th-3");
    await label(dashboard, "th-2", { remove: ["floor"] });
    await untilNames(page, "th-3");
    expect(dashboard.complaints).toEqual([]);
  },
);

browserTest("a selector that is wrong is told with its place, and the list stays", async () => {
  await using dashboard = await Dashboard.start();
  await fleet(dashboard, { "th-1": { area: "Kitchen" }, "th-2": { area: "Cellar" } });
  const page = await dashboard.open();
  const box = page.locator("#search");
  await box.fill("area=Cellar");
  await untilNames(page, "th-2");
  await box.fill("area=Cellar,Floor");
  await untilText(page, ".search-trouble", "At position 13, one of a-z 0-9 . _ - is expected.");
  expect(await page.locator(".search-trouble mark").innerText()).toBe("F");
  expect(await names(page)).toEqual(["th-2"]);
  await label(dashboard, "th-1", { set: { area: "Cellar" } });
  await untilNames(page, "th-1", "th-2");
  await box.fill("area=Cellar,id=*2");
  await untilNames(page, "th-2");
  expect(await page.locator(".search-trouble").isVisible()).toBe(false);
  // Also in an address that somebody has written.
  await page.goto(`${dashboard.origin}/#/?q=Area%3D`);
  await page.reload();
  await untilText(page, ".search-trouble", "At position 1,");
  await untilNames(page, "th-1", "th-2");
  expect(dashboard.complaints.filter((one) => !one.includes("400"))).toEqual([]);
});

browserTest("a device is renamed in place, and its labels changed, by keys alone", async () => {
  await using dashboard = await Dashboard.start();
  const identity = newIdentity({ id: "th-1" });
  await dashboard.device.code(register(identity));
  await dashboard.device.code(login(identity));
  for (const value of [20, 21.5]) await dashboard.device.code(data(identity, `temp=${value}`));
  const page = await dashboard.open("#/devices/th-1");
  await untilText(page, ".figures", "21.5");
  await page.getByRole("button", { name: "Give it a name" }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.type("Nobody");
  await page.keyboard.press("Escape");
  await untilText(page, "h1", "th-1");
  await page.keyboard.press("Enter");
  await page.keyboard.type("Cold|room");
  await page.keyboard.press("Enter");
  await untilText(page, "#name-trouble", "The name is wrong at position 5");
  await page.getByLabel("Name", { exact: true }).fill("Cold room");
  await page.keyboard.press("Enter");
  await untilText(page, "h1", "Cold room");
  await untilText(page, ".device-id", "th-1");

  await page.getByRole("button", { name: "Label", exact: true }).focus();
  await page.keyboard.press("Enter");
  for (const [text, trouble] of [
    ["area", "Write key=value"],
    ["Area=x", "The key Area is wrong at position 1"],
    ["area=x|y", "The value of area is wrong at position 2"],
  ] as const) {
    await page.getByLabel("Another label, as area=Kitchen").fill(text);
    await page.keyboard.press("Enter");
    await untilText(page, "#label-trouble", trouble);
  }
  for (const text of ["area=Kitchen", "unit.temp=°C"]) {
    await page.getByLabel("Another label, as area=Kitchen").fill(text);
    await page.keyboard.press("Enter");
    await untilText(page, ".label-editor .chips", text.split("=")[1] as string);
  }
  await untilText(page, '.field[data-field="temp"]', "21.5\u00a0°C");
  await untilText(page, ".figures", "21.5\u00a0°C");
  await page.getByRole("button", { name: "Remove area=Kitchen" }).focus();
  await page.keyboard.press("Enter");
  await until("one chip", async () => (await page.locator(".label-editor .chip").count()) === 1);
  expect(await labelsOf(dashboard, "th-1")).toEqual({ name: "Cold room", "unit.temp": "°C" });
  expect(dashboard.complaints.filter((one) => !one.includes("400"))).toEqual([]);
});

browserTest(
  "many are selected with Shift, labelled, and deregistered after a question",
  async () => {
    await using dashboard = await Dashboard.start();
    const ids = Array.from({ length: 6 }, (_, i) => `th-${i + 1}`);
    await fleet(dashboard, Object.fromEntries(ids.map((id) => [id, { area: "Attic" }])));
    await label(dashboard, "th-2", { set: { name: "Cold room" } });
    const page = await dashboard.open();
    await page.locator("#row-0 .pick").click();
    await page.locator("#row-2 .pick").click({ modifiers: ["Shift"] });
    await untilText(page, ".bulk-bar", "3 selected");
    await page.getByRole("button", { name: "Label…" }).click();
    await untilText(page, "dialog h2", "Label 3 devices");
    await untilText(page, "dialog .meant", "Cold room");
    await page.keyboard.type("floor=2, Model=x");
    await page.keyboard.press("Enter");
    await untilText(page, "dialog .trouble", 'set has "Model", which is wrong at position 1');
    await page.locator("#bulk-label").fill("floor=2, model=x");
    await page.getByRole("button", { name: /^area on 3$/ }).click();
    await page.getByRole("button", { name: "Change 3 devices" }).click();
    await page.locator("dialog").waitFor({ state: "detached" });
    await untilText(page, "#row-0 .chips", /floor\s*2/);
    expect(await labelsOf(dashboard, "th-1")).toEqual({ floor: "2", model: "x" });
    expect(await labelsOf(dashboard, "th-4")).toEqual({ area: "Attic" });

    await page.getByRole("button", { name: "Deregister…" }).click();
    await untilText(page, "dialog h2", "Deregister 3 devices?");
    // The focus is on Cancel: an Enter too many does no harm.
    await page.keyboard.press("Enter");
    await page.locator("dialog").waitFor({ state: "detached" });
    expect((await names(page)).length).toBe(6);
    await page.getByRole("button", { name: "Deregister…" }).click();
    await page.getByRole("button", { name: "Deregister 3 devices" }).click();
    await untilNames(page, "th-4", "th-5", "th-6");
    expect(await page.locator(".bulk-bar").isVisible()).toBe(false);
    expect(dashboard.complaints.filter((one) => !one.includes("400"))).toEqual([]);
  },
);

browserTest("all that match are selected, by keys too, and a filter leaves them", async () => {
  await using dashboard = await Dashboard.start();
  const ids = Array.from({ length: 140 }, (_, i) => `th-${1000 + i}`);
  for (const id of ids) await dashboard.device.code(register(newIdentity({ id })));
  const page = await dashboard.open("#/?q=th-1");
  await untilText(page, ".found", "140 devices");
  await page.locator(".grid").focus();
  for (const key of ["ArrowDown", " ", "Shift+ArrowDown", "Shift+ArrowDown"]) {
    await page.keyboard.press(key);
  }
  await untilText(page, ".bulk-bar", "3 selected");
  await page.getByRole("button", { name: "Select all 140 that match" }).click();
  await untilText(page, ".bulk-bar", "140 selected");
  await page.getByRole("button", { name: "Label…" }).click();
  // Its code is loaded when it is first needed.
  await untilText(page, "dialog h2", "Label 140 devices");
  await page.keyboard.type("area=Attic");
  await page.keyboard.press("Enter");
  await page.locator("dialog").waitFor({ state: "detached" });
  expect(await labelsOf(dashboard, "th-1139")).toEqual({ area: "Attic" });
  await page.locator(".grid").focus();
  await page.keyboard.press("Escape");
  await page.locator(".bulk-bar").waitFor({ state: "hidden" });
  await page.locator("#row-0 .pick").click();
  await page.locator("#search").fill("th-11");
  await page.locator(".bulk-bar").waitFor({ state: "hidden" });
  expect(dashboard.complaints).toEqual([]);
});

browserTest("on a phone long names and labels fit, and rows are selected", async () => {
  await using dashboard = await Dashboard.start();
  const long = "Heat pump of the neighbouring building, second floor".replace(",", "");
  await fleet(dashboard, {
    "52:54:00:12:34:56.the-long-corridor": { name: long, area: long, model: long, note: long },
  });
  const page = await dashboard.open("#/", phone);
  await untilNames(page, long);
  const width = () => page.evaluate("document.documentElement.scrollWidth");
  expect(await width()).toBe(390);
  await page.locator("#row-0 .pick").tap();
  await untilText(page, ".bulk-bar", "1 selected");
  expect(await width()).toBe(390);
  await page.locator("#row-0 .name").tap();
  await untilText(page, "h1", long);
  await untilText(page, ".label-editor", long);
  expect(await width()).toBe(390);
  await page.getByRole("button", { name: "Rename" }).tap();
  expect(await width()).toBe(390);
  expect(dashboard.complaints).toEqual([]);
});

browserTest(
  "on a narrow phone the bar of the selected has the button that ends it in its first line",
  async () => {
    await using dashboard = await Dashboard.start();
    await fleet(dashboard, { "th-1": {}, "th-2": {} });
    const page = await dashboard.open("#/", { ...phone, viewport: { width: 340, height: 700 } });
    await page.locator("#row-0 .pick").tap();
    await untilText(page, ".bulk-bar", "Select all 2 that match");
    const topOf = async (selector: string) => {
      const box = await page.locator(selector).boundingBox();
      return (box?.y ?? 0) + (box?.height ?? 0) / 2;
    };
    const first = await topOf(".bulk-bar > .bulk-count");
    expect(Math.abs((await topOf(".bulk-bar > .square")) - first)).toBeLessThan(4);
    expect(await topOf(".bulk-acts")).toBeGreaterThan(first + 20);
  },
);
