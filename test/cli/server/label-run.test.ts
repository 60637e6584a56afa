// What `iot-server label` asks, changes and prints.

import { expect, setDefaultTimeout, test } from "bun:test";
import { labelDevices, type LabelPort } from "../../../lib/cli/server/label-run.ts";
import { selectValue } from "../../../lib/config/label-arguments.ts";
import { OperatingError } from "../../../lib/operating-error.ts";
import type { LabelResult } from "../../../lib/server/operator.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const labels = new Map([
  ["name", "Cold room"],
  ["area", "Kitchen"],
]);
const resultOf: Readonly<Record<string, LabelResult>> = {
  same: { kind: "unchanged", labels: new Map() },
  gone: { kind: "unknown" },
  full: { kind: "too-many" },
  broken: { kind: "storage-failed" },
};

/** Runs the command; what it printed, whom it asked, and the sizes of its groups. */
async function run(
  ids: readonly string[],
  given: { select?: string; yes?: boolean; json?: boolean; answer?: boolean } = {},
) {
  const { select = null, yes = false, json = false, answer } = given;
  const seen = {
    out: [] as string[],
    err: [] as string[],
    asked: [] as string[],
    groups: [] as number[],
  };
  const port: LabelPort = {
    label: async (some) => {
      seen.groups.push(some.length);
      return some.map((id) => resultOf[id] ?? { kind: "labelled", labels });
    },
    confirm:
      answer === undefined
        ? null
        : async (question) => {
            seen.asked.push(question);
            return answer;
          },
    write: (line) => void seen.out.push(line),
    onRefused: (words) => void seen.err.push(words),
  };
  const changes = [{ key: "area", value: "Kitchen" }];
  const asked = { changes, select: selectValue(select), yes, json };
  try {
    return { ...seen, code: await labelDevices(ids, asked, port), error: null };
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    return { ...seen, code: null, error };
  }
}

test("one device: its labels, or why not", async () => {
  expect(await run(["th-01"])).toMatchObject({
    out: ["th-01: area=Kitchen,name=Cold room"],
    err: [],
    code: 0,
  });
  expect(await run(["same"])).toMatchObject({ out: ["same: no labels"], code: 0 });
  expect(await run(["gone"])).toMatchObject({
    out: [],
    err: ["gone: is not registered; see iot-server devices"],
    code: 1,
  });
});

test("several: a count at the end, and each that was refused", async () => {
  const { out, err, code } = await run(["th-01", "same", "gone", "full", "broken"]);
  expect(out.at(-1)).toBe("1 labelled, 1 unchanged, 3 refused.");
  expect(err.map((line) => line.split(":")[0])).toEqual(["gone", "full", "broken"]);
  expect(code).toBe(1);
});

test("JSON has a line for each device and nothing else", async () => {
  const { out, err } = await run(["th-01", "gone"], { json: true });
  expect(out.map((line) => JSON.parse(line) as unknown)).toEqual([
    { id: "th-01", result: "labelled", labels: { area: "Kitchen", name: "Cold room" } },
    { id: "gone", result: "unknown", labels: null },
  ]);
  expect(err).toEqual([]);
});

test("selected ones are changed after a yes, 500 at a time", async () => {
  const ids = Array.from({ length: 1_203 }, (_, i) => `th-${i}`);
  const agreed = await run(ids, { select: "id=th-*", answer: true });
  expect(agreed.asked).toEqual([
    "This concerns 1203 devices: th-0, th-1, th-2, th-3, th-4, … Go on? [y/N] ",
  ]);
  expect(agreed.asked[0]?.length).toBeLessThanOrEqual(80);
  expect(agreed).toMatchObject({ groups: [500, 500, 203], code: 0 });
  expect(agreed.out).toEqual(["1203 labelled, 0 unchanged, 0 refused."]);
  const refused = await run(["a"], { select: "id=a", answer: false });
  expect(refused.asked).toEqual(["This concerns 1 device: a. Go on? [y/N] "]);
  expect(refused).toMatchObject({ groups: [], error: { code: "not-confirmed" } });
});

test("where nobody can be asked, --yes is needed", async () => {
  const { error, groups } = await run(["a", "b"], { select: "!area" });
  expect(error).toMatchObject({ code: "not-confirmed", message: "This concerns 2 devices: a, b." });
  expect(error?.nextStep).toContain("--yes");
  expect(groups).toEqual([]);
  expect(await run(["a"], { select: "!area", yes: true })).toMatchObject({ asked: [], code: 0 });
});
