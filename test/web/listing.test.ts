// The list of devices over HTTP: sorted by a value of the last reports, narrowed to those not heard for a while, where a device
// that is gone was heard last, and the whole list as CSV.

import { expect, setDefaultTimeout, test } from "bun:test";
import { readCsv } from "../../lib/csv.ts";
import type { AvailabilitiesJson, DeviceJson, DevicesJson } from "../../lib/web/api/shapes.ts";
import { DeviceLines, type ListPage } from "../../lib/web/exports/device-lines.ts";
import { textStream } from "../../lib/web/exports/text-stream.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { ServedFleet } from "./served-fleet.ts";

setDefaultTimeout(testTimeoutMs);

const idsOf = ({ devices }: DevicesJson) => devices.map(({ id }) => id).join("");

test("a list is sorted by a field of the last reports, also of devices that are gone", async () => {
  const fleet = new ServedFleet();
  for (const id of ["a", "b", "c", "d", "e"]) fleet.enter(id);
  fleet.report("a", "temp=9.5°C hum=40");
  fleet.report("b", "temp=-3 hum=60");
  fleet.report("c", '{"temp":101}');
  fleet.report("d", "no number");
  fleet.logoff("a");
  await using web = fleet.serve(fleet.reads);
  const list = (more: string) => web.read<DevicesJson>(`/api/v1/devices?${more}`);
  expect(idsOf(await list("sort=value&field=temp"))).toBe("bacde");
  expect(idsOf(await list("sort=-value&field=temp"))).toBe("cabed");
  const first = await list("sort=-value&field=hum&limit=2");
  expect([idsOf(first), first.total]).toEqual(["ba", 5]);
  expect(idsOf(await list(`sort=-value&field=hum&limit=2&cursor=${first.next}`))).toBe("ed");
  // What is remembered of a device is not older than its last report.
  fleet.report("b", "temp=500");
  fleet.login("a");
  fleet.report("a", "temp=-9");
  expect(idsOf(await list("sort=value&field=temp"))).toBe("acbde");
});

test("a list has those that were not heard for a while, and where they were heard last", async () => {
  const fleet = new ServedFleet();
  for (const id of ["a", "b", "c"]) fleet.enter(id);
  fleet.register("never");
  fleet.logoff("b");
  fleet.bench.wait(7_200_001);
  fleet.beat("c");
  await using web = fleet.serve(fleet.reads);
  const list = await web.read<DevicesJson>("/api/v1/devices?unheard=2h");
  expect(idsOf(list)).toBe("ab");
  expect(list.total).toBe(2);
  const [, gone] = list.devices;
  expect(gone).toMatchObject({ presence: "offline", reason: "logoff" });
  expect(gone?.source).toEqual({ ip: expect.stringMatching(/^10\.1\.0\./), port: 1994 });
  const all = await web.read<DevicesJson>("/api/v1/devices?q=never");
  expect(all.devices[0]).toMatchObject({ source: null });
});

/** The rows of an export, each as an object by the names of the columns. */
function rowsOf(text: string): Record<string, string>[] {
  const [head, ...rows] = [...readCsv([text].values(), ",")];
  const names = head?.fields.map(({ value }) => value) ?? [];
  return rows.map(({ fields }) =>
    Object.fromEntries(names.map((name, i) => [name, fields[i]?.value ?? ""])),
  );
}

test("the list as CSV has what the list has, and a column for each label and field", async () => {
  const fleet = new ServedFleet();
  for (const id of ["a", "b", "c"]) fleet.enter(id);
  fleet.report("a", "temp=9.5°C door=open");
  fleet.report("b", '{"temp":-3,"cell":{"v":4}}');
  fleet.report("c", "=cmd()");
  fleet.logoff("c");
  fleet.label("a", { area: "Kitchen", note: "+1-2" });
  await using web = fleet.serve(fleet.reads);
  const { text } = await web.get("/api/v1/devices?format=csv&sort=-id");
  const rows = rowsOf(text);
  expect(rows.map(({ id }) => id)).toEqual(["c", "b", "a"]);
  expect(rows[2]).toMatchObject({
    area: "Kitchen",
    "label.note": "'+1-2",
    "field.temp": "9.5",
    "field.door": "open",
    "field.cell.v": "",
  });
  expect(rows[1]).toMatchObject({ "field.temp": "-3", "field.cell.v": "4", presence: "online" });
  expect(rows[0]).toMatchObject({ message: "'=cmd()", presence: "offline", reason: "logoff" });
  const narrow = await web.get("/api/v1/devices?format=csv&presence=online&limit=1");
  expect(rowsOf(narrow.text).map(({ id }) => id)).toEqual(["a"]);
  expect((await web.get("/api/v1/devices?format=csv&select=!")).status).toBe(400);
});

test("the list as CSV goes across pages, twice the same way", async () => {
  const ids = Array.from({ length: 23 }, (_, i) => `d${i}`);
  const page: ListPage = async (after, limit) => {
    const begin = after === null ? 0 : ids.indexOf(after.id) + 1;
    const some = ids.slice(begin, begin + Math.min(limit, 5));
    const devices = some.map(
      (id) => ({ id, labels: { [`k${id}`]: id }, lastReport: null }) as unknown as DeviceJson,
    );
    const last = some.at(-1) ?? "";
    return { devices, next: last === ids.at(-1) ? null : { id: last, rank: null } };
  };
  const textOf = async (limit: number) => {
    const lines = new DeviceLines(page, { cursor: null, limit });
    await lines.begin();
    return textStream(lines, "text/csv", "devices.csv", () => {}).text();
  };
  const rows = rowsOf(await textOf(1e9));
  expect(rows.map(({ id }) => id)).toEqual(ids);
  expect(rows[22]).toMatchObject({ "label.kd22": "d22", "label.kd0": "" });
  expect(rowsOf(await textOf(7)).map(({ id }) => id)).toEqual(ids.slice(0, 7));
});

test("the availability of devices is told in the list and of each, also with many sessions", async () => {
  const fleet = new ServedFleet();
  for (const id of ["steady", "restless"]) fleet.enter(id);
  fleet.register("never");
  const hours = (count: number) => fleet.bench.wait(count * 3_600_000);
  for (let hour = 0; hour < 12; hour++) {
    fleet.logoff("restless");
    hours(0.5);
    fleet.login("restless");
    hours(0.5);
  }
  await using web = fleet.serve(fleet.reads);
  const { devices } = await web.read<DevicesJson>("/api/v1/devices?availability=24h");
  const shares = Object.fromEntries(devices.map((one) => [one.id, one.availability?.share]));
  expect(shares["steady"]).toBe(1);
  expect(shares["never"]).toBe(0);
  expect(shares["restless"]).toBeCloseTo(0.5, 2);
  const restless = devices.find(({ id }) => id === "restless")?.availability?.parts ?? [];
  expect(restless.slice(0, 23)).toEqual(Array.from({ length: 23 }, () => null));
  expect(restless.slice(-4).map((one) => Math.round(one ?? -1))).toEqual([0, 1, 0, 1]);
  const own = await web.read<AvailabilitiesJson>("/api/v1/devices/restless/availability");
  expect(own.day.parts).toEqual(restless);
  expect([own.month.parts.length, own.month.share]).toEqual([60, own.day.share]);
  const plain = await web.read<DevicesJson>("/api/v1/devices");
  expect(plain.devices[0]?.availability).toBeNull();
  // Of more sessions than are read, what is before them is not known.
  for (let i = 0; i < 60; i++) {
    fleet.logoff("restless");
    fleet.login("restless");
  }
  hours(0.25);
  const late = await web.read<DevicesJson>("/api/v1/devices?availability=24h&q=restless");
  expect(late.devices[0]?.availability?.parts.filter((one) => one !== null)).toEqual([1]);
});
