// The door in the dashboard: devices that wait appear without a reload, and are approved or rejected there; what they say is text.

import { expect, setDefaultTimeout } from "bun:test";
import { browserTest, Dashboard } from "./dashboard-browser.ts";
import { newIdentity, register } from "./datagrams.ts";
import { testTimeoutMs } from "./polling.ts";

setDefaultTimeout(testTimeoutMs);

browserTest(
  "those that wait are approved together, with labels, but not who comes meanwhile",
  async () => {
    await using dashboard = await Dashboard.start(["--join", "approve"]);
    const { device } = dashboard;
    const all = ["th-1", "th-2", "th-3", "pump"].map((id) => newIdentity({ id }));
    for (const one of all) expect(await device.code(register(one))).toBe("93");
    const page = await dashboard.open();
    const card = page.locator(".pending");
    await card.getByRole("checkbox", { name: "pump" }).check();
    await card.getByRole("button", { name: "Reject 1…" }).click();
    await page.getByRole("button", { name: "Reject 1 device" }).click();
    await card.getByRole("heading", { name: "3 devices want to join" }).waitFor();
    await card.getByRole("button", { name: "Approve all 3…" }).click();
    const late = newIdentity({ id: "th-9" });
    expect(await device.code(register(late))).toBe("93");
    await card.getByRole("heading", { name: "4 devices want to join" }).waitFor();
    const dialog = page.getByRole("dialog", { name: "Approve 3 devices?" });
    expect(await dialog.locator(".meant li").allInnerTexts()).toEqual(["th-1", "th-2", "th-3"]);
    await dialog.getByLabel("Labels they get, if any").fill("area=Cellar");
    await dialog.getByRole("button", { name: "Approve 3 devices" }).click();
    await card.getByRole("heading", { name: "1 device wants to join" }).waitFor();
    const codes: string[] = [];
    for (const one of [...all, late]) codes.push(await device.code(register(one)));
    expect(codes).toEqual(["00", "00", "00", "31", "93"]);
    await page.locator("#row-2", { hasText: "Cellar" }).waitFor();
    expect(dashboard.complaints).toEqual([]);
  },
);

browserTest("devices that want to join are approved and rejected", async () => {
  await using dashboard = await Dashboard.start(["--join", "approve"]);
  const { device } = dashboard;
  const page = await dashboard.open();
  const card = page.locator(".pending");
  await page.locator(".page.fleet").waitFor();
  expect(await card.isVisible()).toBe(false);
  const one = newIdentity({ id: "th-1", mac: "<b>mac</b>" });
  const two = newIdentity({ id: "th-2" });
  expect(await device.code(register(one))).toBe("93");
  await card.getByRole("heading", { name: "1 device wants to join" }).waitFor();
  expect(await card.locator(".who").innerText()).toContain("<b>mac</b> from 127.0.0.1");
  expect(await device.code(register(two))).toBe("93");
  await card.getByRole("heading", { name: "2 devices want to join" }).waitFor();
  const row = (id: string) => card.locator("li", { hasText: id });
  await row("th-1").getByRole("button", { name: "Approve" }).click();
  await card.getByRole("heading", { name: "1 device wants to join" }).waitFor();
  await row("th-2").getByRole("button", { name: "Reject" }).click();
  await card.waitFor({ state: "hidden" });
  expect(await device.code(register(one))).toBe("00");
  expect(await device.code(register(two))).toBe("31");
  await page.locator("#row-0 .name", { hasText: "th-1" }).waitFor();
  expect(dashboard.complaints).toEqual([]);
});
