// The menu, scripted: prompts in order, defaults, answers in words, every situation of every item.

import { expect, setDefaultTimeout, test } from "bun:test";
import { runClient } from "../../../lib/cli/client/dispatch.ts";
import { readClientConfig } from "../../../lib/config/client.ts";
import { ackWith, dataFor, type Fake, fakeMachine, type FakeOptions } from "./fake-machine.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const args = ["asmith", "192.0.2.1", "9000", "1994", "--text"];

async function menu(options: FakeOptions, env = {}): Promise<Fake & { exit: number }> {
  const fake = fakeMachine(options);
  const exit = await runClient(() => readClientConfig(args, env), fake.machine, "1.0.0");
  return { ...fake, exit };
}

const texts = ({ sent }: Fake) => sent.map(({ text }) => text.replaceAll("\t", " "));
const choose = "Please Make a Selection: ";

test.each([
  ["1", "REGISTER", "00", "00 registered"],
  ["2", "DEREGISTER", "20", "20 deregistered"],
])("item %s sends %s with what was answered", async (item, verb, code, line) => {
  const lines = [item, "aa:bb:cc:dd:ee:01", "192.0.2.9", "2000", "bsmith", "secret", "7"];
  const run = await menu({ answer: ackWith(code), lines, interactive: true });
  expect(texts(run)).toEqual([`${verb} bsmith secret aa:bb:cc:dd:ee:01 192.0.2.9 2000`]);
  expect(run.out).toEqual([line]);
  expect(run.prompts).toEqual([
    choose,
    "MAC [02:00:00:00:00:01]: ",
    "IP [192.0.2.2]: ",
    "PORT [1994]: ",
    "USER [asmith]: ",
    "PASSWORD: *",
    choose,
  ]);
  expect(run.exit).toBe(0);
});

test("an empty answer takes the default, and the last value becomes the next default", async () => {
  const lines = [
    "1",
    "",
    "",
    "",
    "",
    "secret",
    "3",
    "",
    "",
    "",
    "2001",
    "1",
    "",
    "",
    "",
    "",
    "",
    "7",
  ];
  const run = await menu({ answer: ackWith("00", "70", "01"), lines });
  expect(texts(run)).toEqual([
    "REGISTER asmith secret 02:00:00:00:00:01 192.0.2.2 1994",
    "LOGIN asmith secret 192.0.2.2 2001",
    "REGISTER asmith secret 02:00:00:00:00:01 192.0.2.2 2001",
  ]);
  expect(run.out).toEqual([
    "00 registered",
    "70 logged in",
    "01 already registered, nothing changed",
  ]);
});

test("a password in the environment is the default, and is not shown", async () => {
  const lines = ["3", "", "", "", "", "7"];
  const run = await menu({ answer: ackWith("70"), lines }, { IOT_PASSWORD: "from env" });
  expect(texts(run)).toEqual(["LOGIN asmith from env 192.0.2.2 1994"]);
  expect(run.prompts.join()).not.toContain("from env");
  expect(run.prompts).toContain("PASSWORD [as before]: *");
});

test("login asks USER, PASSWORD, IP, PORT; logoff asks USER", async () => {
  const lines = ["3", "bsmith", "secret", "192.0.2.9", "1995", "4", "", "7"];
  const run = await menu({ answer: ackWith("70", "80"), lines });
  expect(run.prompts.map((prompt) => prompt.split(/ \[|:/)[0] as string)).toEqual([
    "Please Make a Selection",
    "USER",
    "PASSWORD",
    "IP",
    "PORT",
    "Please Make a Selection",
    "USER",
    "Please Make a Selection",
  ]);
  expect(texts(run)).toEqual(["LOGIN bsmith secret 192.0.2.9 1995", "LOGOFF bsmith"]);
  expect(run.out).toEqual(["70 logged in", "80 logged off"]);
});

test.each([
  [
    "address",
    ["bsmith", "1"],
    dataFor("01", "192.0.2.7\t1995"),
    "01 bsmith is at 192.0.2.7 port 1995",
  ],
  ["address by default", ["bsmith", ""], dataFor("11", ""), "11 unknown device"],
  ["report", ["bsmith", "2"], dataFor("01", "t\t07\ta\tb"), "01 bsmith reported 07 at t: a\\tb"],
  ["no report", ["bsmith", "2"], dataFor("01", ""), "01 bsmith has not reported yet"],
  ["offline", ["bsmith", "2"], dataFor("12", ""), "12 the device is not logged in"],
  ["list of nobody", ["", "3"], dataFor("01", ""), "01 nobody is logged in"],
])("query server: %s", async (_name, answers, reply, line) => {
  const lines = ["5", ...answers, "7"];
  const run = await menu({ answer: () => reply, lines });
  expect(run.out).toEqual([line]);
});

test("query server: the list is read page by page", async () => {
  const pages = ["asmith,bsmith", "csmith", ""];
  const run = await menu({
    answer: () => dataFor("01", pages.shift() ?? ""),
    lines: ["5", "", "3"],
  });
  expect(run.out).toEqual(["01 logged in: asmith, bsmith, csmith"]);
  expect(run.sent.map(({ text }) => text.split("\t").at(-1))).toEqual(["*", "bsmith", "csmith"]);
});

test("query server without a session", async () => {
  const run = await menu({ answer: ackWith("61"), lines: ["5", "bsmith", "1", "7"] });
  expect(run.out).toEqual(["61 query refused: not logged in"]);
});

test.each([
  ["without DEST. USER", ["", "1"], "-- not sent: DEST. USER is missing"],
  ["with a wrong query", ["bsmith", "4"], "-- not sent: QUERY must be 1, 2 or 3"],
])("query server %s sends nothing", async (_name, answers, line) => {
  const run = await menu({ lines: ["5", ...answers, "7"] });
  expect(run.sent).toEqual([]);
  expect(run.out).toEqual([line]);
});

const deviceAnswer = "DATA\t01\tbsmith\t192.0.2.7\t1995\tt\t5\thello";

test("query client asks the server for the address first, then the device", async () => {
  const answer = (text: string, to: { ip: string }) => {
    if (text.startsWith("ACK")) return null;
    return to.ip === "192.0.2.7" ? deviceAnswer : dataFor("01", "192.0.2.7\t1995");
  };
  const run = await menu({ answer, lines: ["6", "bsmith", "", "", "7"] });
  expect(run.out).toEqual(["01 bsmith answers: hello"]);
  expect(run.sent[1]?.to).toEqual({ ip: "192.0.2.7", port: 1995 });
  expect(run.sent[1]?.text).toStartWith("QUERY\t01\tasmith\t192.0.2.2\t1994\t");
  expect(run.sent[2]?.text).toStartWith("ACK\t50\tbsmith\t");
});

test("query client with an address does not ask the server", async () => {
  const answer = (text: string) => (text.startsWith("ACK") ? null : deviceAnswer);
  const run = await menu({ answer, lines: ["6", "bsmith", "192.0.2.7", "1995", "7"] });
  expect(run.sent.map(({ to }) => to.ip)).toEqual(["192.0.2.7", "192.0.2.7"]);
});

test("query client: no answer, in words", async () => {
  const run = await menu({ lines: ["6", "bsmith", "192.0.2.7", "1995", "7"] });
  expect(run.out).toEqual(["-- bsmith did not answer at 192.0.2.7 port 1995"]);
});

test("no answer from the server, in words", async () => {
  const run = await menu({ lines: ["4", "", "7"] });
  expect(run.sent).toHaveLength(5);
  expect(run.out).toEqual(["-- no answer from 192.0.2.1 port 9000 after 5 tries"]);
});

test("on a pipe a wrong answer is reported once, and the script stays in step", async () => {
  const lines = ["1", "aa:bb:cc:dd:ee:01", "not an ip", "1994", "asmith", "secret", "4", "", "7"];
  const run = await menu({ answer: ackWith("80"), lines });
  expect(run.out).toEqual(["-- not sent: IP: ip must be an IPv4 or IPv6 literal", "80 logged off"]);
});

test("a password in the place of a MAC is not registered; a device that has such a MAC can be removed", async () => {
  const wrong = "-- not sent: MAC: mac must be six pairs, such as aa:bb:cc:dd:ee:ff";
  const form = ["pass1", "192.0.2.9", "1994", "asmith", "secret"];
  const run = await menu({ answer: ackWith("20"), lines: ["1", ...form, "2", ...form, "7"] });
  expect(run.out).toEqual([wrong, "20 deregistered"]);
  expect(texts(run)).toEqual(["DEREGISTER asmith secret pass1 192.0.2.9 1994"]);
});

test("a person is asked again after a wrong answer", async () => {
  const lines = ["3", "a b", "asmith", "secret", "", "70000", "2000", "7"];
  const run = await menu({ answer: ackWith("70"), lines, interactive: true });
  expect(texts(run)).toEqual(["LOGIN asmith secret 192.0.2.2 2000"]);
});

test.each([
  ["between items", ["4", ""], 1],
  ["inside an item", ["3", "asmith", "secret"], 0],
  ["at once", [], 0],
])("the end of input %s ends the menu with 0", async (_name, lines, sendings) => {
  const run = await menu({ answer: ackWith("80"), lines });
  expect(run.sent).toHaveLength(sendings);
  expect(run.exit).toBe(0);
});

test("a wrong choice is reported and sends nothing", async () => {
  const run = await menu({ lines: ["9", "", "\u001b[2J", "7"] });
  expect(run.sent).toEqual([]);
  expect(run.err).toEqual(["9: please choose 1 to 8.", "\\x1b[2J: please choose 1 to 8."]);
});

test("item 8 sends a report of who logged in last", async () => {
  const lines = ["3", "bsmith", "secret", "192.0.2.9", "1995", "8", "temp=21.5", "8", "", "7"];
  const run = await menu({ answer: ackWith("70", "50"), lines });
  const [, sent = ""] = texts(run);
  expect(sent).toStartWith("DATA 01 bsmith ");
  expect(sent).toEndWith(" 9 temp=21.5");
  expect(run.out).toEqual(["70 logged in", "50 data stored", "-- not sent: MESSAGE is missing"]);
});

test("item 8 sends no report that is longer than a datagram", async () => {
  const run = await menu({ lines: ["8", "x".repeat(70_000), "7"] });
  expect(run.sent).toEqual([]);
  expect(run.out.join()).toMatch(/^-- not sent: MESSAGE is longer than \d+ bytes$/);
});
