// What `iot-server devices`, `reports` and `query` print: aligned columns, no control characters, and JSON for
// programs.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { selectValue } from "../../../lib/config/label-arguments.ts";
import { aligned, rowsLookedAt } from "../../../lib/cli/server/columns.ts";
import { printAnswer, printDevices, printReports } from "../../../lib/cli/server/commands.ts";
import type { ShownDevice } from "../../../lib/cli/server/listing.ts";
import { noLabels } from "../../../lib/server/labels.ts";
import type { ReportRow } from "../../../lib/server/rows.ts";
import { printable } from "../../../lib/cli/server/printable.ts";
import { refusalOf } from "../../store/sqlite/store-fixtures.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

/** 2026-11-22 09:14:06 UTC. */
const now = 1_795_338_846_000;

async function printed(print: (write: (line: string) => void) => unknown): Promise<string[]> {
  const lines: string[] = [];
  await print((line) => void lines.push(line));
  return lines;
}

describe("columns", () => {
  const columns = [
    { heading: "A", widest: 5 },
    { heading: "NAME", widest: 10 },
    { heading: "REST", widest: 3 },
  ];
  const table = (rows: string[][]) => Array.fromAsync(aligned(columns, rows));

  test("are as wide as their content", async () => {
    expect(
      await table([
        ["1", "x", "y"],
        ["22", "a name", "a long rest"],
      ]),
    ).toEqual(["A   NAME    REST", "1   x       y", "22  a name  a long rest"]);
  });

  test("have a maximum width: a longer value shifts its own line only", async () => {
    expect(
      await table([
        ["1234567", "x", "y"],
        ["2", "x", "y"],
      ]),
    ).toEqual(["A      NAME  REST", "1234567  x     y", "2      x     y"]);
  });

  test("are measured in terminal cells, not code units", async () => {
    expect(
      await table([
        ["日本", "x", "y"],
        ["é", "x", "y"],
      ]),
    ).toEqual(["A     NAME  REST", "日本  x     y", "é     x     y"]);
  });

  test("no rows: no heading", async () => expect(await table([])).toEqual([]));

  test("rows beyond those measured are read one by one", async () => {
    const asked = { rows: 0 };
    function* rows(): Generator<string[]> {
      for (;;) yield [`${++asked.rows}`, "x", "y"];
    }
    const lines = aligned(columns, rows());
    for (let i = 0; i <= rowsLookedAt + 5; i++) await lines.next();
    expect(asked.rows).toBe(rowsLookedAt + 5);
  });
});

const device: ShownDevice = {
  id: "dev-1",
  labels: noLabels,
  mac: "aa:bb",
  ip: "10.0.0.1",
  port: 2000,
  registered: now,
  repeats: 3,
  fingerprint: "SHA256:abcdefghij",
  textLocked: true,
  session: {
    started: now,
    lastSeen: now,
    ended: null,
    reason: null,
    node: "",
    session: 1,
    device: "dev-1",
    source: { ip: "10.0.0.1", port: 2000 },
    stated: { ip: "10.0.0.1", port: 2000 },
    everySeconds: null,
    clientKey: new Uint8Array(32),
    clockOffset: null,
  },
};

describe("devices", () => {
  const list = (
    devices: ShownDevice[],
    json = false,
    selected = "",
    isNamed = false,
    room?: number,
  ) => {
    const select = selected === "" ? null : selectValue(selected);
    return printed((write) =>
      printDevices(
        { json, select, isNamed, ...(room === undefined ? {} : { room }) },
        devices,
        true,
        now,
        write,
      ),
    );
  };

  test("with names, and only those that are selected", async () => {
    const labels = new Map([
      ["name", "Cold\u202e room"],
      ["area", "Kitchen"],
    ]);
    const named = { ...device, mac: "aa:bb:cc:dd:ee:ff", labels };
    const gone = { ...device, id: "dev-2", session: null };
    const all = await list([named, gone], false, "", true);
    expect(all).toEqual([
      "DEVICE  NAME             MAC                ADDRESS        TRANSPORT      PRESENCE",
      "dev-1   Cold\\u202e room  aa:bb:cc:dd:ee:ff  10.0.0.1:2000  sealed abcdef  online",
      "dev-2                    aa:bb              10.0.0.1:2000  -              never logged in",
    ]);
    expect(all[1]?.length).toBeLessThanOrEqual(80);
    const kitchen = await list([named, gone], true, "area=Kitchen,presence=online");
    expect(kitchen.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { id: "dev-1", labels: { area: "Kitchen", name: "Cold\u202e room" } },
    ]);
    expect(await list([named, gone], false, "presence=silent")).toEqual([
      "No device is meant by presence=silent.",
    ]);
  });

  test("long ids and IPv6 addresses widen their columns", async () => {
    const id = "d".repeat(64);
    const six = { ...device, id, ip: "2001:db8:1111:2222:3333:4444:5555:6666", session: null };
    const [heading, first, second] = (await list([device, six])) as [string, string, string];
    expect(second).toBe(
      `${id}  aa:bb  [2001:db8:1111:2222:3333:4444:5555:6666]:2000  -              never logged in`,
    );
    expect(first.indexOf("aa:bb")).toBe(heading.indexOf("MAC"));
    expect(first.indexOf("10.0.0.1")).toBe(heading.indexOf("ADDRESS"));
    expect(first).toContain("sealed abcdef  online");
  });

  test("on a narrow terminal the columns are left out that devices ID has, too", async () => {
    const ended = { ...(device.session as NonNullable<typeof device.session>), ended: now };
    const session = { ...ended, reason: "offline" as const };
    const gone = { ...device, id: "greenhouse-12", mac: "aa:bb:cc:dd:ee:ff", session };
    const onlyNarrow = (devices: ShownDevice[], room: number) =>
      list(devices, false, "", false, room);
    const all = await list([device, gone]);
    expect(all[2]?.length).toBeGreaterThan(100);
    expect(await onlyNarrow([device, gone], 200)).toEqual(all);
    const narrow = await onlyNarrow([device, gone], 80);
    expect(narrow[0]).toBe("DEVICE         PRESENCE");
    expect(narrow[1]).toBe("dev-1          online");
    expect(Math.max(...narrow.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(await onlyNarrow([device], 46)).toEqual([
      "DEVICE  ADDRESS        TRANSPORT      PRESENCE",
      "dev-1   10.0.0.1:2000  sealed abcdef  online",
    ]);
  });

  test("JSON has the count of repeated reports", async () => {
    expect(JSON.parse((await list([device], true))[0] ?? "")).toMatchObject({
      id: "dev-1",
      repeats: 3,
    });
  });

  test("short values leave no gaps", async () => {
    expect(await list([{ ...device, fingerprint: null, session: null }])).toEqual([
      "DEVICE  MAC    ADDRESS        TRANSPORT  PRESENCE",
      "dev-1   aa:bb  10.0.0.1:2000  -          never logged in",
    ]);
  });

  test("none: words for a person, nothing for a program", async () => {
    expect(await list([])).toEqual(["No devices are registered yet."]);
    expect(await list([], true)).toEqual([]);
  });

  test("a MAC cannot reverse the direction of its line", async () => {
    const [, line] = (await list([{ ...device, mac: "a\u202eb\u001b[2J" }])) as [string, string];
    expect(line).toContain("a\\u202eb\\x1b[2J");
  });

  test("JSON has every fact, in one line", async () => {
    const [line, ...more] = (await list([device], true)) as [string];
    expect(more).toEqual([]);
    expect(JSON.parse(line)).toMatchObject({ id: "dev-1", online: true, transport: "sealed" });
  });
});

describe("reports", () => {
  const report: ReportRow = {
    sequence: 7,
    device: "dev-1",
    time: "2026-11-22:09:00:00",
    received: now,
    at: now - 50_000,
    code: "01",
    message: "21.5",
  };
  const list = (reports: Iterable<ReportRow>, known = true, json = false) =>
    printed((write) => printReports({ id: "dev-1", json }, known, reports, write));

  test("a table, in the given order", async () => {
    expect(await list([report, { ...report, time: "1", message: "tab\there\nline" }])).toEqual([
      "RECEIVED              DEVICE TIME          CODE  MESSAGE",
      "2026-11-22 09:14:06Z  2026-11-22:09:00:00  01    21.5",
      "2026-11-22 09:14:06Z  1                    01    tab\\x09here\\x0aline",
    ]);
  });

  test("JSON leaves the message unchanged", async () => {
    const [line] = (await list([{ ...report, message: "a\u001b\n" }], true, true)) as [string];
    expect(JSON.parse(line)).toEqual({
      ...report,
      message: "a\u001b\n",
      received: "2026-11-22T09:14:06.000Z",
      at: "2026-11-22T09:13:16.000Z",
    });
    expect(line).not.toContain("\n");
  });

  test("none of a known device, of an unknown one, and those of a deregistered one", async () => {
    expect(await list([])).toEqual(["No reports of dev-1."]);
    expect(await list([], true, true)).toEqual([]);
    expect(await refusalOf(() => list([], false))).toBe("unknown-device");
    expect(await list([report], false)).toHaveLength(2);
  });
});

describe("an answer", () => {
  const ask = (result: Parameters<typeof printAnswer>[1], json = false) => {
    const lines: string[] = [];
    const print = (line: string) => void lines.push(line);
    const code = printAnswer({ id: "dev-1", json }, result, print);
    return [code, ...lines];
  };
  const answer = { kind: "answer", code: "01", time: "1", message: "on\u0007" } as const;

  test("its message, escaped for a person, unchanged in JSON", async () => {
    expect(ask(answer)).toEqual([0, "on\\x07"]);
    expect(ask(answer, true)).toEqual([
      0,
      '{"id":"dev-1","code":"01","time":"1","message":"on\\u0007"}',
    ]);
  });

  test.each([
    ["unknown", 1, "11 unknown device", "No device dev-1 is registered."],
    ["not-logged-in", 1, "12 the device is not logged in", "dev-1 is not logged in"],
    ["no-answer", 3, "14 the device did not answer", "dev-1 is logged in and did not answer."],
    ["busy", 1, "93 busy, try again later", "could not ask dev-1 now."],
  ] as const)("%s", (kind, code, words, told) => {
    const refused = { exit: code, message: expect.stringContaining(told) };
    expect(() => ask({ kind })).toThrow(expect.objectContaining(refused));
    const [exit, line] = ask({ kind }, true) as [number, string];
    expect(exit).toBe(code);
    expect(JSON.parse(line)).toEqual({
      id: "dev-1",
      code: words.slice(0, 2),
      error: words.slice(3),
    });
  });
});

test("printable escapes invisible characters and leaves the rest", async () => {
  expect(printable("plain é 日本 😀")).toBe("plain é 日本 😀");
  expect(printable("\0\t\r\n\u007f\u009b")).toBe("\\x00\\x09\\x0d\\x0a\\x7f\\x9b");
  expect(printable("\u200b\u200e\u202e\u2066\ufeff\u00ad")).toBe(
    "\\u200b\\u200e\\u202e\\u2066\\ufeff\\xad",
  );
});
