// What a simulated device answers to commands.

import { expect, setDefaultTimeout, test } from "bun:test";
import { resultOf } from "../../../lib/client/simulation/sim-commands.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

test.each([
  ["set relay=on", "01", "relay on"],
  ["SET relay=on  interval=30s", "01", "relay on, interval 30s"],
  ["set", "16", "set what?"],
  ["get temp", "01", "temp=21.5"],
  ["read", "01", "temp=21.5"],
  ["fail on purpose", "15", "the simulated device failed as it was told"],
  ["restart", "01", "restart done"],
])("%p is answered with %p %p", (message, code, result) => {
  expect(resultOf(message, () => "temp=21.5")).toEqual({ code, message: result });
});
