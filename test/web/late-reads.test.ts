// The web side over a store whose reads answer later: it says the same as over one that answers at once.

import { expect, setDefaultTimeout, test } from "bun:test";
import { testTimeoutMs } from "../e2e/polling.ts";
import { lateReads } from "./late-reads.ts";
import { ServedFleet } from "./served-fleet.ts";

setDefaultTimeout(testTimeoutMs);

/** Devices that report numbers in all forms, were removed, left, never came, or have many sessions. */
function newFleet(devices = 140): ServedFleet {
  const fleet = new ServedFleet();
  const ids = Array.from({ length: devices }, (_, i) => `d${i}`);
  for (const [i, id] of ids.entries()) {
    fleet.register(id);
    if (i % 7 !== 3) fleet.login(id);
  }
  for (let i = 0; i < 700; i++) {
    const busy = i % 3 === 0 ? "d0" : `d${(i * 31) % devices}`;
    const message = ["", "hum=40 mode=on ", '{"n":', "a\x1f"][i % 4] ?? "";
    fleet.report(busy, message === '{"n":' ? `${message}${i}}` : `${message}temp=${i % 50}`);
  }
  for (let i = 0; i < 5; i++) fleet.login("d1");
  for (const id of ["d2", "d5", "d8"]) fleet.logoff(id);
  for (const id of ["d9", "d11"]) fleet.remove(id);
  fleet.enter("d11");
  const results: unknown[] = [];
  fleet.bench.question("d0", "01", results as never[]);
  fleet.bench.turn();
  return fleet;
}

const paths: readonly string[] = [
  "/api/v1/devices",
  "/api/v1/devices?limit=1000&sort=-lastSeen",
  "/api/v1/devices?limit=37&sort=-id",
  "/api/v1/devices?presence=online&q=D1",
  "/api/v1/devices?presence=never&limit=5",
  "/api/v1/devices/d0",
  "/api/v1/devices/d2",
  "/api/v1/devices/d11",
  "/api/v1/devices/d9",
  "/api/v1/devices/d1/sessions?limit=3",
  "/api/v1/devices/d9/sessions",
  "/api/v1/devices/d0/questions",
  "/api/v1/devices/d9/questions",
  "/api/v1/devices/d0/reports?limit=50",
  "/api/v1/devices/d9/reports",
  "/api/v1/reports?order=oldest&limit=333",
  "/api/v1/devices/d0/reports?format=csv",
  "/api/v1/reports?format=ndjson&from=60m",
  "/api/v1/devices/d0/fields",
  "/api/v1/devices/d9/fields",
  "/api/v1/devices/d0/series?field=temp&points=600",
  "/api/v1/devices/d0/series?field=temp&points=20",
  "/api/v1/devices/d0/series?field=n&points=3&from=5m",
  "/api/v1/devices/d9/series?field=n",
  "/api/v1/devices/d0/chart?field=temp&field=hum&field=n&state=mode&points=20",
  "/api/v1/devices/d0/chart?field=hum&state=mode&state=value&points=600",
  "/metrics",
  "/api/v1/status",
];

/** What is not of the process itself. */
function comparable(text: string): string {
  return text.replace(/"memoryBytes":\d+/, "").replace(/iot_resident_memory_bytes \d+/, "");
}

test.each([1, 2, 3, 4])(
  "gives the same bodies as one that answers at once (seed %d)",
  async (seed) => {
    const fleet = newFleet();
    await using prompt = fleet.serve(fleet.reads);
    await using late = fleet.serve(lateReads(fleet.reads, seed, undefined, 9));
    const wanted: string[] = [];
    for (const path of paths) wanted.push(comparable((await prompt.get(path)).text));
    expect(wanted.filter((text) => text.includes('"unknown-device"'))).toHaveLength(6);
    // All at once, so that the reads of one request come between those of others.
    const found = await Promise.all(paths.map((path) => late.get(path)));
    for (const [i, path] of paths.entries()) {
      expect([path, comparable(found[i]?.text ?? "")]).toEqual([path, wanted[i] as string]);
    }
  },
);

test.each(["/devices?limit=20", "/devices/d0/reports?limit=30", "/reports?limit=99&order=oldest"])(
  "gives the same pages, one after the other: %s",
  async (path) => {
    const fleet = newFleet();
    await using prompt = fleet.serve(fleet.reads);
    await using late = fleet.serve(lateReads(fleet.reads, 7));
    for (let cursor = ""; ;) {
      const wanted = await prompt.get(`/api/v1${path}${cursor}`);
      expect(await late.get(`/api/v1${path}${cursor}`)).toEqual(wanted);
      const { next } = JSON.parse(wanted.text) as { next: string | null };
      if (next === null) break;
      cursor = `&cursor=${next}`;
    }
  },
);
