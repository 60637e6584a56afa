// Advice after a refusal: it follows the answer on standard error, and is left out with --json.

import { expect, setDefaultTimeout, test } from "bun:test";
import { runClient } from "../../../lib/cli/client/dispatch.ts";
import { readClientConfig } from "../../../lib/config/client.ts";
import { ackWith, dataFor, type Fake, fakeMachine, type FakeOptions } from "./fake-machine.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const base = ["--id", "asmith", "--server", "192.0.2.1:9000", "--text"];

async function run(args: string[], options: FakeOptions): Promise<Fake & { exit: number }> {
  const fake = fakeMachine(options);
  const read = () => readClientConfig(args, { IOT_PASSWORD: "secret" });
  const exit = await runClient(read, fake.machine, "1.0.0");
  return { ...fake, exit };
}

test.each([
  ["register", "11", "another id"],
  ["register", "12", "--shared-ip"],
  ["register", "13", "a --mac of its own"],
  ["register", "31", "another password"],
  ["deregister", "21", "spelling of the id"],
  ["deregister", "30", "the MAC and IP"],
  ["deregister", "31", "another password"],
  ["login", "31", "not registered, or its password"],
  ["login", "94", "Leave out --text"],
  ["logoff", "31", "Log in first"],
  ["status", "41", "Log in first"],
  ["send x", "51", "Log in first"],
  ["query list", "61", "Log in first"],
  ["peer bsmith", "61", "Log in first"],
  ["send x", "95", "error.log"],
])("%s refused with %s", async (command, code, says) => {
  const words = command.split(" ");
  const refused = await run([...words, ...base], { answer: ackWith(code) });
  expect(refused.exit).toBe(1);
  expect(refused.out).toHaveLength(1);
  const advice = refused.err.filter((line) => line.startsWith("  "));
  expect(advice).toHaveLength(1);
  expect(advice[0]).toContain(says);
  const json = await run([...words, ...base, "--json"], { answer: ackWith(code) });
  expect(json.err.filter((line) => line.startsWith("  "))).toEqual([]);
});

test("silence in text says what to check", async () => {
  const { err, exit } = await run(["logoff", ...base, "--timeout", "1s"], {});
  expect(err).toEqual(["  Check that the server runs there and that UDP gets through."]);
  expect(exit).toBe(3);
});

test("who waits at the door is not told that nobody answers, and learns who lets it in", async () => {
  const busy = ackWith("93");
  const answer: typeof busy = (text, to) => {
    const ack = busy(text, to);
    return typeof ack === "string" ? `${ack}\twaiting for approval` : null;
  };
  const { out, err, exit } = await run(["register", ...base, "--timeout", "10s"], { answer });
  expect(out).toEqual(["93 busy, try again later (waiting for approval)"]);
  expect(err.join("\n")).not.toContain("no answer");
  expect(err).toContain("192.0.2.1 port 9000 says: try again later; this is try 3");
  expect(err.at(-1)).toContain("iot-server devices approve");
  expect(exit).toBe(1);
});

test("what an earlier try has done needs no advice", async () => {
  let sendings = 0;
  const answer = ackWith("31");
  const { out, err } = await run(["logoff", ...base], {
    answer: (text, to) => (++sendings === 1 ? null : answer(text, to)),
  });
  expect(out[0]).toContain("done by an earlier try");
  expect(err.filter((line) => line.startsWith("  "))).toEqual([]);
});

test("trust gives up on a server that shows no key, and says what to check", async () => {
  const { out, err, exit } = await run(["trust", "192.0.2.1:9000"], {});
  expect([out, exit]).toEqual([[], 3]);
  expect(err[0]).toStartWith("192.0.2.1:9000 shows no key. Check that the server runs there");
});

test.each([
  ["11", "11 unknown device", "spelling of the id"],
  ["12", "12 the device is not logged in", "query report"],
])("a question that is answered with %s has a next step", async (code, answer, says) => {
  const asked = await run(["query", "address", "nosuch", ...base], {
    answer: () => dataFor(code, ""),
  });
  expect([asked.exit, asked.out]).toEqual([1, [answer]]);
  expect(asked.err.join()).toContain(says);
});
