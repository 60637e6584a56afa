// Whole ranges as CSV and NDJSON: escaping, formulas, order, limits, and pages that together give the whole list.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { csvHeader, csvLine, jsonLine } from "../../lib/web/exports/report-lines.ts";
import { reportStream } from "../../lib/web/exports/report-stream.ts";
import { reportOf, reportsOf } from "./fake-ports.ts";
import { newDevice, type RunningTestServer, runServer } from "./running-server.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const sample = reportOf(7, "a", Date.UTC(2026, 10, 22, 9, 15, 6), '=1,"2"');

test("a line of CSV", () => {
  const waited = { ...sample, at: sample.received - 50_000 };
  expect(csvLine(waited)).toBe(
    `7,a,1,2026-11-22T09:15:06.000Z,01,"'=1,""2""",2026-11-22T09:14:16.000Z\r\n`,
  );
  expect(JSON.parse(jsonLine(waited))).toEqual({
    ...waited,
    received: "2026-11-22T09:15:06.000Z",
    at: "2026-11-22T09:14:16.000Z",
  });
});

describe("a stream", () => {
  const source = reportsOf(
    Array.from({ length: 2_500 }, (_, i) => reportOf(i + 1, "a", i, `${i}`)),
  );
  const scan = () => source.scan("a", { low: 1, high: 9_999 }, "oldest");

  test("has every report once, after a header, and reports its end", async () => {
    let ended = 0;
    const text = await reportStream(scan(), "csv", 1e9, () => ended++).text();
    const lines = text.split("\r\n");
    expect([lines[0], lines.length, lines.at(-1)]).toEqual([csvHeader.trim(), 2_502, ""]);
    expect(ended).toBe(1);
  });

  test("ends at its limit", async () => {
    const text = await reportStream(scan(), "ndjson", 1_001, () => {}).text();
    const rows = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { sequence: number });
    expect(rows.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 1_001 }, (_, i) => i + 1),
    );
  });

  test("of an empty range is a header in CSV, and empty in NDJSON", async () => {
    const none = () => source.scan("nobody", { low: 1, high: 9_999 }, "oldest");
    expect(await reportStream(none(), "csv", 10, () => {}).text()).toBe(csvHeader);
    expect(await reportStream(none(), "ndjson", 10, () => {}).text()).toBe("");
  });

  test("ends when the database cannot be read", async () => {
    let ended = 0;
    const broken = {
      done: false,
      next() {
        throw new Error("disk I/O error");
      },
    };
    const { body } = reportStream(broken, "csv", 10, () => ended++);
    const whole = new Response(body).text().then(String, (error: Error) => error.message);
    expect(await whole).toBe("disk I/O error");
    expect(ended).toBe(1);
  });

  test("reads no further than its reader does, and ends when the reader cancels", async () => {
    let ended = 0;
    let taken = 0;
    const inner = scan();
    const counted = {
      next: (limit: number) => {
        const rows = inner.next(Math.min(limit, 10));
        taken += rows.length;
        return rows;
      },
      get done() {
        return inner.done;
      },
    };
    const reader = reportStream(counted, "ndjson", 1e9, () => ended++).body?.getReader();
    await reader?.read();
    expect(taken).toBeLessThanOrEqual(30);
    await reader?.cancel();
    expect(ended).toBe(1);
  });
});

describe("pages of reports", () => {
  let server: RunningTestServer;

  beforeAll(async () => {
    server = await runServer();
    for (const number of [1, 2]) {
      const device = await newDevice(server, `d${number}`, number);
      await device.register();
      await device.login();
      for (let i = 0; i < 25; i++) await device.report(`${number}-${i}`);
      device.close();
    }
  });
  afterAll(() => server[Symbol.asyncDispose]());

  type Page = { readonly reports: { readonly message: string }[]; readonly next: string | null };

  async function messages(path: string): Promise<string[]> {
    const found: string[] = [];
    for (let cursor = ""; ;) {
      const page: Page = await server.read(`${path}${cursor === "" ? "" : `&cursor=${cursor}`}`);
      found.push(...page.reports.map(({ message }) => message));
      if (page.next === null) return found;
      cursor = page.next;
    }
  }

  const own = Array.from({ length: 25 }, (_, i) => `1-${i}`);

  test("of a device, in both orders, give all its reports", async () => {
    expect(await messages("/api/v1/devices/d1/reports?limit=7&order=oldest")).toEqual(own);
    expect(await messages("/api/v1/devices/d1/reports?limit=7")).toEqual(own.toReversed());
    expect(await messages("/api/v1/devices/d1/reports?limit=25&order=oldest")).toEqual(own);
  });

  test("of all devices give all reports", async () => {
    expect(await messages("/api/v1/reports?limit=9&order=oldest")).toHaveLength(50);
  });

  test("of a range in the past or the future are empty", async () => {
    expect(await messages("/api/v1/reports?to=2020-01-01T00:00:00Z")).toEqual([]);
    expect(await messages("/api/v1/reports?from=2100-01-01T00:00:00Z")).toEqual([]);
  });

  test("an export has the same reports", async () => {
    const { headers, body } = await server.ask("/api/v1/devices/d1/reports?format=ndjson", {
      headers: server.login,
    });
    expect(headers.get("content-disposition")).toBe('attachment; filename="reports.ndjson"');
    const rows = (body as string)
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { message: string });
    expect(rows.map(({ message }) => message)).toEqual(own);
  });

  test("of a device's sessions give all sessions", async () => {
    const device = await newDevice(server, "d1", 1);
    for (let i = 0; i < 4; i++) await device.login();
    device.close();
    type Sessions = {
      readonly sessions: { readonly ended: string | null; reason: string | null }[];
      next: string | null;
    };
    const first: Sessions = await server.read("/api/v1/devices/d1/sessions?limit=3");
    const second: Sessions = await server.read(
      `/api/v1/devices/d1/sessions?limit=3&cursor=${first.next}`,
    );
    expect([first.sessions.length, second.sessions.length, second.next]).toEqual([3, 2, null]);
    expect(first.sessions[0]).toMatchObject({ ended: null, reason: null });
    expect(second.sessions.every(({ reason }) => reason === "replaced")).toBe(true);
  });
});
