// The list of devices over HTTP: sorted by a value of the last reports, narrowed to those not heard for a while, and where a device
// that is gone was heard last.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { DevicesJson } from "../../lib/web/api/shapes.ts";
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
