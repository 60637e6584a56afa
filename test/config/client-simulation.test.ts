// The settings of iot-client simulate: defaults, limits, and what it refuses.

import { expect, setDefaultTimeout, test } from "bun:test";
import { readClientConfig } from "../../lib/config/client.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const read = (line: string) =>
  readClientConfig(["simulate", ...line.split(" ").filter(Boolean)], {});
const server = "--server 127.0.0.1:9000";

test("the defaults, and all that can be set", () => {
  expect(read(`--devices 10 ${server}`)).toMatchObject({
    command: "simulate",
    server: { host: "127.0.0.1", port: 9000 },
    sealing: { kind: "sealed" },
    devices: 10,
    everyMs: 60_000,
    loss: 0,
    forMs: Infinity,
    seed: 1,
    clean: false,
    yes: false,
  });
  const line = `--devices 99999 --every 30s --loss 0.5% --text --for 10m --seed 7 --clean --yes --json ${server}`;
  expect(read(line)).toMatchObject({
    sealing: { kind: "text" },
    devices: 99_999,
    everyMs: 30_000,
    loss: 0.005,
    forMs: 600_000,
    seed: 7,
    clean: true,
    yes: true,
    json: true,
  });
});

test.each([
  [server, "--devices is missing."],
  [`--devices 0 ${server}`, '--devices is "0"'],
  [`--devices 100000 ${server}`, '--devices is "100000"'],
  [`--devices 5 --loss 5 ${server}`, '--loss is "5", not 0% to 90%.'],
  [`--devices 5 --loss 91% ${server}`, '--loss is "91%"'],
  [`--devices 5 --id pi1 ${server}`, "--id is not an option of simulate."],
  ["--devices 5", "--server is missing."],
  ["--devices 5 --server a:1,b:2", "simulate has one server."],
  [`--devices 5 extra ${server}`, '"extra"'],
])("%s is refused", (line, says) => {
  expect(() => read(line)).toThrow(says);
});
