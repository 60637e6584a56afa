// The metrics, read by a strict parser written for this test, and by promtool.

import { expect, setDefaultTimeout, test } from "bun:test";
import { type Counters, newCounters } from "../../../lib/server/counters.ts";
import { Exposition } from "../../../lib/web/metrics/exposition.ts";
import { LiveClients } from "../../../lib/web/live/live-clients.ts";
import { metrics } from "../../../lib/web/metrics/metrics.ts";
import { Roster } from "../../../lib/fleet/roster.ts";
import { fakeGauges, fakePorts } from "../fake-ports.ts";
import { newDevice, runServer } from "../running-server.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

type Sample = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};
type Family = { readonly type: string; readonly help: string; readonly samples: Sample[] };

const headForm = /^# (HELP|TYPE) ([a-z][a-z0-9_]*) (.+)$/;
const sampleForm = /^([a-z][a-z0-9_]*)(?:\{(.*)\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;
const labelForm = /([a-z][a-z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;

/** Parses the text format; throws at the first violation. */
function parse(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  if (!text.endsWith("\n")) throw new Error("the last line does not end");
  let current = "";
  let help: string | null = null;
  for (const line of text.slice(0, -1).split("\n")) {
    const [, keyword, name = "", rest = ""] = headForm.exec(line) ?? [];
    if (keyword === "HELP") {
      if (families.has(name)) throw new Error(`${name} comes twice`);
      current = name;
      help = rest;
    } else if (keyword === "TYPE") {
      if (name !== current || help === null) throw new Error(`TYPE of ${name} without HELP`);
      families.set(name, { type: rest, help, samples: [] });
      help = null;
    } else {
      const sample = parseSample(line);
      const family = families.get(current);
      const own = [current, `${current}_bucket`, `${current}_sum`, `${current}_count`];
      if (family === undefined || !own.includes(sample.name))
        throw new Error(`${line} is homeless`);
      family.samples.push(sample);
    }
  }
  for (const [name, family] of families) check(name, family);
  return families;
}

function parseSample(line: string): Sample {
  const [, name, inner = "", value] = sampleForm.exec(line) ?? [];
  if (name === undefined) throw new Error(`no sample: ${line}`);
  const labels: Record<string, string> = {};
  labelForm.lastIndex = 0;
  for (let at = 0; at < inner.length; at = labelForm.lastIndex) {
    labelForm.lastIndex = at;
    const [, key, text] = labelForm.exec(inner) ?? [];
    if (key === undefined || text === undefined || key in labels)
      throw new Error(`labels of ${line}`);
    labels[key] = text;
  }
  return { name, labels, value: Number(value) };
}

function check(name: string, { type, samples }: Family): void {
  const keys = samples.map((sample) => `${sample.name} ${JSON.stringify(sample.labels)}`);
  if (new Set(keys).size !== keys.length) throw new Error(`${name} has a sample twice`);
  switch (type) {
    case "counter":
      if (!name.endsWith("_total")) throw new Error(`${name} is a counter without _total`);
      if (samples.some(({ value }) => value < 0)) throw new Error(`${name} is below 0`);
      return;
    case "gauge":
      if (name.endsWith("_total")) throw new Error(`${name} is no counter`);
      return;
    case "histogram": {
      if (!name.endsWith("_seconds")) throw new Error(`${name} has no unit`);
      const buckets = samples.filter((sample) => sample.name === `${name}_bucket`);
      const bounds = buckets.map(({ labels }) =>
        Number((labels["le"] ?? "").replace("+Inf", "Infinity")),
      );
      const isRising = (row: readonly number[], strictly: boolean) =>
        row.every(
          (value, i) =>
            i === 0 || value > (row[i - 1] as number) || (!strictly && value === row[i - 1]),
        );
      if (bounds.at(-1) !== Number.POSITIVE_INFINITY || !isRising(bounds, true))
        throw new Error(`bounds of ${name}`);
      const counts = buckets.map(({ value }) => value);
      if (!isRising(counts, false)) throw new Error(`${name} is not added up`);
      const total = samples.find((sample) => sample.name === `${name}_count`)?.value;
      if (total !== counts.at(-1)) throw new Error(`${name}_count`);
      return;
    }
    default:
      throw new Error(`${name} is of type ${type}`);
  }
}

async function busyPage(): Promise<string> {
  await using server = await runServer();
  const device = await newDevice(server, "metered");
  await device.register();
  await device.register();
  await device.login();
  await device.beat();
  await device.report("1");
  await device.report("2");
  await device.exchange("STATUS", "01", "nobody", "2026-11-22:09:15:06", "1", "x");
  await device.exchange("garbage");
  device.send("ACK\t00\tmetered\t2026-11-22:09:15:06\tx");
  await device.exchange("QUERY", "01", "metered", "2026-11-22:09:15:06", "metered");
  const headers = { ...server.login, "content-type": "application/json" };
  for (const message of ["on", "off"]) {
    const init = { method: "POST", headers, body: JSON.stringify({ message }) };
    expect((await server.ask("/api/v1/devices/metered/commands", init)).status).toBe(202);
  }
  device.send("DATA\t01\tmetered\t#1\t2\tok");
  await server.ask("/api/v1/commands/1?wait=60s", { headers: server.login });
  device.close();
  return (await server.ask("/metrics")).body as string;
}

test("the page is strictly valid, and counts what was received", async () => {
  const families = parse(await busyPage());
  const datagrams = families.get("iot_datagrams_total")?.samples ?? [];
  const counted = Object.fromEntries(
    datagrams.map(({ labels, value }) => [`${labels["verb"]} ${labels["outcome"]}`, value]),
  );
  expect(counted).toMatchObject({
    "REGISTER registered": 1,
    "REGISTER already_registered": 1,
    "LOGIN logged_in": 1,
    "STATUS status_noted": 1,
    "STATUS no_session": 1,
    "DATA data_stored": 3,
    "QUERY answered": 1,
  });
  expect(datagrams.every(({ labels }) => labels["transport"] === "text")).toBe(true);
  const valueOf = (name: string, label = "") =>
    families
      .get(name)
      ?.samples.find(({ labels }) => label === "" || Object.values(labels).includes(label))?.value;
  expect(valueOf("iot_devices")).toBe(1);
  expect(valueOf("iot_devices_by_presence", "online")).toBe(1);
  expect(valueOf("iot_sessions", "text")).toBe(1);
  expect(valueOf("iot_reports_total", "no")).toBe(2);
  expect(valueOf("iot_database_bytes", "main")).toBeGreaterThan(0);
  expect(valueOf("iot_commands_open")).toBe(1);
  expect(["done", "failed"].map((state) => valueOf("iot_commands_ended_total", state))).toEqual([
    1, 0,
  ]);
  const answered = families.get("iot_command_seconds")?.samples ?? [];
  expect(answered.at(-1)?.value).toBe(1);
  const commits = families.get("iot_commit_duration_seconds")?.samples ?? [];
  expect(commits.at(-1)?.value).toBeGreaterThan(2);
});

test("every counter of the engine is on the page", async () => {
  const names = Object.keys(newCounters()) as (keyof Counters)[];
  const counters = Object.fromEntries(names.map((name, i) => [name, 1_000_003 + i])) as Counters;
  const ports = fakePorts({ gauges: () => fakeGauges({ counters }) });
  const roster = new Roster(ports.devices, ports.presence);
  const page = await metrics(ports, roster, new LiveClients()).text();
  const samples = [...parse(page).values()].flatMap((family) => family.samples);
  for (const name of names) {
    const own = samples.filter(({ value }) => value === counters[name]);
    expect([name, own.length]).toEqual([name, 1]);
  }
  roster.close();
});

test("with several nodes, what is a node's own has its name as a label; the rest is as with one", async () => {
  const pageOf = async (node: string) => {
    const ports = fakePorts({ node, gauges: () => fakeGauges({ sessions: 5, sealedSessions: 2 }) });
    const roster = new Roster(ports.devices, ports.presence);
    const page = await metrics(ports, roster, new LiveClients()).text();
    roster.close();
    return page.replaceAll(/^(iot_resident_memory_bytes\S*) .*$/gm, "$1 1");
  };
  const [one, page] = [await pageOf(""), await pageOf('a"b:9')];
  expect(one).not.toContain("node=");
  const label = String.raw`node="a\"b:9"`;
  expect(page.replaceAll(`,${label}`, "").replaceAll(`{${label}}`, "")).toBe(one);
  const common = [...parse(page)].filter(([, { samples }]) =>
    samples.some(({ labels }) => labels["node"] === undefined),
  );
  expect(common.map(([name]) => name)).toEqual([
    "iot_devices",
    "iot_devices_by_presence",
    "iot_commands_open",
    "iot_database_bytes",
  ]);
  expect(one).toContain('iot_sessions{transport="text"} 3\n');
});

test("no label contains a device id or an address", async () => {
  const page = await busyPage();
  expect(page).not.toContain("metered");
  expect(page).not.toContain("127.0.0.1");
});

if (Bun.which("promtool") === null) {
  test("skipped: promtool needs prometheus (apt-get install prometheus)", () => {
    expect(process.env["CI"], "CI must have it").not.toBe("true");
  });
} else {
  test("promtool finds no fault", async () => {
    const child = Bun.spawn(["promtool", "check", "metrics"], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
    await child.stdin.write(await busyPage());
    await child.stdin.end();
    const said = (await child.stdout.text()) + (await child.stderr.text());
    expect({ code: await child.exited, said }).toEqual({ code: 0, said: "" });
  });
}

test("labels and help are escaped", () => {
  const page = new Exposition();
  page.gauge("iot_odd", "a\\b\nc", [[{ label: 'q"\\\n' }, 1]]);
  expect(page.toString()).toBe(
    '# HELP iot_odd a\\\\b\\nc\n# TYPE iot_odd gauge\niot_odd{label="q\\"\\\\\\n"} 1\n',
  );
  expect(parse(page.toString()).get("iot_odd")?.samples).toHaveLength(1);
});
