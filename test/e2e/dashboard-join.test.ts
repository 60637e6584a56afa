// "Add a device" in the dashboard: the door is opened for a while with the time that is left, and a join token's command, as text and
// as QR code, lets a real client in with its labels.

import { expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { ClientProcess } from "./client-process.ts";
import { browserTest, Dashboard, phone, untilText } from "./dashboard-browser.ts";
import { newIdentity, register } from "./datagrams.ts";
import { testTimeoutMs } from "./polling.ts";
import { clientBinary, freePort, run } from "./server-process.ts";

setDefaultTimeout(testTimeoutMs);

/** Presses the button below the first steps, or above the list. */
async function openDialog(page: Page, place = ".first") {
  await page.locator(`${place} .add-device`).click();
  return page.getByRole("dialog", { name: "Add a device" });
}

/** The arguments of the command of a dialog, for a machine that reaches the server as this one does. */
function argumentsIn(line: string, id: string, port: number): string[] {
  const [, args = ""] = /iot-client (.+)$/.exec(line) ?? [];
  const all = args.replace("NAME", id).replace(/--server [^:]+:/, "--server 127.0.0.1:");
  return [...all.split(" "), "--port", String(port)];
}

browserTest("the door is opened for a while, and closed", async () => {
  await using dashboard = await Dashboard.start(["--join", "closed"]);
  const page = await dashboard.open();
  const dialog = await openDialog(page);
  await untilText(page, ".join-policy", "New devices are refused");
  expect(await dialog.locator(".join-command code").isVisible()).toBe(false);
  expect(await dialog.locator(".second-device").isVisible()).toBe(false);
  await dialog.getByLabel("Labels they get, if any").first().fill("area");
  await dialog.getByRole("button", { name: "Open for 5 min" }).click();
  await untilText(page, "#window-trouble", "“area” is no label");
  await dialog.getByLabel("Labels they get, if any").first().fill("area=Hall");
  await dialog.getByRole("button", { name: "Open for 5 min" }).click();
  await untilText(page, ".window-open", /for (5 min 0 s|4 min 5\d s), with area=Hall/);
  await untilText(page, ".door-notice", /(4 min 5[0-8]|4 min [0-4]?\d) s, with area=Hall/);
  const line = await dialog.locator(".join-command code").innerText();
  const { folder } = dashboard;
  const args = argumentsIn(line, "pi1", await freePort());
  await using agent = new ClientProcess(folder.path, args, { IOT_PASSWORD: "secret" });
  await agent.says("70 logged in");
  await page.keyboard.press("Escape");
  await untilText(page, "#row-0", /pi1[\s\S]*Hall/);
  await page.locator(".door-notice").getByRole("button", { name: "Close the door" }).click();
  await page.locator(".door-notice").waitFor({ state: "hidden" });
  expect(await dashboard.device.code(register(newIdentity()))).toBe("31");
  expect(dashboard.complaints).toEqual([]);
});

browserTest("a token made on the page lets a client in once, with its labels", async () => {
  await using dashboard = await Dashboard.start(["--join", "closed"]);
  const page = await dashboard.open("#/", phone);
  const dialog = await openDialog(page);
  await dialog.getByLabel("Labels they get, if any").last().fill("area=Kitchen, floor=2");
  await dialog.getByLabel("Note").fill("<b>cellar</b>");
  await dialog.getByLabel("Only for ids").fill("th/*");
  await dialog.getByRole("button", { name: "Make a token" }).click();
  await untilText(page, "#token-trouble", "ids must be as th-*|pi1.");
  await dialog.getByLabel("Only for ids").fill("th-*");
  await dialog.getByRole("button", { name: "Make a token" }).click();
  const line = await dialog.locator(".ready code").innerText();
  expect(line).toMatch(
    /^IOT_JOIN=join-[0-9a-z]{26} iot-client run --id NAME --server [^:]+:\d+ --server-key SHA256:\S{43}$/,
  );
  await untilText(page, ".tokens li", /1 · <b>cellar<\/b>\s+1 left of 1 · ends in (1 d|23 h)/);
  await untilText(page, ".tokens li", "ids th-* · area=Kitchen · floor=2");
  const token = /join-[0-9a-z]+/.exec(line)?.[0] ?? "";
  const { folder } = dashboard;
  const args = argumentsIn(line, "th-1", await freePort());
  await using agent = new ClientProcess(folder.path, args, { IOT_JOIN: token });
  await agent.says("70 logged in");
  await untilText(page, ".join", "1 is used up, expired or revoked.");
  const again = argumentsIn(line, "th-2", await freePort()).map((arg) =>
    arg === "run" ? "register" : arg,
  );
  const env = { IOT_JOIN: token };
  expect((await run(clientBinary, again, folder.path, { env })).code).toBe(1);
  // Another one is made, and revoked.
  expect(await dialog.locator(".second-device").isVisible()).toBe(true);
  await dialog.getByRole("button", { name: "Another token" }).click();
  expect(await page.evaluate("document.activeElement.id")).toBe("token-uses");
  await dialog.getByRole("button", { name: "Make a token" }).click();
  await dialog.getByRole("button", { name: "Revoke token 2" }).click();
  await untilText(page, ".join", "2 are used up, expired or revoked.");
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
  await dialog.getByRole("button", { name: "Close", exact: true }).click();
  await untilText(page, "#row-0", /th-1[\s\S]*Kitchen/);
  await (await openDialog(page, ".tools")).getByRole("button", { name: "Close" }).click();
  // Once the dialog is closed the page has the token nowhere.
  expect(await page.content()).not.toContain(token);
  expect(dashboard.complaints).toEqual([expect.stringContaining("400")]);
});

browserTest("who only reads is asked to log in, then it is done", async () => {
  await using dashboard = await Dashboard.start(["--join", "closed", "--http-public-read"]);
  const page = await dashboard.openAsStranger();
  const dialog = await openDialog(page);
  await dialog.getByLabel("Note").fill("by keys");
  await page.keyboard.press("Enter");
  const login = page.getByRole("dialog", { name: "Log in" });
  await login.waitFor();
  // The dialog that is on top goes first, and nothing is made.
  await page.keyboard.press("Escape");
  await login.waitFor({ state: "detached" });
  expect(await dialog.locator(".ready").count()).toBe(0);
  await dialog.getByLabel("Note").focus();
  await page.keyboard.press("Enter");
  await login.getByLabel("Admin token").fill(dashboard.token);
  await page.keyboard.press("Enter");
  await untilText(page, ".tokens li", "by keys");
  await dialog.getByRole("button", { name: "Open for 30 min" }).focus();
  await page.keyboard.press("Enter");
  await untilText(page, ".window-open", /for (30 min 0|29 min 5\d) s/);
  // The focus is where the pressed button was.
  await page.keyboard.press("Enter");
  await dialog.getByRole("button", { name: "Open for 30 min" }).waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  expect(await page.evaluate("document.activeElement.className")).toBe("add-device");
  expect(dashboard.complaints).toEqual([]);
});

browserTest("a second device on one machine gets a port and a MAC of its own", async () => {
  await using dashboard = await Dashboard.start(["--shared-ip"]);
  const page = await dashboard.open();
  const dialog = await openDialog(page);
  const { folder } = dashboard;
  const env = { IOT_PASSWORD: "secret" };
  const command = dialog.locator(".join-command code");
  const first = argumentsIn(await command.innerText(), "th-1", await freePort());
  await using one = new ClientProcess(folder.path, first, env);
  await one.says("70 logged in");
  await dialog.getByLabel("Its machine runs another device already").check();
  const line = await command.innerText();
  expect(line).toMatch(/ --port 2\d{4} --mac 02(:[0-9a-f]{2}){5}$/);
  const second = argumentsIn(line, "th-2", await freePort());
  // The port of the line may be taken here.
  const at = second.indexOf("--port");
  await using two = new ClientProcess(folder.path, second.toSpliced(at, 2), env);
  await two.says("70 logged in");
  await dialog.getByRole("button", { name: "Make a token" }).click();
  const ready = dialog.locator(".ready code");
  expect(await ready.innerText()).toEndWith(line);
  await dialog.getByLabel("Its machine runs another device already").uncheck();
  expect(await ready.innerText()).not.toContain("--mac");
  expect(dashboard.complaints).toEqual([]);
});

if (Bun.which("zbarimg") === null) {
  test("skipped: the QR code needs zbarimg (apt-get install zbar-tools)", () => {
    expect(process.env["CI"], "CI must have it").not.toBe("true");
  });
} else {
  browserTest("the QR code is the command, in both themes", async () => {
    await using dashboard = await Dashboard.start(["--join", "open"]);
    for (const colorScheme of ["light", "dark"] as const) {
      const page = await dashboard.open("#/", { ...phone, colorScheme });
      const dialog = await openDialog(page);
      await untilText(page, ".join-policy", "Every device that asks may register");
      await dialog.getByRole("button", { name: "Make a token" }).click();
      const line = await dialog.locator(".ready code").innerText();
      const qr = dialog.getByRole("img", { name: "QR code of this command" });
      // Seen as a camera sees it, with what is around it.
      await qr.scrollIntoViewIfNeeded();
      const image = dashboard.folder.join(`${colorScheme}.png`);
      writeFileSync(image, await page.screenshot());
      const read = await run("zbarimg", ["--quiet", "--raw", image], dashboard.folder.path);
      expect(read).toMatchObject({ code: 0, stdout: `${line}\n` });
    }
    expect(dashboard.complaints).toEqual([]);
  });
}
