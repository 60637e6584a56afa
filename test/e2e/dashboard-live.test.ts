// The dashboard follows events: devices come, report, go and are queried, and an open page shows it without a reload.

import { expect, setDefaultTimeout } from "bun:test";
import { browserTest, Dashboard, rowOf, untilLive, untilText } from "./dashboard-browser.ts";
import { addressedData, data, login, logoff, newIdentity, register } from "./datagrams.ts";
import { until } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { testTimeoutMs } from "./polling.ts";

setDefaultTimeout(testTimeoutMs);

browserTest("an empty fleet says how the first device comes in, and it then shows up", async () => {
  await using dashboard = await Dashboard.start();
  const page = await dashboard.open();
  await untilText(page, ".first code", `./iot-client register --id sensor-1`);
  await untilText(page, ".first code", `127.0.0.1:${dashboard.server.port}`);
  expect(await page.locator(".first code").count()).toBe(2);

  const identity = newIdentity();
  expect(await dashboard.device.code(register(identity))).toBe("00");
  await untilText(page, rowOf(identity.id), "Never logged in");
  await untilText(page, '.tile[data-kind="never"]', "1");
  await page.goto(`${dashboard.origin}/#/devices/${identity.id}`);
  await untilText(page, ".first code", `./iot-client run --id ${identity.id}`);
  expect(await dashboard.device.code(login(identity))).toBe("70");
  await page.locator(".columns").waitFor();
  expect(await page.locator(".first").count()).toBe(0);
  await untilText(page, ".badge", "1");
  expect(dashboard.complaints).toEqual([]);
});

browserTest(
  "the first steps show the port for devices if the dashboard has another one",
  async () => {
    await using dashboard = await Dashboard.start(["--http", "127.0.0.1:0"]);
    const page = await dashboard.open();
    await untilText(page, ".first code", `--server 127.0.0.1:${dashboard.server.port}`);
    expect(new URL(page.url()).port).not.toBe(String(dashboard.server.port));
  },
);

browserTest(
  "the fleet shows a login, a report, a logoff and a silence without a reload",
  async () => {
    await using dashboard = await Dashboard.start(["--shared-ip", "--offline-after", "3s"]);
    const { device } = dashboard;
    const [leaving, silent] = [newIdentity(), newIdentity()];
    for (const identity of [leaving, silent]) await device.code(register(identity));
    const page = await dashboard.open();
    await untilText(page, rowOf(leaving.id), "Never logged in");
    await untilLive(page);
    await page.evaluate("window.isTheSame = true");

    expect(await device.code(login(leaving))).toBe("70");
    await untilText(page, rowOf(leaving.id), "Online");
    await untilText(page, rowOf(leaving.id), "Plain text");
    expect(await device.code(data(leaving, "temperature=21.5"))).toBe("50");
    await untilText(page, rowOf(leaving.id), "temperature=21.5");
    expect(await device.code(logoff(leaving))).toBe("80");
    await untilText(page, rowOf(leaving.id), "Logged off");
    expect(await page.locator(rowOf(leaving.id)).innerText()).not.toContain("Plain text");

    expect(await device.code(login(silent))).toBe("70");
    await untilText(page, rowOf(silent.id), "Online");
    await untilText(page, rowOf(silent.id), "Went silent");
    await untilText(page, '.tile[data-kind="silent"]', "1");
    await untilText(page, '.tile[data-kind="left"]', "1");
    expect(await page.evaluate("window.isTheSame")).toBe(true);

    // Who fell silent is one press away, and those that logged off are not among them.
    const rows = page.locator(".rows .row:not([hidden]) .name");
    await page.locator('.tile[data-kind="silent"]').click();
    await until(
      "only the silent one",
      async () => (await rows.allInnerTexts()).join() === silent.id,
    );
    await page.locator('.tile[data-kind="silent"]').click();
    await until("both", async () => (await rows.count()) === 2);
    await page.goto(`${dashboard.origin}/#/devices/${silent.id}`);
    await untilText(page, ".why", "Its last packet came");
    expect(dashboard.complaints).toEqual([]);
  },
);

browserTest("the list is searched, filtered and sorted, and the URL keeps that", async () => {
  await using dashboard = await Dashboard.start();
  const { device } = dashboard;
  const identities = ["roof-1", "roof-2", "cellar-1"].map((id) => newIdentity({ id }));
  for (const identity of identities) await device.code(register(identity));
  expect(await device.code(login(identities[1] as (typeof identities)[number]))).toBe("70");
  const page = await dashboard.open();
  const names = () => page.locator(".rows .row:not([hidden]) .name").allInnerTexts();
  const untilNames = (...wanted: string[]) =>
    until(
      `the rows ${wanted.join()}`,
      async () => (await names()).toSorted().join() === wanted.join(),
    );

  await untilNames("cellar-1", "roof-1", "roof-2");
  await page.locator("#search").fill("ROOF");
  await untilNames("roof-1", "roof-2");
  await page.locator('.tile[data-kind="online"]').click();
  await untilNames("roof-2");
  await until("the filter in the address", () => page.url().includes("presence=online"));
  await page.reload();
  await untilNames("roof-2");
  expect(await page.locator("#search").inputValue()).toBe("ROOF");
  await page.locator("#search").fill("nobody");
  await untilText(
    page,
    ".place",
    "No devices that are online have “nobody” in their name, id, labels, MAC or IP.",
  );
  await page.getByRole("button", { name: "Show all devices" }).click();
  await untilNames("cellar-1", "roof-1", "roof-2");
  // By ids at first; a press sorts by names, and another one the other way.
  const head = page.getByRole("button", { name: "Device", exact: true });
  await head.click();
  await until("the order in the address", () => page.url().includes("sort=name"));
  await head.click();
  const first = page.locator("#row-0 .name");
  await until("the last name first", async () => (await first.innerText()) === "roof-2");
});

browserTest("a device's numbers are drawn, follow new reports, and can be zoomed", async () => {
  await using dashboard = await Dashboard.start();
  const { device } = dashboard;
  const identity = newIdentity();
  await device.code(register(identity));
  await device.code(login(identity));
  for (const number of [20, 22.5, 21]) {
    await device.code(data(identity, `temperature=${number} humidity=48`));
  }
  const page = await dashboard.open(`#/devices/${identity.id}`);
  await untilText(page, '.field[data-field="temperature"]', "21");
  await untilText(page, ".figures", "22.5");
  // The device has just begun to report; in the range of a day its chart would be a dot at the edge.
  expect(await page.locator('.segments [aria-pressed="true"]').innerText()).toBe("10m");
  await until("pixels on the chart", () => page.evaluate(inkOf));
  await untilText(page, ".reports td", "temperature=22.5 humidity=48");

  expect(await device.code(data(identity, "temperature=30 humidity=50"))).toBe("50");
  await untilText(page, ".reports td", "temperature=30 humidity=50");
  await untilText(page, ".figures", "30");
  await page.locator('.field[data-field="humidity"]').click();
  await untilText(page, ".figures", "50");
  await page.getByRole("button", { name: "Show the last hour" }).click();
  await until("the range of the export", async () =>
    (await page.locator(".exports a").first().getAttribute("href"))?.includes("from=60m"),
  );
  await page.getByRole("button", { name: "Zoom in" }).click();
  await until(
    "no preset",
    async () => (await page.locator('.segments [aria-pressed="true"]').count()) === 0,
  );
  expect(dashboard.complaints).toEqual([]);
});

browserTest("a device is asked after a login, and its answer shown", async () => {
  await using dashboard = await Dashboard.start(["--shared-ip", "--http-public-read"]);
  const { device, server } = dashboard;
  using own = await RawDevice.open(server.port);
  const identity = newIdentity({ ip: "127.0.0.1", port: own.port });
  await device.code(register(identity));
  await device.code(login(identity));
  const page = await dashboard.openAsStranger(`#/devices/${identity.id}`);
  await page.getByRole("button", { name: "Ask", exact: true }).click();
  await page.locator("#login-token").fill("wrong");
  await page.keyboard.press("Enter");
  await untilText(page, "#login-trouble", /not the admin token/);
  await page.locator("#login-token").fill(dashboard.token);
  await page.keyboard.press("Enter");

  const [verb, code, asker, , , , target] = (await own.next("a QUERY")).split("\t");
  expect([verb, code, asker, target]).toEqual(["QUERY", "01", "server", identity.id]);
  own.send(addressedData(identity, "<b>the roof</b> is dry"));
  await untilText(page, ".answers", "<b>the roof</b> is dry");
  await untilText(page, ".asked", identity.id);
  expect(await page.locator(".answers b").count()).toBe(0);

  expect(await device.code(logoff(identity))).toBe("80");
  await untilText(page, ".standing", "Logged off");
  await page.getByRole("button", { name: "Ask", exact: true }).click();
  await untilText(page, ".asking", "not logged in");
});

browserTest("earlier questions and answers are shown on demand", async () => {
  await using dashboard = await Dashboard.start();
  using own = await RawDevice.open(dashboard.server.port);
  const identity = newIdentity({ ip: "127.0.0.1", port: own.port });
  await dashboard.device.code(register(identity));
  await dashboard.device.code(login(identity));
  const headers = {
    authorization: `Bearer ${dashboard.token}`,
    "content-type": "application/json",
  };
  const path = `${dashboard.origin}/api/v1/devices/${identity.id}/query`;
  for (let i = 0; i < 7; i++) {
    const asked = fetch(path, { method: "POST", headers, body: `{"target":"q${i}"}` });
    // Before it comes the ACK of the answer before.
    while (!(await own.next("a QUERY")).endsWith(`\tq${i}`));
    own.send(addressedData(identity, `answer ${i}`));
    expect((await asked).status).toBe(200);
  }
  const page = await dashboard.open(`#/devices/${identity.id}`);
  const answers = () => page.locator(".answers .text").allInnerTexts();
  const down = (count: number) => Array.from({ length: count }, (_, i) => `answer ${6 - i}`);
  await until("the latest answers", async () => (await answers()).join() === down(5).join());
  const more = page.locator(".asking").getByRole("button", { name: "Show more" });
  await more.click();
  await until("all answers", async () => (await answers()).join() === down(7).join());
  expect(await more.isVisible()).toBe(false);
  expect(dashboard.complaints).toEqual([]);
});

browserTest(
  "a device is deregistered after a login and a question, and not by a Cancel",
  async () => {
    await using dashboard = await Dashboard.start(["--shared-ip", "--http-public-read"]);
    const identity = newIdentity();
    await dashboard.device.code(register(identity));
    const page = await dashboard.openAsStranger(`#/devices/${identity.id}`);
    await page.getByRole("button", { name: "Deregister…" }).click();
    await page.locator("#login-token").fill(dashboard.token);
    await page.keyboard.press("Enter");
    await untilText(page, "dialog.removal", `Deregister ${identity.id}?`);
    // The focus is on Cancel: an Enter too many does no harm.
    await page.keyboard.press("Enter");
    await page.locator("dialog").waitFor({ state: "detached" });
    expect(await dashboard.device.code(register(identity))).toBe("01");

    await page.getByRole("button", { name: "Deregister…" }).click();
    await page.getByRole("button", { name: "Deregister", exact: true }).click();
    await untilText(page, ".first h2", "No devices yet");
    expect(await dashboard.device.code(register(identity))).toBe("00");
    expect(dashboard.complaints).toEqual([]);
  },
);

/** Whether the chart shows a curve: pixels of the accent colour, which axes and grid do not use. */
const inkOf = `(() => {
  const canvas = document.querySelector(".plot canvas");
  if (canvas === null) return false;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let ink = 0;
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 2] - data[i] > 100 && data[i + 3] > 100) ink++;
  }
  return ink > 30;
})()`;

browserTest(
  "a page that only listens uses its login, and asks for a new one if it has ended",
  async () => {
    await using dashboard = await Dashboard.start();
    const page = await dashboard.open();
    await untilLive(page);
    const asked = page.waitForResponse(/\/api\/v1\/session$/);
    const halfAnHourLater = () =>
      page.evaluate(
        "{ const now = performance.now.bind(performance); performance.now = () => now() + 30.1 * 60_000; }",
      );
    await halfAnHourLater();
    expect(await (await asked).json()).toMatchObject({ loggedIn: true });
    await untilLive(page);

    await page.context().clearCookies();
    await halfAnHourLater();
    await page.locator("#login-token").waitFor();
    // Whatever the page asks for in this moment is refused, which the browser notes.
    expect(dashboard.complaints.filter((one) => !one.includes("401"))).toEqual([]);
  },
);
