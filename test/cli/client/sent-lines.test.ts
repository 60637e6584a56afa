// Lines of a pipe as reports: which share a packet, what is skipped, and where it stops.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { Outcome } from "../../../lib/client/outcome.ts";
import type { SendDisplay } from "../../../lib/cli/client/send-display.ts";
import { SentLines } from "../../../lib/cli/client/sent-lines.ts";
import type { Terminal } from "../../../lib/cli/client/terminal.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const silent: Outcome = { kind: "silent", sendings: 3 };
const acked = (code: string): Outcome => ({ kind: "ack", code, reason: "", repeated: false });

type Script = {
  /** The lines that are read together. */
  readonly pieces: readonly (readonly string[])[];
  readonly packetLinesMax?: number;
  /** How many reports fit into a packet. */
  readonly fits?: number;
  readonly answer?: (message: string) => Outcome;
};

async function sent({
  pieces,
  packetLinesMax = 48,
  fits = 48,
  answer = () => acked("50"),
}: Script) {
  const shown: string[] = [];
  const packets: string[][] = [];
  const toCome = [...pieces];
  let read: string[] = [];
  const terminal: Pick<Terminal, "ask" | "takeRead" | "ahead" | "inputBytes"> = {
    ask() {
      if (read.length === 0) read = [...(toCome.shift() ?? [])];
      return Promise.resolve(read.shift() ?? null);
    },
    takeRead: (most) => read.splice(0, most),
    get ahead() {
      return { lines: read.length, isAll: toCome.length === 0 };
    },
    inputBytes: null,
  };
  const display: SendDisplay = {
    ended: ({ line, outcome }) => {
      shown.push(`${line} ${outcome.kind === "silent" ? "--" : outcome.code}`);
    },
    skipped: (line, why) => void shown.push(`${line} skipped: ${why}`),
    notice: (line) => void shown.push(line),
    unanswered: () => {},
    moved: () => {},
    close: () => {},
  };
  const lines = new SentLines({
    terminal,
    display,
    packetLinesMax,
    dataOf: (message) => ({ type: "DATA", code: "01", id: "a", address: null, time: "", message }),
    faultOf: ({ message }) => (message.startsWith("bad") ? "it is bad" : null),
    request(reports) {
      const packet = reports.slice(0, fits).map(({ message }) => message);
      packets.push(packet);
      return Promise.resolve(packet.map(answer));
    },
  });
  const exit = await lines.run();
  return { exit, shown, packets, next: lines.next };
}

test("a line that waits alone goes alone, lines that wait together share a packet", async () => {
  const { exit, packets, shown } = await sent({ pieces: [["a"], ["b", "c", "d"], ["e"]] });
  expect(packets).toEqual([["a"], ["b", "c", "d"], ["e"]]);
  expect([exit, shown]).toEqual([0, ["1 50", "2 50", "3 50", "4 50", "5 50"]]);
});

test("lines that did not fit go with the next packet, in order", async () => {
  const { packets, next } = await sent({ pieces: [["a", "b", "c", "d", "e"], ["f"]], fits: 2 });
  expect(packets).toEqual([["a", "b"], ["c", "d"], ["e"], ["f"]]);
  expect(next).toBe(7);
});

test("in text each goes alone", async () => {
  const { packets } = await sent({ pieces: [["a", "b"]], packetLinesMax: 1 });
  expect(packets).toEqual([["a"], ["b"]]);
});

test("a line that cannot be sent is told after those before it, and those after it are sent", async () => {
  const { exit, packets, shown } = await sent({ pieces: [["a", "", "b", "bad", "bad", "c"]] });
  expect(packets).toEqual([["a", "b"], ["c"]]);
  expect(shown).toEqual(["1 50", "3 50", "4 skipped: it is bad", "5 skipped: it is bad", "6 50"]);
  expect(exit).toBe(1);
});

test("a refused line of a packet does not stop the others", async () => {
  const answer = (message: string) => acked(message === "b" ? "90" : "50");
  const { exit, shown } = await sent({ pieces: [["a", "b", "c"], ["d"]], answer });
  expect([exit, shown]).toEqual([1, ["1 50", "2 90", "3 50", "4 50"]]);
});

test.each(["51", "94", "93", "95"])("%s stops at its line", async (code) => {
  const answer = (message: string) => acked(message < "c" ? "50" : code);
  const { exit, shown, packets } = await sent({ pieces: [["a", "b", "c", "d"], ["e"]], answer });
  expect(shown).toEqual([
    "1 50",
    "2 50",
    `3 ${code}`,
    "stopped at line 3: neither it nor a line after it was acknowledged",
  ]);
  expect([exit, packets.length]).toEqual([1, 1]);
});

test("silence about a part of a packet: the first line without an answer, and those after it with one", async () => {
  const answer = (message: string) => (message === "b" || message === "d" ? silent : acked("50"));
  const { exit, shown } = await sent({ pieces: [["a", "b", "c", "d", "e"]], answer });
  expect(shown).toEqual([
    "1 50",
    "2 --",
    "3 50",
    "5 50",
    "stopped at line 2: of it and the lines after it only 3, 5 were acknowledged",
  ]);
  expect(exit).toBe(3);
});
