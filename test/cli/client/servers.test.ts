// Several servers: when a command goes to the next one, what it says, and what it does about names and closed ports.

import { expect, setDefaultTimeout, test } from "bun:test";
import { runClient } from "../../../lib/cli/client/dispatch.ts";
import { readClientConfig } from "../../../lib/config/client.ts";
import { OperatingError } from "../../../lib/operating-error.ts";
import {
  type Answer,
  ackWith,
  type Fake,
  fakeMachine,
  type FakeOptions,
  portClosed,
} from "./fake-machine.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const [a, b] = ["192.0.2.11", "192.0.2.12"];

async function run(
  servers: string,
  args: string[],
  options: FakeOptions,
): Promise<Fake & { exit: number; ms: number }> {
  const fake = fakeMachine(options);
  const env = { IOT_PASSWORD: "secret", IOT_SERVER: servers };
  const read = () => readClientConfig([...args, "--id", "asmith", "--text"], env);
  const exit = await runClient(read, fake.machine, "1.0.0");
  return { ...fake, exit, ms: fake.machine.clock.now() };
}

/** Only the server at this IP answers. */
function onlyAt(ip: string, answer: Answer): Answer {
  return (text, to) => (to.ip === ip ? answer(text, to) : null);
}

const unknown = (host: string) =>
  new OperatingError("unknown-host", `The host ${host} is unknown.`, "Check its spelling.", 1);

test("a request goes to the next server after its second repeat, with the same bytes", async () => {
  const answer = onlyAt(b, ackWith("70"));
  const { exit, out, err, sent, ms } = await run(`${a}:9000,${b}:9001`, ["login"], { answer });
  expect([exit, out]).toEqual([0, ["70 logged in"]]);
  expect(sent.map(({ to }) => `${to.ip}:${to.port}`)).toEqual([
    `${a}:9000`,
    `${a}:9000`,
    `${a}:9000`,
    `${b}:9001`,
  ]);
  expect(new Set(sent.map(({ text }) => text)).size).toBe(1);
  expect(err.at(-1)).toBe(`no answer from ${a}:9000; trying ${b}:9001`);
  expect(ms).toBe(8_000);
});

test("it goes round and round, for 10 s a server", async () => {
  const { exit, err, out, sent, ms } = await run(`${a}:9000,${b}:9000`, ["login"], {});
  expect([exit, ms]).toEqual([3, 20_000]);
  expect([...new Set(sent.map(({ to }) => to.ip))]).toEqual([a, b]);
  expect(sent.at(-1)?.to.ip).toBe(a);
  expect(err.filter((line) => line.includes("trying"))).toEqual([
    `no answer from ${a}:9000; trying ${b}:9000`,
    `no answer from ${b}:9000; trying ${a}:9000`,
  ]);
  expect(out).toEqual([`-- no answer from ${a} port 9000 after 8 tries`]);
});

test("it stays with the server that answers, until that one is silent", async () => {
  let isBack = false;
  let lines = 0;
  const answer: Answer = (text, to) => {
    if (!isBack && to.ip === a) return null;
    isBack = true;
    // The second server falls silent after three lines.
    if (to.ip === b && ++lines > 3) return null;
    return ackWith("50")(text, to);
  };
  const options = { answer, lines: ["1", "2", "3", "4", "5"] };
  const { exit, sent } = await run(`${a}:9000,${b}:9000`, ["send"], options);
  expect(exit).toBe(0);
  const answered = new Map(sent.map(({ text, to }) => [text.split("\t").at(-1), to.ip]));
  expect([...answered.values()]).toEqual([b, b, b, a, a]);
});

test("a server that is busy and nothing else is left, too", async () => {
  const answer: Answer = (text, to) => ackWith(to.ip === a ? "93" : "50")(text, to);
  const { exit, err, sent, ms } = await run(`${a}:9000,${b}:9000`, ["send"], {
    answer,
    lines: ["1", "2"],
  });
  expect(exit).toBe(0);
  expect(err).toContain(`${a}:9000 is busy; trying ${b}:9000`);
  expect(sent.filter(({ to }) => to.ip === b).map(({ text }) => text.split("\t").at(-1))).toEqual([
    "1",
    "2",
  ]);
  expect(ms).toBe(15_000);
});

test("a closed port is left at once, and ends the command if all are closed", async () => {
  const answer: Answer = (text, to) => (to.ip === a ? portClosed : ackWith("70")(text, to));
  const one = await run(`${a}:9000,${b}:9000`, ["login"], { answer });
  expect([one.exit, one.ms]).toEqual([0, 2_000]);
  const all = await run(`${a}:9000,${b}:9000`, ["login"], { answer: () => portClosed });
  expect(all.exit).toBe(3);
  expect(all.out).toEqual([`-- nobody listens at ${b} port 9000: the port is closed`]);
  expect(all.ms).toBeLessThan(10_000);
});

test("a name is looked up when it is that server's turn, and again after a failure", async () => {
  const asked: string[] = [];
  const lookUp = (host: string) => {
    asked.push(host);
    if (host === "b.example" && asked.length < 5) return Promise.reject(unknown(host));
    return Promise.resolve(host === "b.example" ? b : a);
  };
  const options = { answer: onlyAt(b, ackWith("70")), lookUp };
  const { exit, err } = await run(
    "a.example:9000,b.example:9000",
    ["login", "--timeout", "60s"],
    options,
  );
  expect(exit).toBe(0);
  // Those of b fail at first: a is looked up again, for its address may be another one.
  expect(asked).toEqual([
    "a.example",
    "b.example",
    "a.example",
    "b.example",
    "a.example",
    "b.example",
  ]);
  expect(err).toContain("The host b.example is unknown.");
  expect(err.at(-1)).toBe("no answer from a.example:9000; trying b.example:9000");
});

test("a first name that is unknown is passed over; if all are, the command ends", async () => {
  const lookUp = (host: string) =>
    host === "a.example" ? Promise.reject(unknown(host)) : Promise.resolve(host);
  const options = { answer: ackWith("70"), lookUp };
  const { exit, err } = await run(`a.example:9000,${b}:9000`, ["login"], options);
  expect([exit, err]).toEqual([0, [`The host a.example is unknown. Trying ${b}:9000.`]]);
  const none = await run("a.example:9000,a.example:9001", ["login"], options);
  expect(none.exit).toBe(1);
  expect(none.err.at(-1)).toBe("The host a.example is unknown. Check its spelling.");
});

test("a server that answers during the look-up of the next is not left", async () => {
  const found: (() => void)[] = [];
  const lookUp = (host: string) => {
    if (host !== "b.example") return Promise.resolve(a);
    return new Promise<string>((resolve) => found.push(() => resolve(b)));
  };
  let tries = 0;
  const answer: Answer = (text, to) => {
    if (found.length === 0 || ++tries > 2) return null;
    queueMicrotask(() => found[0]?.());
    return ackWith("50")(text, to);
  };
  const options = { answer, lookUp, lines: ["1", "2"] };
  const { exit, sent, err } = await run("a.example:9000,b.example:9000", ["send"], options);
  expect(exit).toBe(0);
  expect(new Set(sent.map(({ to }) => to.ip))).toEqual(new Set([a]));
  expect(err.filter((line) => line.includes("trying"))).toEqual([]);
});

test("an agent says where it goes, each move once a minute", async () => {
  let isOver = false;
  const answer: Answer = () => {
    if (!isOver && machine.clock.now() > 300_000) {
      isOver = true;
      queueMicrotask(() => {
        fake.stop();
        fake.stop();
      });
    }
    return null;
  };
  const fake = fakeMachine({ answer });
  const { machine, err } = fake;
  const env = { IOT_PASSWORD: "secret", IOT_SERVER: `${a}:9000,${b}:9000` };
  const read = () => readClientConfig(["run", "--id", "asmith", "--text"], env);
  expect(await runClient(read, machine, "1.0.0")).toBe(3);
  const moves = err.filter((line) => line.includes("trying"));
  expect(moves[0]).toBe(`no answer from ${a}:9000; trying ${b}:9000`);
  expect(moves.length).toBeLessThan(13);
  expect(moves.at(-1)).toContain("times more since it was last said");
});
