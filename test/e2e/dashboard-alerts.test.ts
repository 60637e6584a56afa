// Alerts in a browser: the first one by its form, seen firing and told, muted, over; a wrong rule; text of operators is text.

import { expect, setDefaultTimeout } from "bun:test";
import { browserTest, Dashboard, phone, rowOf, untilLive, untilText } from "./dashboard-browser.ts";
import { data, login, newIdentity, register } from "./datagrams.ts";
import { testTimeoutMs, until } from "./polling.ts";

setDefaultTimeout(testTimeoutMs);

browserTest("an alert is made, fires, is told, muted and over, without a reload", async () => {
  const got: string[] = [];
  using hook = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      got.push(((await request.json()) as { text: string }).text);
      return new Response();
    },
  });
  await using dashboard = await Dashboard.start();
  const { device } = dashboard;
  const identity = newIdentity({ id: "freezer" });
  expect(await device.code(register(identity))).toBe("00");
  expect(await device.code(login(identity))).toBe("70");
  const page = await dashboard.open("#/alerts");
  // The first one, which ends with a test message.
  await page.fill("#silence-url", `http://127.0.0.1:${hook.port}/slack`);
  expect(await page.inputValue("#silence-format")).toBe("text");
  await page.click(".silence button[type=submit]");
  await untilText(page, ".silence .alert-result", "Delivered: 200");
  expect(got).toEqual(["This is a test: a device that is not there (test) is offline"]);
  await untilText(page, ".alert-rules", "offline for 10m");
  await untilText(page, ".alert-destinations", "127.0.0.1");
  // A rule that is wrong says where; a right one stands at once.
  await page.fill("#rule-name", "too warm");
  await page.fill("#rule-text", "temp > hot");
  await page.click(".alert-rules button[type=submit]");
  await untilText(page, ".alert-rules .trouble", "The rule is wrong at position 8");
  await page.fill("#rule-text", "temp > 30 until < 28 for 1s");
  await page.click(".alert-rules button[type=submit]");
  await untilText(page, ".alert-rules .alert-items", "too warm");
  expect(await device.code(data(identity, "temp=31.5"))).toBe("50");
  await untilText(page, ".alerts-open", "Firing");
  await untilText(page, ".alerts-open .value", "31.5");
  await untilText(page, 'nav a[href="#/alerts"] .badge', "1");
  await until("the message", () => got.length > 1);
  expect(got[1]).toBe("temp of freezer is 31.5 (> 30)");
  await untilText(page, ".alerts-open .told", "ago");
  // The device's own page tells it, too, and the chart has its bound.
  const own = await dashboard.open("#/devices/freezer");
  await untilText(own, ".device-alerts", "Firing");
  await untilText(own, ".device-alerts", "temp > 30 until < 28 for 1s");
  await own.close();
  await page.selectOption('select[aria-label="Mute too warm"]', "8h");
  await untilText(page, ".mutes", "too warm");
  await page.click(".mutes button");
  await until("no mute", async () => (await page.locator(".mutes li").count()) === 0);
  expect(await device.code(data(identity, "temp=27"))).toBe("50");
  await untilText(page, ".alerts-ended", "too warm");
  await untilText(page, ".alerts-open", "Nothing is wrong");
  // Removed again, both.
  await page.click('button[aria-label="Remove the rule silent devices"]');
  await until(
    "one rule",
    async () => (await page.locator(".alert-rules .alert-items li").count()) === 1,
  );
  expect(dashboard.complaints.filter((one) => !one.includes("400"))).toEqual([]);
});

browserTest(
  "a device with an alert has a bell in the fleet, by keys too, until it is over",
  async () => {
    await using dashboard = await Dashboard.start();
    const { device } = dashboard;
    const [freezer, lamp] = [newIdentity({ id: "freezer" }), newIdentity({ id: "lamp" })];
    for (const identity of [freezer, lamp]) {
      expect(await device.code(register(identity))).toBe("00");
      expect(await device.code(login(identity))).toBe("70");
    }
    const put = (name: string, rule: object) =>
      fetch(`${dashboard.origin}/api/v1/alert-rules/${name}`, {
        method: "PUT",
        headers: { authorization: `Bearer ${dashboard.token}`, "content-type": "application/json" },
        body: JSON.stringify(rule),
      });
    await put("warm", { rule: "temp > 30 for 1s" });
    await put("hot", { rule: "temp > 40 for 1s", severity: "critical" });
    const page = await dashboard.open();
    await untilText(page, ".rows", "lamp");
    await untilLive(page);
    const bell = page.locator(`${rowOf("freezer")} .alarm`);
    const words = async () => (await bell.isVisible()) && (await bell.getAttribute("aria-label"));
    expect(await bell.isVisible()).toBe(false);
    expect(await device.code(data(freezer, "temp=31.2"))).toBe("50");
    expect(await until("the bell", words)).toMatch(
      /^Warning: temp > 30 for 1s: 31\.2 since \d+ s$/,
    );
    expect(await page.locator(`${rowOf("lamp")} .alarm`).isVisible()).toBe(false);
    expect(await device.code(data(freezer, "temp=41"))).toBe("50");
    await until("the graver one", async () =>
      /^Critical: temp > 40 for 1s: 41 since \d+ s, and 1 more$/.test((await words()) || ""),
    );
    expect(await bell.innerText()).toBe("2");
    expect(await bell.getAttribute("title")).toBe(await bell.getAttribute("aria-label"));
    // On a phone, too, with all badges of the pages.
    const small = await dashboard.open("#/", phone);
    await small.locator(`${rowOf("freezer")} .alarm`).waitFor();
    await until(
      "both badges",
      async () => (await small.locator("nav .badge:visible").count()) === 2,
    );
    expect(await small.evaluate("document.documentElement.scrollWidth")).toBe(390);
    await small.close();
    // By keys: to the row, its name, the bell, and to the device.
    await page.locator(".grid").focus();
    for (const key of ["ArrowDown", "ArrowRight", "ArrowRight"]) await page.keyboard.press(key);
    expect(await page.evaluate("document.activeElement.className")).toBe("alarm");
    await page.keyboard.press("Enter");
    await untilText(page, ".device-alerts", "Firing");
    await page.goto(`${dashboard.origin}/#/`);
    await until("the bell again", words);
    // Only those with an alert, as long as they have one.
    const names = () => page.locator(".rows .row:not([hidden]) .name").allInnerTexts();
    const filter = page.getByRole("button", { name: "With an alert" });
    await filter.click();
    await until("one row", async () => (await names()).join() === "freezer");
    expect(await filter.getAttribute("aria-pressed")).toBe("true");
    expect(page.url()).toContain("alerts=firing");
    expect(await device.code(data(lamp, "temp=35"))).toBe("50");
    await until("two rows", async () => (await names()).join() === "freezer,lamp");
    expect(await device.code(data(lamp, "temp=20"))).toBe("50");
    await until("one row again", async () => (await names()).join() === "freezer");
    expect(await device.code(data(freezer, "temp=20"))).toBe("50");
    await untilText(page, ".empty", "There are no devices with an alert.");
    await page.getByRole("button", { name: "Show all devices" }).click();
    await untilText(page, ".rows", "lamp");
    await filter.waitFor({ state: "hidden" });
    await bell.waitFor({ state: "hidden" });
    // A row without one goes on to what is behind the name.
    await page.locator(".grid").focus();
    for (const key of ["Home", "ArrowRight", "ArrowRight"]) await page.keyboard.press(key);
    expect(await page.evaluate("document.activeElement.className")).toBe("name");
    expect(dashboard.complaints).toEqual([]);
  },
);

browserTest(
  "what operators and receivers write is shown as text; a failing test says why",
  async () => {
    const markup = "<img src=x onerror=window.isRun=1>";
    using hook = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: () => new Response(markup, { status: 404 }),
    });
    await using dashboard = await Dashboard.start();
    const page = await dashboard.open("#/alerts");
    await page.fill("#to-name", "chat");
    await page.fill("#to-url", `http://127.0.0.1:${hook.port}/?token=secret`);
    await page.selectOption("#to-format", "json");
    await page.click(".alert-destinations button[type=submit]");
    await untilText(page, ".alert-destinations", "?***");
    await page.click('button[aria-label="Test chat"]');
    await untilText(page, ".alert-destinations .alert-result", `Not delivered: 404 ${markup}`);
    expect(await page.evaluate("window.isRun")).toBeUndefined();
    expect(await page.content()).not.toContain("secret");
    expect(dashboard.complaints).toEqual([]);
  },
);
