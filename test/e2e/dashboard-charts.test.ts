// Charts on the page of a device: several readings, states and devices in one, kept in the address.

import { expect, setDefaultTimeout } from "bun:test";
import type { Page } from "playwright-core";
import { browserTest, Dashboard, phone, untilText } from "./dashboard-browser.ts";
import { data, login, newIdentity, register } from "./datagrams.ts";
import { testTimeoutMs, until } from "./polling.ts";

setDefaultTimeout(testTimeoutMs);

async function reporting(
  { device }: Dashboard,
  id: string,
  messages: readonly string[],
): Promise<void> {
  const identity = newIdentity({ id });
  await device.code(register(identity));
  await device.code(login(identity));
  for (const message of messages) expect(await device.code(data(identity, message))).toBe("50");
}

/** Waits until the chart has these curves and states. */
function untilRows(page: Page, ...wanted: readonly string[]): Promise<boolean> {
  const rows = page.locator(".figures tbody th");
  return until(`the rows ${wanted.join(", ")}`, async () => {
    return (await rows.allInnerTexts()).join() === wanted.join();
  });
}

function untilAddress(page: Page, part: string): Promise<boolean> {
  return until(`${part} in the address`, () => page.url().includes(part));
}

browserTest("readings, states and devices share a chart, and the address keeps it", async () => {
  await using dashboard = await Dashboard.start();
  await reporting(dashboard, "living", [
    "temp=20°C hum=40% door=open",
    "temp=21°C hum:41% door=closed",
  ]);
  await reporting(dashboard, "bedroom", ["temp=18.5°C door=open"]);
  const page = await dashboard.open("#/devices/living");
  await untilRows(page, "temp");
  await page.locator('.field[data-field="hum"]').click();
  await untilRows(page, "temp", "hum");
  await page.locator('.field[data-state="door"]').click();
  await untilRows(page, "temp", "hum", "door");
  await untilText(page, ".figures", "1 change");
  await page.locator('.field[data-field="hum"]').click();
  await untilRows(page, "temp", "door");
  await page.getByRole("button", { name: "Compare" }).click();
  await page.getByRole("searchbox", { name: "Search devices to compare with" }).fill("bed");
  await page.locator('.option[data-key="bedroom"]').click();
  await untilRows(page, "temp", "temp · bedroom", "door", "door · bedroom");
  await untilText(page, ".figures", "18.5\u00a0°C");
  await page.keyboard.press("Escape");
  expect(await page.locator(".picker-panel:not([hidden])").count()).toBe(0);
  await page.getByRole("button", { name: "Show the last hour" }).click();
  await untilAddress(page, "#/devices/living?field=temp&state=door&with=bedroom&last=1h");

  await page.reload();
  await untilRows(page, "temp", "temp · bedroom", "door", "door · bedroom");
  expect(await page.locator('.segments [aria-pressed="true"]').innerText()).toBe("1h");
  await page.locator('.field[data-with="bedroom"]').click();
  await untilRows(page, "temp", "door");
  // The only reading stays.
  await page.locator('.field[data-field="temp"]').click();
  await untilRows(page, "door");
  await page.locator('.field[data-state="door"]').click();
  await untilRows(page, "door");
  expect(dashboard.complaints).toEqual([]);
});

browserTest("among many readings one is searched, by keys alone", async () => {
  await using dashboard = await Dashboard.start();
  const message = Array.from({ length: 24 }, (_, i) => `ch${i}=${i}.5`).join(" ");
  await reporting(dashboard, "many", [message]);
  const page = await dashboard.open("#/devices/many");
  await untilRows(page, "ch0");
  expect(await page.locator(".field[data-field]").count()).toBe(1);
  await page.getByRole("button", { name: "All 24 readings" }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.type("ch17");
  await until("one option", async () => (await page.locator(".option").count()) === 1);
  await page.keyboard.press("Enter");
  await untilRows(page, "ch0", "ch17");
  await page.keyboard.press("Escape");
  await until("the button's focus", () =>
    page.evaluate("document.activeElement.textContent.startsWith('All')"),
  );
  // An Escape too many leaves the page, as everywhere.
  expect(page.url()).toContain("#/devices/many");
  expect(dashboard.complaints).toEqual([]);
});

browserTest("a spike does not flatten the others, and is not hidden", async () => {
  await using dashboard = await Dashboard.start();
  const messages = Array.from({ length: 30 }, (_, i) => `${i === 9 ? 999 : 20 + i / 100}`);
  await reporting(dashboard, "spiky", messages);
  const page = await dashboard.open("#/devices/spiky", phone);
  await untilText(page, ".figures", "999");
  await page.getByRole("button", { name: "1 point is outside: show the whole range" }).click();
  await untilAddress(page, "y=whole");
  await page.getByRole("button", { name: "Leave far points outside" }).click();
  await untilText(page, ".outside", "1 point is outside");
  const card = await page.locator(".card.chart").boundingBox();
  expect((card?.x ?? 0) + (card?.width ?? 999)).toBeLessThanOrEqual(390);
  const inner =
    "(card => card.scrollWidth - card.clientWidth)(document.querySelector('.card.chart'))";
  expect(await page.evaluate(inner)).toBe(0);
});

browserTest("a device with nothing but states has a timeline of them", async () => {
  await using dashboard = await Dashboard.start();
  const markup = '{"lid":true,"<img src=x onerror=window.isRun=1>":"x<b>y</b>"}';
  await reporting(dashboard, "lid", ["lid:open", "lid:shut", markup]);
  const to = Date.now() + 1_000;
  // Another device that is not there is told, and does no harm.
  const page = await dashboard.open(
    `#/devices/lid?with=nobody&with=lid&state=lid&from=${to - 20_000}&to=${to}`,
  );
  await untilRows(page, "lid");
  await untilText(page, ".figures", "2 changes");
  await untilText(page, ".field[data-with]", "nobody (unknown)");
  await until("a coloured band", () => page.evaluate(bandInk));
  await page.locator('.field[data-state^="<img"]').click();
  await untilText(page, ".figures", "x<b>y</b>");
  expect(await page.evaluate("window.isRun")).toBeUndefined();
  expect(dashboard.complaints.filter((one) => !one.includes("404"))).toEqual([]);
});

/** Whether the chart has pixels of a colour, not only of greys. */
const bandInk = `(() => {
  const canvas = document.querySelector(".plot canvas");
  if (canvas === null) return false;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let ink = 0;
  for (let i = 0; i < data.length; i += 4) if (data[i + 2] - data[i] > 60 && data[i + 3] > 20) ink++;
  return ink > 20;
})()`;
