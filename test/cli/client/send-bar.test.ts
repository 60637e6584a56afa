// The bar of a large send as a person sees it: count, rate, what is to do; refused lines above it, one line at the end.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { Outcome } from "../../../lib/client/outcome.ts";
import { verdictOf } from "../../../lib/client/outcome.ts";
import { SendBar } from "../../../lib/cli/client/send-bar.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { TerminalScreen } from "../../e2e/terminal-screen.ts";

setDefaultTimeout(testTimeoutMs);

const piped = { waiting: 500, isAll: false, share: null };

function barOf(columns = 80) {
  const clock = { ms: 0, now: () => clock.ms };
  const screen = new TerminalScreen(columns);
  let draws = 0;
  const stream = {
    isTTY: true,
    columns,
    write(text: string) {
      draws++;
      screen.write(text.replaceAll("\n", "\r\n"));
    },
  };
  const words = { id: "a", server: { ip: "192.0.2.1", port: 9000 }, sealed: true };
  const bar = new SendBar(stream, clock, words);
  let line = 0;
  const end = (count: number, code = "50") => {
    const outcome: Outcome = { kind: "ack", code, reason: "", repeated: false };
    const verdict = verdictOf("DATA", outcome);
    for (let i = 0; i < count; i++) bar.ended({ line: ++line, time: "", outcome, verdict });
  };
  const shown = () => screen.lines.filter((text) => text !== "");
  return { bar, clock, end, shown, draws: () => draws };
}

test("a pipe: what is stored, how fast, what waits, and a block that moves", () => {
  const { bar, clock, end, shown } = barOf();
  const lines = [0, 1, 2].map(() => {
    bar.moved(piped, false);
    end(1_500);
    clock.ms += 1_000;
    return shown();
  });
  expect(lines).toEqual([
    [`Sending [.########${".".repeat(31)}] 0 stored, 500 waiting`],
    [`Sending [..######${".".repeat(24)}] 1,500 stored, 1,500/s, 500 waiting`],
    [`Sending [...######${".".repeat(23)}] 3,000 stored, 1,500/s, 500 waiting`],
  ]);
});

test("a file: the share of it; at the end of any input the share of all lines", () => {
  const { bar, clock, end, shown } = barOf();
  bar.moved({ ...piped, share: 0.25 }, true);
  expect(shown()).toEqual([`Sending [${"#".repeat(10)}${".".repeat(30)}] 0 stored, 25%`]);
  end(500);
  clock.ms += 1_000;
  bar.moved({ ...piped, isAll: true }, true);
  expect(shown()).toEqual([
    `Sending [${"#".repeat(18)}${".".repeat(18)}] 500 stored, 500/s, 500 waiting`,
  ]);
});

test("it is drawn ten times a second at most, but before a wait for input always", () => {
  const { bar, clock, end, draws, shown } = barOf();
  for (let i = 0; i < 1_000; i++) {
    bar.moved(piped, false);
    end(1);
    clock.ms += 1;
  }
  expect(draws()).toBe(10);
  bar.moved({ waiting: 0, isAll: false, share: null }, true);
  expect(shown().at(-1)).toContain("1,000 stored, 1,000/s, 0 waiting");
});

test("refused and skipped lines are above the bar, advice once, and the end is one line", () => {
  const { bar, clock, end, shown } = barOf();
  bar.moved(piped, false);
  end(1);
  end(2, "51");
  bar.skipped(4, "it is not UTF-8");
  clock.ms = 2_000;
  end(3);
  const above = [
    "line 2: 51 data refused: not logged in",
    "  Log in first. A session belongs to the key of the device that logged in.",
    "line 3: 51 data refused: not logged in",
    "line 4 is not sent: it is not UTF-8",
  ];
  expect(shown().slice(0, -1)).toEqual(above);
  bar.close();
  expect(shown()).toEqual([...above, "4 stored in 2.0 s, 2/s; 3 refused or not sent"]);
});

test("silence is said in the bar when it lasts, and forgotten with the next answer", () => {
  const { bar, clock, end, shown } = barOf();
  bar.moved(piped, false);
  const before = shown();
  bar.unanswered(2, 250);
  expect(shown()).toEqual(before);
  clock.ms = 4_000;
  bar.unanswered(9, 4_000);
  expect(shown()).toHaveLength(1);
  expect(shown()[0]).toEndWith("0 stored, no answer for 4 s, 500 waiting");
  end(18);
  bar.moved(piped, true);
  expect(shown()[0]).toEndWith("18 stored, 4.5/s, 500 waiting");
});

test.each([20, 40, 60, 80, 200])("it leaves room for a ^C in %d columns", (columns) => {
  const { bar, clock, end, shown } = barOf(columns);
  for (let i = 0; i < 20; i++) {
    bar.moved(piped, false);
    end(1_234);
    clock.ms += 500;
    expect(shown()).toHaveLength(1);
    expect(shown()[0]?.length).toBeLessThanOrEqual(columns - 3);
    if (columns >= 40) expect(shown()[0]).toContain("[");
  }
  bar.close();
  expect(shown().join("")).toBe("24,680 stored in 9.5 s, 2,598/s");
});

test("without a line there is nothing to say", () => {
  const { bar, shown } = barOf();
  bar.close();
  expect(shown()).toEqual([]);
});
