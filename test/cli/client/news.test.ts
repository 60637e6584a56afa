// News: shown at a readable rate; the rest is counted.

import { expect, setDefaultTimeout, test } from "bun:test";
import { News } from "../../../lib/cli/client/news.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

test("a flood is shown 20 times a second, and what was left out is counted", () => {
  let now = 0;
  const lines: string[] = [];
  const news = new News(
    () => now,
    (line) => lines.push(line),
  );
  for (let i = 0; i < 1_000; i++) news.tell(`* ${i}`);
  expect(lines).toHaveLength(20);
  now = 1_000;
  news.tell("* next");
  expect(lines.slice(20)).toEqual(["* and 980 more, not shown", "* next"]);
});
