// Of several servers of a store one bridges: when it begins and ends, and how it is told.

import { expect, setDefaultTimeout, test } from "bun:test";
import { BridgeDriver } from "../../lib/mqtt/bridge-driver.ts";
import { Feed } from "../../lib/server/feed.ts";
import type { ReportRow } from "../../lib/server/rows.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { BridgeBench, reportRow, settled } from "./bridge-bench.ts";

setDefaultTimeout(testTimeoutMs);

function driven() {
  const bench = new BridgeBench({}, ["pi1"]);
  const feed = new Feed();
  const foreign: ReportRow[] = [];
  const says = { leads: true as boolean | Error, look: Promise.resolve() };
  const driver = new BridgeDriver({
    bridge: bench.bridge,
    broker: bench.broker.name,
    roster: bench.roster,
    feed,
    elsewhere: {
      reportsOfOthers: () => ({
        next: async () => {
          await says.look;
          return { reports: foreign.splice(0), more: false };
        },
      }),
    },
    leads: () => {
      if (says.leads instanceof Error) throw says.leads;
      return says.leads;
    },
    uptimeMs: () => bench.now,
  });
  const ask = async () => {
    await driver.askWhoLeads();
    await settled();
  };
  return { bench, feed, says, driver, ask, foreign };
}

test("a server that does not lead neither connects nor makes facts of reports", async () => {
  const { bench, feed, says, driver, ask } = driven();
  says.leads = false;
  await ask();
  expect(bench.broker.links).toHaveLength(0);
  expect(feed.wantsReports).toBe(false);
  expect(driver.state).toMatchObject({ state: "standby", broker: "mqtt://broker", error: null });
  says.leads = true;
  await ask();
  expect(driver.state.state).toBe("connected");
  expect(feed.wantsReports).toBe(true);
  says.leads = false;
  await ask();
  // It takes leave, so that its will is not published, and leaves the devices as they are.
  expect(bench.broker.link.isClosed).toBe(true);
  expect(bench.broker.kept.get("iot/bridge/state")).toBe("online");
  expect([feed.wantsReports, driver.state.state]).toEqual([false, "standby"]);
});

test("when it is not known for 10 s who leads, it bridges no more", async () => {
  const { bench, says, driver, ask } = driven();
  await ask();
  says.leads = new Error("away");
  bench.now += 9_000;
  await ask();
  expect(driver.state.state).toBe("connected");
  bench.now += 1_000;
  await ask();
  expect(driver.state.state).toBe("standby");
  says.leads = true;
  await ask();
  expect(driver.state.state).toBe("connected");
});

test("it is told why there is no connection", async () => {
  const { bench, driver, ask } = driven();
  bench.broker.opens = false;
  await ask();
  expect(driver.state).toMatchObject({ state: "connecting", error: null });
  bench.broker.link.end({ kind: "refused", why: "Not authorized" });
  bench.now += 500;
  expect(driver.state).toMatchObject({ state: "refused", error: "Not authorized", seconds: 1 });
  await bench.pass(2_000);
  expect(driver.state.state).toBe("refused");
  bench.broker.link.end({ kind: "down", why: "away" });
  expect(driver.state).toMatchObject({ state: "down", error: "away" });
});

test("reports of other servers are told like its own, while it leads", async () => {
  const { bench, says, driver, ask, foreign } = driven();
  await ask();
  await bench.pass(3_000);
  foreign.push(reportRow("pi1", 5, "t=5"));
  await driver.pollOthers();
  await bench.pass(100);
  expect(bench.broker.kept.get("iot/pi1/state")).toContain("t=5");
  expect(bench.broker.payloads("iot/pi1/report")).toHaveLength(1);
  says.leads = false;
  await ask();
  foreign.push(reportRow("pi1", 6, "t=6"));
  await driver.pollOthers();
  expect(foreign).toHaveLength(1);
});

test("it begins once it follows the reports of other servers: none comes between what it reads and what it is told", async () => {
  const { bench, says, driver, ask } = driven();
  const look = Promise.withResolvers<void>();
  says.look = look.promise;
  const asked = ask();
  await settled();
  expect(bench.broker.links).toHaveLength(0);
  look.resolve();
  await asked;
  expect(bench.broker.links).toHaveLength(1);
  expect(driver.state.state).toBe("connected");
});

test("one that is closed while it begins does not begin", async () => {
  const { bench, says, driver, ask } = driven();
  const look = Promise.withResolvers<void>();
  says.look = look.promise;
  const asked = ask();
  await settled();
  await driver.close();
  look.resolve();
  await asked;
  expect(bench.broker.links).toHaveLength(0);
});

test("its end is told by whoever bridged, and nothing begins after it", async () => {
  const { bench, driver, ask } = driven();
  await ask();
  await driver.close();
  expect(bench.broker.kept.get("iot/bridge/state")).toBe("offline");
  await ask();
  expect(bench.broker.links).toHaveLength(1);
});
