// The command run: reports from a command and from standard input, answers from a command, end by a signal.

import { expect, setDefaultTimeout, test } from "bun:test";
import { runClient } from "../../../lib/cli/client/dispatch.ts";
import { OperatingError } from "../../../lib/operating-error.ts";
import { readClientConfig } from "../../../lib/config/client.ts";
import { type Answer, ackWith, type Fake, fakeMachine, type FakeOptions } from "./fake-machine.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const base = ["run", "--id", "asmith", "--server", "192.0.2.1:9000", "--text"];
const codes: Readonly<Record<string, string>> = {
  REGISTER: "00",
  LOGIN: "70",
  STATUS: "40",
  DATA: "50",
  LOGOFF: "80",
};

/** Calls back for each request, and answers it as a server does. */
function served(onRequest: (text: string) => void): Answer {
  return (text, to) => {
    onRequest(text);
    const code = codes[text.split("\t", 1)[0] as string];
    return code === undefined ? null : ackWith(code)(text, to);
  };
}

/** Runs the agent until `enough` returns true for a request that the server received. */
async function runUntil(
  args: string[],
  options: FakeOptions,
  enough: (text: string, fake: Fake) => boolean,
): Promise<Fake & { exit: number }> {
  let stopped = false;
  const fake: Fake = fakeMachine({
    ...options,
    answer: served((text) => {
      if (stopped || !enough(text, fake)) return;
      stopped = true;
      queueMicrotask(fake.stop);
    }),
  });
  const read = () => readClientConfig([...base, ...args], { IOT_PASSWORD: "secret" });
  const exit = await runClient(read, fake.machine, "1.0.0");
  return { ...fake, exit };
}

const reportsOf = ({ sent }: Fake) =>
  sent
    .filter(({ text }) => text.startsWith("DATA"))
    .map(({ text }) => text.split("\t").slice(5).join("\t"));

test("lines of standard input are reports, in order; a signal logs off", async () => {
  const run = await runUntil([], { lines: ["one", "two", "three"] }, (text) =>
    text.endsWith("three"),
  );
  expect(reportsOf(run)).toEqual(["one", "two", "three"]);
  expect(run.sent.at(-1)?.text).toBe("LOGOFF\tasmith");
  expect(run.out.map((line) => line.slice(25))).toEqual([
    "00 registered",
    "70 logged in",
    "80 logged off",
  ]);
  expect(run.exit).toBe(0);
});

test("what is not UTF-8 is not reported, and said: of a line, of the command", async () => {
  const lines = await runUntil([], { lines: ["one", "21 \ufffdC", "two"] }, (text) =>
    text.endsWith("two"),
  );
  expect(reportsOf(lines)).toEqual(["one", "two"]);
  expect(lines.err).toContain("* a line of standard input is not UTF-8 and not sent");
  let count = 0;
  const shell = () => (++count === 1 ? "\ufffd" : "21");
  const report = await runUntil(["--report", "x", "--every", "10s"], { shell }, (text) =>
    text.endsWith("21"),
  );
  expect(reportsOf(report)).toEqual(["21"]);
  expect(report.err).toContain("* --report command printed what is not UTF-8");
});

test("--report reports the output of the command at each interval", async () => {
  let count = 0;
  const shell = () => `${++count}\n`;
  const args = ["--report", "measure", "--every", "10s", "--code", "07"];
  const run = await runUntil(args, { shell }, (text) => text.endsWith("\t3"));
  expect(reportsOf(run)).toEqual(["1", "2", "3"]);
  expect(new Set(run.commands.map(({ line }) => line))).toEqual(new Set(["measure"]));
  const times = run.sent
    .filter(({ text }) => text.startsWith("DATA\t07"))
    .map(({ text }) => text.split("\t")[3]);
  expect(times).toEqual([
    "2026-11-22:00:00:00.000",
    "2026-11-22:00:00:10.000",
    "2026-11-22:00:00:20.000",
  ]);
});

test("--on-query answers with the output of the command; the question is in its environment only", async () => {
  const evil = "$(reboot)";
  const question = "QUERY\t07\tbsmith\t192.0.2.7\t1995\t2026-11-22:09:17:00\tasmith";
  let asked = false;
  const run = await runUntil(["--on-query", "answer"], { shell: () => evil }, (text, fake) => {
    if (!asked && text.startsWith("STATUS")) {
      asked = true;
      fake.deliver(question, { ip: "192.0.2.7", port: 1995 });
    }
    return text.startsWith("DATA");
  });
  expect(run.commands).toEqual([
    {
      line: "answer",
      env: { IOT_QUERY_ID: "bsmith", IOT_QUERY_CODE: "07", IOT_QUERY_TARGET: "asmith" },
    },
  ]);
  expect(run.sent.find(({ text }) => text.startsWith("DATA"))).toEqual({
    text: `DATA\t01\tasmith\t192.0.2.2\t1994\t2026-11-22:09:17:00\t${evil.length}\t${evil}`,
    to: { ip: "192.0.2.7", port: 1995 },
  });
});

test.each([false, true])(
  "reports that are too long are cut, with one notice; as JSON: %p",
  async (json) => {
    const lines = ["a".repeat(2_000), "b".repeat(2_000), "last"];
    const run = await runUntil(json ? ["--json"] : [], { lines }, (text) => text.endsWith("last"));
    expect(reportsOf(run).map((report) => report[0])).toEqual(["a", "b", "l"]);
    const said = run.out.filter((line) => line.includes(json ? '"report-cut"' : "is too long"));
    expect(said).toHaveLength(1);
    const kept = reportsOf(run)[0]?.length;
    if (json) expect(JSON.parse(said[0] as string)).toMatchObject({ bytes: 2_000, kept });
    else
      expect(said[0]).toEndWith(
        `a report of 2000 bytes is too long: its first ${kept} bytes are sent`,
      );
  },
);

test("a server that stays broken is told once a minute, with a count, and nothing is lost", async () => {
  let broken = 20;
  const fake: Fake = fakeMachine({
    lines: ["one", "two"],
    answer: (text, to) => {
      const verb = text.split("\t", 1)[0] as string;
      if (verb === "DATA" && broken-- > 0) return ackWith("95")(text, to);
      if (text.endsWith("two")) queueMicrotask(fake.stop);
      return ackWith(codes[verb] as string)(text, to);
    },
  });
  const read = () => readClientConfig(base, { IOT_PASSWORD: "secret" });
  expect(await runClient(read, fake.machine, "1.0.0")).toBe(0);
  expect(reportsOf(fake).slice(-2)).toEqual(["one", "two"]);
  // Twenty pauses of 10 s.
  const told = fake.out.filter((line) => line.includes(" 95 "));
  expect(told.length).toBeLessThanOrEqual(4);
  expect(told[1]).toEndWith("(and 5 times more since it was last said)");
});

test("an error that ends the agent ends the reading too, and says what was not reported", async () => {
  const failing = new OperatingError("state-damaged", "The state is damaged.", "Restore it.");
  const fake = fakeMachine({
    lines: ["1", "2", "3", "4", "5"],
    answer: (text, to) => {
      const verb = text.split("\t", 1)[0] as string;
      if (verb === "DATA") throw failing;
      return ackWith(codes[verb] as string)(text, to);
    },
  });
  const read = () => readClientConfig([...base, "--spool-max", "2"], { IOT_PASSWORD: "secret" });
  expect(await runClient(read, fake.machine, "1.0.0")).toBe(1);
  const { promise, resolve } = Promise.withResolvers<void>();
  let turns = 0;
  const wait = () => void (++turns === 10 ? resolve() : setImmediate(wait));
  wait();
  await promise;
  expect(fake.err).toContain("* reports not delivered: 2, of which kept: 0");
  expect(fake.err).toContain("* lines of standard input read and not reported: 3");
});

test("a spool that cannot be used does not stop the agent, unless its file was named", async () => {
  const failing = (fake: Fake) => ({
    ...fake.machine,
    openSpool: () => {
      throw new OperatingError(
        "spool-unusable",
        "The spool cannot be used: no room.",
        "Make room.",
      );
    },
  });
  const fake = fakeMachine({
    lines: ["one"],
    answer: served((text) => {
      if (text.endsWith("one")) queueMicrotask(fake.stop);
    }),
  });
  const read =
    (...args: string[]) =>
    () =>
      readClientConfig([...base, ...args], { IOT_PASSWORD: "s" });
  expect(await runClient(read(), failing(fake), "1.0.0")).toBe(0);
  expect(fake.err).toEqual([
    "The spool cannot be used: no room. Reports that are not delivered are kept in memory only.",
  ]);
  expect(reportsOf(fake)).toEqual(["one"]);
  const named = fakeMachine({});
  expect(await runClient(read("--spool", "x"), failing(named), "1.0.0")).toBe(1);
  expect(named.sent).toEqual([]);
});

test("a refused registration ends the agent with 1", async () => {
  const fake = fakeMachine({ answer: ackWith("13") });
  const read = () => readClientConfig([...base, "--json"], { IOT_PASSWORD: "secret" });
  expect(await runClient(read, fake.machine, "1.0.0")).toBe(1);
  expect(JSON.parse(fake.out[0] as string)).toMatchObject({
    kind: "refused",
    verb: "REGISTER",
    code: "13",
  });
});

test("a refused agent says what to do about it", async () => {
  const fake = fakeMachine({ answer: ackWith("13") });
  const read = () => readClientConfig(base, { IOT_PASSWORD: "secret" });
  expect(await runClient(read, fake.machine, "1.0.0")).toBe(1);
  expect(fake.out).toEqual([
    "2026-11-22T00:00:00.000Z REGISTER refused: 13 the MAC belongs to another device",
  ]);
  expect(fake.err).toEqual([
    "  Another device on this machine needs a --mac of its own; else deregister that one: the server's error.log names it.",
  ]);
});

test("the password reaches neither the screen nor a command's environment", async () => {
  const run = await runUntil(["--report", "measure"], { shell: () => "1" }, (text) =>
    text.startsWith("DATA"),
  );
  expect([...run.out, ...run.err].join("\n")).not.toContain("secret");
  expect(JSON.stringify(run.commands)).not.toContain("secret");
});
