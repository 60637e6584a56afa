// The progress of a long task as a person sees it: a bar on a terminal, elsewhere a line at every tenth.

import { expect, setDefaultTimeout, test } from "bun:test";
import { showProgress } from "../../lib/cli/progress.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

function shown(total: number, terminal: { isTTY?: boolean; columns?: number }): string[] {
  const written: string[] = [];
  const show = showProgress("Hashing", { ...terminal, write: (text) => written.push(text) });
  for (let done = 0; done <= total; done++) show(done, total);
  return written;
}

test("without a terminal: a line at every tenth, no control characters", () => {
  const lines = shown(1000, {});
  expect(lines).toHaveLength(10);
  expect(lines[0]).toBe("Hashing: 10% (100 of 1000)\n");
  expect(lines[9]).toBe("Hashing: 100% (1000 of 1000)\n");
  expect(shown(3, {})).toEqual([
    "Hashing: 30% (1 of 3)\n",
    "Hashing: 60% (2 of 3)\n",
    "Hashing: 100% (3 of 3)\n",
  ]);
});

test("on a terminal: one line that is redrawn, at most once per percent, and ended", () => {
  const texts = shown(100_000, { isTTY: true, columns: 80 });
  expect(texts).toHaveLength(101);
  expect(texts.every((text) => text.startsWith("\rHashing ["))).toBe(true);
  expect(texts[50]).toBe(
    `\rHashing [${"#".repeat(20)}${".".repeat(20)}] 50% (50000 of 100000)\u001b[K`,
  );
  expect(texts.filter((text) => text.endsWith("\n"))).toEqual([texts[100] as string]);
});

test.each([20, 30, 40, 80, 200])("it fits in %d columns", (columns) => {
  for (const text of shown(9, { isTTY: true, columns })) {
    const [line] = text.replace("\r", "").split("\u001b[K") as [string];
    if (columns >= 30) expect(line.length).toBeLessThan(columns);
    expect(line).not.toContain("[]");
  }
});

test("no work shows no progress", () => {
  expect(shown(0, {})).toEqual([]);
  expect(shown(0, { isTTY: true })).toEqual([]);
});
