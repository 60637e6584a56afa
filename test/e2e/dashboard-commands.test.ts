// Commands in the dashboard: one is given on a device's page, waits while the device sleeps, and its result comes by itself; another
// is cancelled; the fleet says that one waits.

import { expect, setDefaultTimeout } from "bun:test";
import type { CommandJson } from "../../lib/web/api/command-shapes.ts";
import { browserTest, Dashboard, untilLive, untilText } from "./dashboard-browser.ts";
import { data, login, newIdentity, register, status } from "./datagrams.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { hashOf } from "./raw-device.ts";

setDefaultTimeout(testTimeoutMs);

const list = ".commands li";

browserTest(
  "a command waits for its device to wake, and the page tells what becomes of it",
  async () => {
    await using dashboard = await Dashboard.start();
    const { device } = dashboard;
    const identity = newIdentity({ id: "greenhouse" });
    expect(await device.code(register(identity))).toBe("00");
    expect(await device.code(login({ ...identity, port: device.port }))).toBe("70");
    expect(await device.code(status(identity, "every=300"))).toBe("40");
    const page = await dashboard.open("#/devices/greenhouse");
    await untilLive(page);
    const fleet = await dashboard.open();
    await untilLive(fleet);
    const evil = "<b>set</b> relay=on";
    await page.locator("#command-message").fill(evil);
    await page.locator("#command-message").press("Enter");
    await untilText(page, list, evil);
    expect(await page.locator("#command-message").inputValue()).toBe("");
    await untilText(
      page,
      list,
      /sent, waiting for the device to wake, next expected in about \d min/,
    );
    await untilText(fleet, ".rows .row .command-badge", "1 waiting");
    // It slept until now, and heard nothing.
    device.heard.length = 0;
    device.send(login({ ...identity, port: device.port }));
    const sent = await until("the command", () =>
      device.heard.find((text) => text.startsWith("STATUS\t10\tserver\t#1\t")),
    );
    device.send(`ACK\t40\tserver\t2026-11-28:10:00:01\t${hashOf(sent)}`);
    await untilText(page, list, /delivered \d\d:\d\d:\d\d, not answered yet/);
    device.send(data(identity, "relay <i>on</i>", { time: "#1" }));
    await untilText(page, list, "done: relay <i>on</i>");
    await until("the end of the badge", () => fleet.locator(".command-badge").isHidden());
    expect(await page.locator(".commands b, .commands i").count()).toBe(0);
    expect(dashboard.complaints).toEqual([]);
  },
);

browserTest(
  "a command is cancelled, those behind it wait for each other, and a wrong one is told",
  async () => {
    await using dashboard = await Dashboard.start();
    const identity = newIdentity({ id: "gate" });
    expect(await dashboard.device.code(register(identity))).toBe("00");
    expect(await dashboard.device.code(login(identity))).toBe("70");
    const page = await dashboard.open("#/devices/gate");
    await untilLive(page);
    const give = async (message: string) => {
      await page.locator("#command-message").fill(message);
      await page.locator("#command-message").press("Enter");
    };
    await page.locator("#command-ttl").selectOption({ label: "1 week" });
    for (const message of ["open", "close"]) {
      await give(message);
      await untilText(page, list, message);
    }
    await untilText(page, `${list}:first-child`, "waiting for the command before it");
    expect(await page.locator(`${list}:first-child`).getAttribute("title")).toContain(
      "given by the dashboard; kept until",
    );
    await page.getByRole("button", { name: "Cancel open" }).click();
    await untilText(page, `${list}:last-child`, "cancelled");
    await untilText(page, `${list}:first-child`, "waiting for the device to wake");
    expect(await page.locator(`${list} button:visible`).count()).toBe(1);
    // Others see it without a reload; and a device that is gone waits for its login.
    const iot = await fetch(`${dashboard.origin}/api/v1/devices/gate/commands`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${dashboard.token}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ message: "ring" }),
    });
    expect(iot.status).toBe(202);
    await untilText(page, `${list}:first-child`, "ring");
    expect(await page.locator(`${list}:first-child`).getAttribute("title")).toContain("the API");
    await give("ü".repeat(600));
    await untilText(
      page,
      ".commanding .trouble",
      "message has 1200 bytes, and at most 1024 are sent.",
    );
    expect(dashboard.complaints).toEqual([
      "Failed to load resource: the server responded with a status of 400 (Bad Request)",
    ]);
  },
);

browserTest(
  "the devices that are selected get a command, and those that are refused are told",
  async () => {
    await using dashboard = await Dashboard.start();
    for (const id of ["th-1", "th-2", "th-3"]) {
      expect(await dashboard.device.code(register(newIdentity({ id })))).toBe("00");
    }
    const page = await dashboard.open();
    await untilLive(page);
    for (const place of [0, 2]) await page.locator(`#row-${place} .cell.pick`).click();
    await page.getByRole("button", { name: "Command…" }).click();
    await untilText(page, "dialog h2", "Send a command to 2 devices");
    await page.locator("#bulk-command-message").fill("blink\u007f");
    await page.getByRole("button", { name: "Send to 2 devices" }).click();
    await untilText(page, "dialog .trouble", "message contains a control character");
    await page.locator("#bulk-command-message").fill("blink");
    await page.locator("#bulk-command-ttl").selectOption({ label: "1 hour" });
    // One of them is gone meanwhile.
    const headers = { authorization: `Bearer ${dashboard.token}` };
    const gone = `${dashboard.origin}/api/v1/devices/th-3`;
    expect((await fetch(gone, { method: "DELETE", headers })).status).toBe(204);
    await page.getByRole("button", { name: "Send to" }).click();
    await untilText(page, "dialog .trouble", "Queued for 1 device, 1 refused.");
    await untilText(page, "dialog .trouble", "th-3: not there any more");
    await page.getByRole("button", { name: "Close" }).click();
    await untilText(page, "#row-0 .command-badge", "1 waiting");
    expect(await page.locator("#row-1 .command-badge").isVisible()).toBe(false);
    const answer = await fetch(`${dashboard.origin}/api/v1/devices/th-1/commands`, { headers });
    const { commands } = (await answer.json()) as { commands: readonly CommandJson[] };
    const [one] = commands;
    expect(one).toMatchObject({ message: "blink", origin: "dashboard", state: "queued" });
    expect(Date.parse(one?.expires ?? "") - Date.parse(one?.created ?? "")).toBe(3_600_000);
    expect(dashboard.complaints.filter((words) => !words.includes("status of 400"))).toEqual([]);
  },
);

browserTest("sent again because no answer came, a command is queued once", async () => {
  await using dashboard = await Dashboard.start();
  const identity = newIdentity({ id: "gate" });
  expect(await dashboard.device.code(register(identity))).toBe("00");
  expect(await dashboard.device.code(login(identity))).toBe("70");
  const page = await dashboard.open("#/devices/gate");
  await untilLive(page);
  const lost = { times: 1 } as const;
  await page.route(
    "**/devices/gate/commands",
    async (route) => {
      await route.fetch();
      await route.abort();
    },
    lost,
  );
  await page.locator("#command-message").fill("open");
  await page.locator("#command-message").press("Enter");
  await untilText(page, ".commanding .trouble", "The server does not answer.");
  await page.locator("#command-message").press("Enter");
  await until(
    "the empty field",
    async () => (await page.locator("#command-message").inputValue()) === "",
  );
  // The same again is meant when that was queued.
  await page.locator("#command-message").fill("open");
  await page.locator("#command-message").press("Enter");
  await until("two commands", async () => (await page.locator(list).count()) === 2);
  const headers = { authorization: `Bearer ${dashboard.token}` };
  const answer = await fetch(`${dashboard.origin}/api/v1/devices/gate/commands`, { headers });
  expect(((await answer.json()) as { commands: unknown[] }).commands).toHaveLength(2);
  expect(dashboard.complaints).toEqual(["Failed to load resource: net::ERR_FAILED"]);
});
