// Alerts in a browser: the first one by its form, seen firing and told, muted, over; a wrong rule; text of operators is text.

import { expect, setDefaultTimeout } from "bun:test";
import { browserTest, Dashboard, untilText } from "./dashboard-browser.ts";
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
