// What every spool does, as tests that run on each implementation.

import { expect, test } from "bun:test";
import type { SpooledReport, Spool } from "../../lib/client/spool.ts";

/** A report with this number as its msgid. */
export function report(number: number, text = `report ${number}`): SpooledReport {
  return { msgid: 0xfedc_ba98_0000_0000n + BigInt(number), text };
}

/** The texts of reports. */
export function textsOf(reports: readonly SpooledReport[]): string[] {
  return reports.map(({ text }) => text);
}

/**
 * Defines the tests.
 * @param open makes an empty spool
 * @param settle waits for what the spool does later
 */
export function testSpool(
  name: string,
  open: (reportsMax: number) => Spool,
  pause: () => Promise<void>,
): void {
  /** Runs the steps twice: at once, and with a pause after each in which the spool may write. */
  const both = (what: string, run: (spool: Spool, step: () => Promise<void>) => Promise<void>) =>
    test.each(["at once", "with pauses"])(`${name}: ${what}, %s`, async (how) => {
      const spool = open(3);
      await run(spool, how === "at once" ? () => Promise.resolve() : pause);
      spool.close();
    });

  both("reports come back in order, with their bytes and msgids", async (spool, step) => {
    const odd = "DATA\t21 °C \u0000 😀";
    for (const one of [report(1, odd), report(2)]) spool.push(one);
    await step();
    expect(spool.take(1)).toEqual([expect.objectContaining(report(1, odd))]);
    expect(spool.take(5).map(({ msgid, text }) => ({ msgid, text }))).toEqual([
      report(1, odd),
      report(2),
    ]);
    expect(spool.length).toBe(2);
  });

  both("what is settled is gone; what is not stays, in its place", async (spool, step) => {
    for (let n = 1; n <= 3; n++) spool.push(report(n));
    await step();
    const [, second] = spool.take(2);
    spool.settle([second as SpooledReport]);
    await step();
    expect(textsOf(spool.take(3))).toEqual(["report 1", "report 3"]);
    spool.settle(spool.take(3));
    await step();
    expect([spool.length, spool.take(1)]).toEqual([0, []]);
    spool.push(report(4));
    expect(textsOf(spool.take(1))).toEqual(["report 4"]);
  });

  both(
    "when full, the oldest report that is not taken is dropped and counted",
    async (spool, step) => {
      for (let n = 1; n <= 3; n++) expect(spool.push(report(n))).toBe(false);
      await step();
      spool.take(1);
      expect(spool.push(report(4))).toBe(true);
      await step();
      expect(textsOf(spool.take(9))).toEqual(["report 1", "report 3", "report 4"]);
      spool.putBack();
      expect(spool.push(report(5))).toBe(true);
      await step();
      expect(textsOf(spool.take(9))).toEqual(["report 3", "report 4", "report 5"]);
      expect([spool.length, spool.dropped]).toEqual([3, 2]);
    },
  );

  both("what was not taken is not settled", async (spool, step) => {
    for (let n = 1; n <= 2; n++) spool.push(report(n));
    await step();
    const taken = spool.take(1);
    spool.putBack();
    spool.settle(taken);
    expect(textsOf(spool.take(2))).toEqual(["report 1", "report 2"]);
  });
}
