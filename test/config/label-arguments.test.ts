// The arguments of `iot-server label` and --select: what they mean, and what is refused.

import { expect, setDefaultTimeout, test } from "bun:test";
import { readServerConfig } from "../../lib/config/server.ts";
import { OperatingError } from "../../lib/operating-error.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const read = (line: string | readonly string[]) =>
  readServerConfig(typeof line === "string" ? line.split(" ") : line, {}, 0);

function refusal(line: string): string {
  try {
    read(line);
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    expect(error).toMatchObject({ code: "usage", exit: 2 });
    expect(error.nextStep).not.toBe("");
    return error.message;
  }
  throw new Error(`nothing is wrong with ${line}`);
}

test("label: ids first, then changes; or a selector", () => {
  const place = { db: "iot_server.db" };
  const off = { json: false, yes: false, sharedIp: false };
  expect(read(["label", "a", "b", "name=Cold room", "x-"])).toMatchObject({
    ...place,
    ...off,
    command: "label",
    ids: ["a", "b"],
    select: null,
    changes: [
      { key: "name", value: "Cold room" },
      { key: "x", value: null },
    ],
  });
  expect(read("label area=Kitchen --select !area,id=th-* --yes --json")).toMatchObject({
    ids: [],
    select: { text: "!area,id=th-*" },
    yes: true,
    json: true,
  });
  expect(read("devices --select=area=Kitchen|Cellar")).toMatchObject({
    command: "devices",
    select: { text: "area=Kitchen|Cellar" },
  });
  const table = [
    ["label", "No device is named."],
    ["label x=1", "No device is named."],
    ["label th- x=1", "No device is named."],
    ["label a", "No change is given."],
    ["label a --select area", "Devices are named, and --select is given."],
    ["label a x=1 b", `"b" is wrong at position 2, where = is expected.`],
    ["label a X=1", `"X=1" is wrong at position 1, where one of a-z 0-9 . _ - is expected.`],
    ["label a x=1 x-", "x is changed twice."],
    ["label a/b x=1", `"a/b" is not a device id.`],
    ["devices --select area=", ""],
    ["devices --select =", `--select "=" is wrong at position 1, where a key is expected.`],
  ] as const;
  for (const [line, words] of table) {
    if (words === "") expect(read(line)).toMatchObject({ select: { text: "area=" } });
    else expect(refusal(line)).toBe(words);
  }
});
