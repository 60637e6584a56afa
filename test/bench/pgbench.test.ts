// The script that pgbench runs: the server's own statement, with numbers and keys that are new each time.

import { expect, setDefaultTimeout, test } from "bun:test";
import { insertNew } from "../../lib/store/postgres/reports/report-insert.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { markedReports, scriptOf } from "./pgbench.ts";

setDefaultTimeout(testTimeoutMs);

test("the script is the text of the server, with variables in place of its parameters", () => {
  const fence = { node: "pgbench", epoch: 7 };
  const rows = [
    { device: "dev000000", session: 3 },
    { device: "dev000001", session: 4 },
  ];
  const statement = insertNew(markedReports(rows, "t=21.50"), fence);
  const values: string[] = [];
  const script = scriptOf(statement, (value) => `p${values.push(value) - 1}`);
  expect(values).toContain("{n00000,n00001}");
  expect(values.some((value) => /^\{"?t[0-9a-f]{10}n"?,"?t[0-9a-f]{10}n"?\}$/.test(value))).toBe(
    true,
  );
  expect(values).toContain("pgbench");
  const asServer = script
    .slice(script.indexOf("INSERT"), script.lastIndexOf(";"))
    .replaceAll(/replace\(replace\((:p\d+), .*? 12, '0'\)\)/g, "$1")
    .replaceAll(/replace\((:p\d+), .*?\)/g, "$1")
    .replaceAll(/:p\d+/g, "?");
  expect(asServer).toBe(statement[0].replaceAll(/\$\d+/g, "?"));
});

test("a mark is where it is told from the random digits before it", () => {
  const rows = Array.from({ length: 200 }, (_, i) => ({ device: `dev${i}`, session: i + 1 }));
  const ends = markedReports(rows, "1").map(({ key }) => key.replace("e".repeat(10), "n"));
  expect(ends.filter((key) => !/^f{12}[0-9a-f]{10}n$/.test(key))).toEqual([]);
});

test("a statement without numbers or keys is refused", () => {
  expect(() => scriptOf(["SELECT $1", ["x"]], () => "p")).toThrow("No numbers or no keys");
});
