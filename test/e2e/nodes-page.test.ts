// The dashboard of one of several nodes in a browser: which nodes there are, and a device that another one hears.

import { expect, setDefaultTimeout } from "bun:test";
import { postgresServer, superuser } from "../postgres-server.ts";
import { browserTest, Dashboard, phone, rowOf, untilLive, untilText } from "./dashboard-browser.ts";
import { data, login, newIdentity, register } from "./datagrams.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { startServer } from "./server-process.ts";

setDefaultTimeout(testTimeoutMs);

browserTest("the pages of a node show all nodes, and a device that another one hears", async () => {
  const postgres = await postgresServer();
  const url = `postgres://${superuser}@127.0.0.1:${postgres.port}/${await postgres.newDatabase()}`;
  const args = (name: string) => ["--store", url, "--node", name, "--log-dir", `log-${name}`];
  await using dashboard = await Dashboard.start(args("hall"));
  const page = await dashboard.open("#/server");
  await untilLive(page);
  // Alone it has nothing to list.
  await untilText(page, ".scope", "This node, hall");
  expect(await page.locator(".nodes").isVisible()).toBeFalse();

  await using yard = await startServer({ folder: dashboard.folder.path, args: args("yard") });
  await untilText(page, ".nodes tr", /hall\s*this one/);
  await untilText(page, ".nodes tr", /^yard\s+(now|\d s ago)/);
  using far = await RawDevice.open(yard.port);
  const device = newIdentity({ ip: "127.0.0.1" });
  for (const text of [register(device), login(device), data(device, "21.5")]) await far.code(text);
  await page.goto(`${dashboard.origin}/#/`);
  await untilText(page, rowOf(device.id), "21.5");
  await untilText(page, rowOf(device.id), "Plain text");
  await page.locator(rowOf(device.id)).locator("a.name").click();
  await untilText(page, ".facts div", /Talks to\s+yard/);
  await untilText(page, ".facts div", new RegExp(`Sends from\\s+127.0.0.1:${far.port}`));
  await untilText(page, ".sessions", "Still open, at yard");

  const small = await dashboard.open("#/server", phone);
  await yard.stop("SIGKILL");
  await untilText(small, ".nodes tr", /yard\s+gone for 1\d s/);
  await until("no sideways scrolling", () =>
    small.evaluate<boolean>("document.documentElement.scrollWidth <= innerWidth"),
  );
  expect(dashboard.complaints).toEqual([]);
});
