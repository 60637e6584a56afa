// The output and the exit codes of `iot-server status` and `health`.

import { expect, setDefaultTimeout, test } from "bun:test";
import { printHealth, printStatus } from "../../../lib/cli/server/status-lines.ts";
import { type Health, healthOf } from "../../../lib/server/health.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const well = { loss: null, isStoring: true, damage: null };

function told(health: Health | null, json = false): [number, ...string[]] {
  const lines: string[] = [];
  const code = printHealth({ json, db: "x.db" }, health, (line) => void lines.push(line));
  return [code, ...lines];
}

test("health is ok, or says why not, and only who serves no devices has another exit code", () => {
  expect(told(healthOf(well))).toEqual([0, "ok"]);
  const damaged = healthOf({ ...well, damage: "row 3 missing" });
  expect(told(damaged)).toEqual([
    0,
    "damaged: The database is damaged (row 3 missing). See iot-server status.",
  ]);
  const failing = healthOf({ ...well, isStoring: false, damage: "row 3 missing" });
  expect(told(failing)[0]).toBe(1);
  expect(told(failing)[1]).toStartWith("failing: The last batch could not be stored.");
  const away = healthOf({
    loss: { kind: "away", why: "no route" },
    isStoring: false,
    damage: null,
  });
  expect(told(away)).toEqual([1, "away: no route. See iot-server status."]);
  expect(told(away, true)).toEqual([1, '{"status":"away","why":"no route"}']);
  expect(() => told(null)).toThrow(
    expect.objectContaining({ code: "server-not-running", exit: 3, message: expect.anything() }),
  );
});

const status = {
  port: 9000,
  health: healthOf(well),
  version: "1.2.3",
  node: "",
  uptimeSeconds: 7_300,
  devices: { registered: 3, online: 2, silent: 1 },
  rates: { datagramsPerSecond: 12.5, reportsPerSecond: 3, dropsPerSecond: 0 },
  latency: { commit: { p50: 1, p99: 2.5 }, request: { p50: 0.5, p99: 3 } },
  database: { bytes: 12_300_000, walBytes: 100_000, reports: 77 },
  memoryBytes: 2_500_000_000,
  warnings: [{ text: "1 of 2 devices\u001b speaks text" }],
};

test("one report is no reports", () => {
  const lines: string[] = [];
  const one = { ...status, database: { ...status.database, reports: 1 } };
  printStatus({ json: false }, one, (line) => void lines.push(line));
  expect(lines).toContainEqual(expect.stringContaining("  data       1 report, "));
});

test("status has a line a subject, and its JSON is what the server told", () => {
  const lines: string[] = [];
  expect(printStatus({ json: false }, status, (line) => void lines.push(line))).toBe(0);
  expect(lines).toEqual([
    "iot-server 1.2.3 has served UDP 9000 for 2 h.",
    "  health     ok",
    "  devices    3 registered, 2 online, 1 silent",
    "  traffic    12.5 datagrams/s, 3 reports/s",
    "  latency    requests p50 0.5 ms, p99 3 ms; commits p50 1 ms, p99 2.5 ms",
    "  data       77 reports, 12.4 MB",
    "  memory     2.5 GB",
    "  warning    1 of 2 devices\\x1b speaks text",
  ]);
  const json: string[] = [];
  printStatus({ json: true }, status, (line) => void json.push(line));
  expect(json.map((line): unknown => JSON.parse(line))).toEqual([status]);
});
