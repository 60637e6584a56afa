// Muting the selected devices of the fleet in a browser: for how long, why, and by which selector.

import { expect, setDefaultTimeout } from "bun:test";
import type { MuteJson } from "../../lib/web/api/alert-shapes.ts";
import { browserTest, Dashboard, untilText } from "./dashboard-browser.ts";
import { newIdentity, register } from "./datagrams.ts";
import { testTimeoutMs } from "./polling.ts";

setDefaultTimeout(testTimeoutMs);

browserTest("the selected ones are muted for a while, by their ids or by the filter", async () => {
  await using dashboard = await Dashboard.start();
  const ids = Array.from({ length: 130 }, (_, i) => `th-${1000 + i}`);
  for (const id of ids) await dashboard.device.code(register(newIdentity({ id })));
  const headers = { authorization: `Bearer ${dashboard.token}` };
  const mutes = async () => {
    const response = await fetch(`${dashboard.origin}/api/v1/mutes`, { headers });
    return ((await response.json()) as { mutes: MuteJson[] }).mutes;
  };
  const page = await dashboard.open("#/?q=th-1");
  await page.locator("#row-0 .pick").click();
  await page.locator("#row-1 .pick").click({ modifiers: ["Shift"] });
  await page.getByRole("button", { name: "Mute…" }).click();
  await untilText(page, "dialog h2", "Mute 2 devices");
  await untilText(page, "dialog .meant", "th-1001");
  await page.getByLabel("1 day").check();
  await page.getByLabel("Why, if you like").fill("new <b>batteries</b>");
  await page.keyboard.press("Enter");
  await untilText(page, "dialog", "2 devices muted for 1 day.");
  const [made] = await mutes();
  expect(made).toMatchObject({ select: "id=th-1000|th-1001", note: "new <b>batteries</b>" });
  const leftMs = Date.parse(made?.until ?? "") - Date.now();
  expect(Math.round(leftMs / 3_600_000)).toBe(24);
  await page.getByRole("button", { name: "Close" }).click();
  await page.locator("dialog").waitFor({ state: "detached" });
  // More ids than a selector has room for: only a filter that means them all does.
  await page.getByRole("button", { name: "Select all 130 that match" }).click();
  await untilText(page, ".bulk-bar", "130 selected");
  await page.getByRole("button", { name: "Mute…" }).click();
  await untilText(page, "dialog .trouble", "The ids of 130 devices are too long for one mute.");
  await page.getByRole("button", { name: "Mute 130 devices" }).click();
  expect(await mutes()).toHaveLength(1);
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.locator("#search").fill("id=th-1*");
  await page.locator(".bulk-bar").waitFor({ state: "hidden" });
  await untilText(page, ".found", "130 devices");
  await page.getByLabel("Select all that match").check();
  await untilText(page, ".bulk-bar", "130 selected");
  await page.getByRole("button", { name: "Mute…" }).click();
  await untilText(page, "dialog", "Meant is id=th-1*, also of devices that come to match.");
  // Another device comes meanwhile: more would be muted than was said.
  await dashboard.device.code(register(newIdentity({ id: "th-1999" })));
  await page.getByRole("button", { name: "Mute 130 devices" }).click();
  await untilText(page, "dialog .trouble", "131 devices are meant, not 130.");
  expect(await mutes()).toHaveLength(1);
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.goto(`${dashboard.origin}/#/alerts`);
  await untilText(page, ".mutes", "new <b>batteries</b>");
  expect(dashboard.complaints.filter((one) => !one.includes("409"))).toEqual([]);
});
