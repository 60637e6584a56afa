// The lines of iot-client simulate.

import { expect, setDefaultTimeout, test } from "bun:test";
import { summary, tallyLine } from "../../../lib/cli/client/simulate-rendering.ts";
import { Counts } from "../../../lib/client/simulation/tally.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const time = Date.UTC(2026, 10, 22, 9, 14, 6);
const shown = { devices: 10, clean: false, json: false };

test("a line of a second has rates, and the wait of the slowest hundredth", () => {
  const counts = new Counts();
  counts.sent = 300;
  counts.lost = 2;
  for (let wait = 1; wait <= 200; wait++) counts.accept(wait);
  counts.accept(null);
  const tally = counts.take();
  expect(tallyLine(time, { joined: 9 }, tally, 2_000, shown)).toBe(
    "09:14:06  devices 9/10  sent 150/s  acked 101/s  lost 2  p99 198 ms",
  );
  expect(
    JSON.parse(tallyLine(time, { joined: 9 }, tally, 1_000, { ...shown, json: true })),
  ).toEqual({
    time: "2026-11-22T09:14:06.000Z",
    devices: 9,
    of: 10,
    sent: 300,
    acked: 201,
    lost: 2,
    commands: 0,
    p99Ms: 198,
  });
  expect(tallyLine(time, { joined: 0 }, counts.take(), 1_000, { ...shown, clean: true })).toBe(
    "09:14:06  removed 0/10  sent 0/s  acked 0/s  lost 0  p99 - ms",
  );
  expect(summary({ joined: 9, refused: 1, counts }, shown)).toBe(
    "9 of 10 devices joined, 1 refused: 300 sent, 201 acked, 2 lost.",
  );
});

test("commands are in the line once there are any", () => {
  const counts = new Counts();
  counts.commands = 12;
  expect(tallyLine(time, { joined: 9 }, counts.take(), 1_000, shown)).toBe(
    "09:14:06  devices 9/10  sent 0/s  acked 0/s  lost 0  p99 - ms  commands 12",
  );
  expect(summary({ joined: 9, refused: 0, counts }, shown)).toBe(
    "9 of 10 devices joined, 0 refused: 0 sent, 0 acked, 0 lost, 12 commands carried out.",
  );
  const json = summary({ joined: 9, refused: 0, counts }, { ...shown, json: true });
  expect(JSON.parse(json)).toMatchObject({ devices: 9, commands: 12 });
});
