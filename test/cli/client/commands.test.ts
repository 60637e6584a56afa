// The commands: what they send, what they print, and the exit code of each result.

import { expect, setDefaultTimeout, test } from "bun:test";
import { runClient } from "../../../lib/cli/client/dispatch.ts";
import { readClientConfig } from "../../../lib/config/client.ts";
import {
  ackWith,
  dataFor,
  type Fake,
  fakeMachine,
  type FakeOptions,
  portClosed,
} from "./fake-machine.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const base = ["--id", "asmith", "--server", "server.example:9000", "--text"];

async function run(args: string[], options: FakeOptions): Promise<Fake & { exit: number }> {
  const fake = fakeMachine(options);
  const read = () => readClientConfig(args, { IOT_PASSWORD: "secret" });
  const exit = await runClient(read, fake.machine, "1.0.0");
  return { ...fake, exit };
}

const server = { ip: "192.0.2.1", port: 9000 };

test.each([
  ["register", "00", "REGISTER asmith secret 02:00:00:00:00:01 192.0.2.2 1994", "00 registered"],
  [
    "deregister",
    "20",
    "DEREGISTER asmith secret 02:00:00:00:00:01 192.0.2.2 1994",
    "20 deregistered",
  ],
  ["login", "70", "LOGIN asmith secret 192.0.2.2 1994", "70 logged in"],
  ["logoff", "80", "LOGOFF asmith", "80 logged off"],
  ["status", "40", "STATUS 01 asmith 2026-11-22:00:00:00.000 9 heartbeat", "40 status noted"],
])("%s is done with %s", async (command, code, text, line) => {
  const { sent, out, err, exit } = await run([command, ...base], { answer: ackWith(code) });
  expect(sent).toEqual([{ text: text.replaceAll(" ", "\t"), to: server }]);
  expect([out, err, exit]).toEqual([[line], [], 0]);
});

test("a refusal is exit code 1, with its code and words", async () => {
  const { out, exit } = await run(["register", ...base], { answer: ackWith("12") });
  expect([out, exit]).toEqual([["12 the IP belongs to another device"], 1]);
});

test("no answer is exit code 3, after the three tries of 10 s", async () => {
  const { out, err, sent, exit, machine } = await run(["login", ...base], {});
  expect(sent).toHaveLength(3);
  expect([out, exit]).toEqual([["-- no answer from 192.0.2.1 port 9000 after 3 tries"], 3]);
  expect(err.at(-1)).toBe("  Check that the server runs there and that UDP gets through.");
  expect(machine.clock.now()).toBe(10_000);
});

test("a port that is closed at two tries ends the command", async () => {
  const { out, err, sent, exit } = await run(["login", ...base], { answer: () => portClosed });
  expect(sent).toHaveLength(2);
  expect([out, exit]).toEqual([
    ["-- nobody listens at 192.0.2.1 port 9000: the port is closed"],
    3,
  ]);
  expect(err.at(-1)).toBe("  Start the server there, or check the address and the port.");
});

test("a server that starts meanwhile is found", async () => {
  let tries = 0;
  const { exit } = await run(["login", ...base], {
    answer(text, to) {
      return ++tries === 1 ? portClosed : ackWith("70")(text, to);
    },
  });
  expect(exit).toBe(0);
});

test("send waits for a server that is restarted between two lines", async () => {
  let tries = 0;
  const { exit, out } = await run(["send", ...base], {
    answer(text, to) {
      const isAway = [2, 3].includes(++tries);
      return isAway ? portClosed : ackWith("50")(text, to);
    },
    lines: ["a", "b"],
  });
  expect([exit, out]).toEqual([0, ["50 data stored", "50 data stored"]]);
});

test("peer asks all its questions within 10 s in all", async () => {
  let asked = 0;
  const { machine, exit } = await run(["peer", ...base, "bsmith"], {
    answer: (_text, to) =>
      to.ip === "192.0.2.1" && ++asked === 3 ? dataFor("01", "192.0.2.7\t1995") : null,
  });
  expect([exit, machine.clock.now()]).toEqual([3, 10_000]);
});

test("send waits 10 s for each line, not for all", async () => {
  let tries = 0;
  const { exit, machine } = await run(["send", ...base], {
    answer: (text, to) => (++tries % 3 === 0 ? ackWith("50")(text, to) : null),
    lines: ["a", "b", "c"],
  });
  expect(exit).toBe(0);
  expect(machine.clock.now()).toBe(3 * 6_000);
});

test("send tells of the silence about one report as it lasts, of others once a minute", async () => {
  let tries = 0;
  const { err } = await run(["send", ...base], {
    answer: (text, to) => (++tries % 3 === 0 ? ackWith("50")(text, to) : null),
    lines: Array.from({ length: 15 }, (_, i) => String(i)),
  });
  // Each report is sent at 0, 2 and 6 s: told at 2, 6 and 66 s of 90.
  const told = [2, 3, 3].map((sending) => `no answer from 192.0.2.1 port 9000 yet, try ${sending}`);
  expect(err).toEqual(told);
});

test("send skips a line that does not fit, names it and the limit, and ends with 1", async () => {
  const { sent, err, exit } = await run(["send", ...base], {
    answer: ackWith("50"),
    lines: ["a", "é".repeat(600), "b"],
  });
  expect(sent.map(({ text }) => text.split("\t").at(-1))).toEqual(["a", "b"]);
  expect(err).toEqual(["line 2 is not sent: 1200 bytes, of which 1156 fit"]);
  expect(exit).toBe(1);
});

test("--timeout gives up earlier", async () => {
  const { sent, exit } = await run(["login", ...base, "--timeout", "3s"], {});
  expect(sent).toHaveLength(2);
  expect(exit).toBe(3);
});

test("--json prints one object per line", async () => {
  const { out } = await run(["login", ...base, "--json"], { answer: ackWith("31") });
  expect(out.map((line) => JSON.parse(line))).toEqual([
    {
      request: "login",
      id: "asmith",
      verdict: "refused",
      code: "31",
      words: "credentials refused, or not logged in",
    },
  ]);
});

test("a repetition reveals that a DEREGISTER whose ACK got lost was done", async () => {
  let first = true;
  const answer = (text: string) => {
    const reply = first ? null : ackWith("21")(text, server);
    first = false;
    return reply;
  };
  const { out, exit } = await run(["deregister", ...base], { answer });
  expect([out, exit]).toEqual([["21 no such device (done by an earlier try)"], 0]);
});

test("send sends one report", async () => {
  const { sent, out, exit } = await run(["send", ...base, "--code", "07", "21 degrees"], {
    answer: ackWith("50"),
  });
  expect(sent[0]?.text).toBe("DATA\t07\tasmith\t2026-11-22:00:00:00.000\t10\t21 degrees");
  expect([out, exit]).toEqual([["50 data stored"], 0]);
});

test("send refuses a message that does not fit, before it sends anything", async () => {
  const { sent, exit } = await run(["send", ...base, "x".repeat(1_200)], {});
  expect(sent).toEqual([]);
  expect(exit).toBe(2);
});

test("send makes a report of each line, even of equal ones", async () => {
  const { sent, out, exit } = await run(["send", ...base], {
    answer: ackWith("50"),
    lines: ["a", "a", "", "b"],
  });
  expect(new Set(sent.map(({ text }) => text)).size).toBe(3);
  expect([out.length, exit]).toEqual([3, 0]);
});

test("send skips a line that is not UTF-8, says which, and ends with 1", async () => {
  const { sent, err, exit } = await run(["send", ...base], {
    answer: ackWith("50", "50"),
    lines: ["a", "21 \ufffdC", "b"],
  });
  expect(sent.map(({ text }) => text.split("\t").at(-1))).toEqual(["a", "b"]);
  expect([err, exit]).toEqual([["line 2 is not sent: it is not UTF-8"], 1]);
});

test("send refuses a message of the command line that is not UTF-8", async () => {
  const { sent, exit } = await run(["send", ...base, "21 \ufffdC"], {});
  expect([sent, exit]).toEqual([[], 2]);
});

test("send stops where it cannot succeed, and says at which line", async () => {
  const { sent, err, exit } = await run(["send", ...base], {
    answer: ackWith("50", "51"),
    lines: ["a", "b", "c"],
  });
  expect(sent).toHaveLength(2);
  expect(err).toEqual([
    "  Log in first. In text a session belongs to the IP that logged in.",
    "stopped at line 2: neither it nor a line after it was acknowledged",
  ]);
  expect(exit).toBe(1);
});

test("query list prints one id per line, from all pages", async () => {
  const pages = ["asmith,bsmith", "csmith", ""];
  const { out, exit } = await run(["query", ...base, "list"], {
    answer: () => dataFor("01", pages.shift() ?? ""),
  });
  expect([out, exit]).toEqual([["asmith", "bsmith", "csmith"], 0]);
});

test("a list whose pages repeat ends", async () => {
  const { sent } = await run(["query", ...base, "list"], { answer: () => dataFor("01", "asmith") });
  expect(sent).toHaveLength(2);
});

test.each([
  ["address", dataFor("01", "192.0.2.7\t1995"), { address: { ip: "192.0.2.7", port: 1995 } }],
  ["report", dataFor("01", "t\t07\thi"), { report: { time: "t", code: "07", message: "hi" } }],
])("query %s as JSON", async (what, reply, found) => {
  const { out, exit } = await run(["query", ...base, "--json", what, "bsmith"], {
    answer: () => reply,
  });
  expect(JSON.parse(out[0] as string)).toMatchObject({ target: "bsmith", code: "01", ...found });
  expect(exit).toBe(0);
});

test("what a device says cannot control the terminal", async () => {
  const nasty = "\u001b]0;owned\u0007\n\u202e";
  const answer = (text: string, to: { ip: string }) => {
    if (text.startsWith("ACK")) return null;
    if (to.ip === "192.0.2.1") return dataFor("01", "192.0.2.7\t1995");
    return (
      `DATA\t01\tbsmith\t192.0.2.7\t1995\tt\t${Buffer.byteLength(nasty)}\t${nasty}x`.slice(0, -1) +
      "\n"
    );
  };
  const { out, exit } = await run(["peer", ...base, "bsmith"], { answer });
  expect(out).toEqual(["01 bsmith answers: \\x1b]0;owned\\x07\\n\\u{202e}"]);
  expect(exit).toBe(0);
});

test("peer of a device that is not logged in is refused; of a silent one, unanswered", async () => {
  const away = await run(["peer", ...base, "bsmith"], { answer: () => dataFor("12", "") });
  expect([away.out, away.exit]).toEqual([["12 the device is not logged in"], 1]);
  const silent = await run(["peer", ...base, "bsmith"], {
    answer: (_text, to) => (to.ip === "192.0.2.1" ? dataFor("01", "192.0.2.7\t1995") : null),
  });
  expect(silent.out).toEqual(["-- bsmith did not answer at 192.0.2.7 port 1995"]);
  expect(silent.exit).toBe(3);
});
