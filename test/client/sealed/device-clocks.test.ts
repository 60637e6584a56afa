// Devices without a right clock: a voucher expires by the server's time as they last learned it.

import { expect, setDefaultTimeout, test } from "bun:test";
import { decodeVoucher, signVoucher } from "../../../lib/sealed/voucher.ts";
import { fixedPair, valueOf } from "../../sealed/fixtures.ts";
import { World } from "./world.ts";
import { asker, target, loggedIn, call, askPeer, strangerAsks } from "./peer-fixtures.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

test.each([2 * 3_600_000, 200 * 86_400_000, -2 * 3_600_000, -20 * 365 * 86_400_000])(
  "devices whose clocks are %d ms ahead call each other",
  async (clockAheadMs) => {
    const world = new World();
    const from = await loggedIn(world, { ...asker, clockAheadMs });
    await loggedIn(world, { ...target, clockAheadMs, onQuery: () => "here" });
    const { result, at } = await call(from);
    expect(result).toEqual({ kind: "open", via: "direct" });
    expect(await askPeer(from, at)).toBe("here");
  },
);

test.each([0, -2 * 3_600_000, 2 * 3_600_000])(
  "a target whose clock is %d ms ahead refuses a voucher that is expired by the server's time",
  async (clockAheadMs) => {
    const answersTo = async (secondsLeft: number) => {
      const world = new World(1, { policy: { offlineAfterMs: 86_400_000 } });
      const to = await loggedIn(world, { ...target, clockAheadMs });
      // It learned the server's time at its LOGIN, and counts on by its monotonic clock.
      await world.pass(7_200_000);
      const claim = {
        askerId: "asmith",
        askerKey: fixedPair("mallory").publicKey,
        targetId: "bsmith",
        targetKey: to.disk.local.publicKey,
        expiry: Math.floor(world.time / 1000) + secondsLeft,
      };
      const voucher = valueOf(decodeVoucher(signVoucher(claim, world.server.identity.signing)));
      return strangerAsks(world, to, [{ kind: "peer", answer: false, msgid: 1n, voucher }]);
    };
    expect([await answersTo(-60), await answersTo(60)]).toEqual([0, 1]);
  },
);

test("a voucher that the asker holds for expired names the server's clock at once", async () => {
  const world = new World();
  const from = await loggedIn(world, asker);
  await loggedIn(world, target);
  world.clockSetMs = -2 * 3_600_000;
  const { result } = await call(from);
  expect(result).toMatchObject({ kind: "failed", why: expect.stringContaining("clock") });
});
