// Commands in the dashboard: one is given on a device's page, waits while the device sleeps, and its result comes by itself; another
// is cancelled; the fleet says that one waits.

import { expect, setDefaultTimeout } from "bun:test";
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
