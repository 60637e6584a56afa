// Reports that waited for the server, as a chart, a range and an export show them: where they were measured.

import { expect, setDefaultTimeout, test } from "bun:test";
import { encodeTimeMs } from "../../lib/protocol/time.ts";
import { newDevice, runServer } from "./running-server.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const zoneMs = 8 * 3_600_000;

test("56 reports that waited 50 s are 56 points of a chart and not one vertical line", async () => {
  await using server = await runServer();
  const device = await newDevice(server, "asmith");
  expect(await device.register()).toBe("00");
  expect(await device.login()).toBe("70");
  const now = Date.now();
  // The device's clock is eight hours behind.
  const timeOf = (ms: number) => encodeTimeMs(ms - zoneMs);
  expect(await device.exchange("STATUS", "01", "asmith", timeOf(now), "9", "heartbeat")).toBe("40");
  const measured = Array.from({ length: 56 }, (_, i) => now - 56_000 + i * 1_000);
  for (const [i, ms] of measured.entries()) {
    const code = await device.exchange("DATA", "01", "asmith", timeOf(ms), "4", `n=${10 + i}`);
    expect(code).toBe("50");
  }
  type Series = { reports: number; times: number[]; mean: number[] };
  const path = "/api/v1/devices/asmith";
  const { reports, times, mean } = await server.read<Series>(`${path}/series?field=n&from=5m`);
  expect(reports).toBe(56);
  expect(mean).toEqual(measured.map((_, i) => 10 + i));
  // The wall clock has whole milliseconds, the monotonic clock has not.
  for (const [i, ms] of times.entries()) {
    expect(Math.abs(ms - (times[0] ?? 0) - i * 1_000)).toBeLessThanOrEqual(1);
  }
  // The STATUS took a moment to arrive, and so much later all of them seem to be measured.
  const delay = (times[0] ?? 0) - (measured[0] ?? 0);
  expect(delay).toBeGreaterThanOrEqual(0);
  expect(delay).toBeLessThan(30_000);

  type Report = { at: string; received: string; message: string };
  const since = times[40] ?? 0;
  const late = await server.read<{ reports: Report[] }>(`${path}/reports?from=${since}`);
  expect(late.reports.map(({ message }) => message)).toEqual(
    Array.from({ length: 16 }, (_, i) => `n=${65 - i}`),
  );
  for (const { at, received } of late.reports) expect(at < received).toBe(true);
  const csv = await server.read<string>(`${path}/reports?format=csv&to=${since - 1}`);
  expect(
    csv
      .trimEnd()
      .split("\r\n")
      .slice(1)
      .map((line) => Date.parse(line.split(",").at(-1) ?? "")),
  ).toEqual(times.slice(0, 40));
  device.close();
});
