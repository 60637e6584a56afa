// What the server does with the frames of a packet: each as if it had come alone, in order, and the answers in few packets
// (protocol §5.9). The frames are written by hand.

import { beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { answer as answerCode } from "../../../lib/protocol/codes.ts";
import { decode } from "../../../lib/protocol/decode.ts";
import { digestOf } from "../../../lib/protocol/digest.ts";
import { encode } from "../../../lib/protocol/encode.ts";
import { encodeFrames } from "../../../lib/sealed/bundle.ts";
import { encodeBody, type Frame } from "../../../lib/sealed/frames.ts";
import { limits } from "../../../lib/server/policy.ts";
import { fixedBytes, fixedPair, valueOf } from "../../sealed/fixtures.ts";
import { BareLink, type TextFrame } from "./bare-link.ts";
import { asker, loggedIn, target } from "./peer-fixtures.ts";
import { World } from "./world.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const { id } = asker;
const wish = { receipt: true } as const;

let world: World;
let link: BareLink;

beforeEach(async () => {
  world = new World();
  link = await BareLink.open(world, fixedPair("device"), 11);
  await link.enter();
});

const data = (message: string, of = id) =>
  encode({ type: "DATA", code: "07", id: of, address: null, time: "1", message });
const status = (of = id) =>
  encode({ type: "STATUS", code: "01", id: of, time: "1", message: "heartbeat" });
const report = (message: string) => link.text(data(message), wish);
const login = () => encode({ type: "LOGIN", id, password: "password", ip: "192.0.2.2", port: 11 });

/** A frame in short: the code of an answer in text, or what it is otherwise. */
function short(frame: Frame): string {
  if (frame.kind === "receipt") return `receipt ${frame.code} ${frame.msgids.join()}`;
  if (frame.kind === "error") return `error ${frame.code} ${frame.msgid}`;
  if (frame.kind !== "text") return frame.kind;
  const said = decode(frame.body);
  if (!said.ok) throw new Error(said.reason);
  return `${said.message.type} ${"code" in said.message ? said.message.code : ""} ${frame.msgid}`;
}

const shorts = (packets: readonly (readonly Frame[])[]) => packets.map((each) => each.map(short));
const stored = () => world.server.reports(id);

describe("receipts", () => {
  test("18 reports in a packet are stored in order, and have one RECEIPT", async () => {
    const reports = Array.from({ length: 18 }, (_, n) => report(`reading ${n}`));
    const packets = await link.ask(...reports);
    const msgids = reports.map(({ msgid }) => msgid);
    expect(shorts(packets)).toEqual([[`receipt 50 ${msgids.join()}`]]);
    const receipt = packets[0]?.[0] as Extract<Frame, { kind: "receipt" }>;
    expect([receipt.answer, receipt.msgid]).toEqual([true, 0n]);
    expect(Math.abs(receipt.timeMs - world.time)).toBeLessThan(1_000);
    expect(stored()).toEqual(Array.from({ length: 18 }, (_, n) => `reading ${n}`));
    // The same packet once more: the same receipt, and no report more.
    expect(shorts(await link.ask(...reports))).toEqual([[`receipt 50 ${msgids.join()}`]]);
    expect(stored()).toHaveLength(18);
  });

  test("come after the commit: a batch that fails has 95 for each, in text", async () => {
    world.server.broken = true;
    const reports = [report("one"), report("two")];
    const texts = reports.map(({ msgid }) => `ACK 95 ${msgid}`);
    expect(shorts(await link.ask(...reports))).toEqual([texts]);
    expect(stored()).toEqual([]);
    world.server.broken = false;
    const msgids = reports.map(({ msgid }) => msgid).join();
    expect(shorts(await link.ask(...reports))).toEqual([[`receipt 50 ${msgids}`]]);
    expect(stored()).toEqual(["one", "two"]);
  });

  test("a STATUS gets 40, and one for each code answers a mixed packet", async () => {
    const beat = link.text(status(), wish);
    expect(shorts(await link.ask(beat))).toEqual([[`receipt 40 ${beat.msgid}`]]);
    const frames = [report("a"), link.text(status(), wish), report("b")];
    const [packet = [], ...others] = shorts(await link.ask(...frames));
    expect(others).toEqual([]);
    const [a, b, c] = frames.map(({ msgid }) => msgid);
    expect(packet.toSorted()).toEqual([`receipt 40 ${b}`, `receipt 50 ${a},${c}`]);
  });

  test("are for those who ask for one: the others have an ACK, with the hash of their text", async () => {
    const frames = [report("a"), link.text(data("b")), link.text(status())];
    const [packet = []] = await link.ask(...frames);
    const [a, b, c] = frames.map(({ msgid }) => msgid);
    const told = packet.map(short).toSorted();
    expect(told).toEqual([`ACK 40 ${c}`, `ACK 50 ${b}`, `receipt 50 ${a}`]);
    const said = packet.filter((frame) => frame.kind === "text").map(({ body }) => decode(body));
    const hashes = said.map((each) => (each.ok && "hash" in each.message ? each.message.hash : ""));
    const asked = [frames[1], frames[2]].map((frame) => digestOf((frame as TextFrame).body));
    expect(hashes.toSorted()).toEqual(asked.toSorted());
  });

  test.each([
    ["a report without a session", () => data("x", "nobody"), ["ACK 51"]],
    ["a heartbeat without a session", () => status("nobody"), ["ACK 41"]],
    ["a LOGIN", login, ["ACK 70", "ticket"]],
    ["a LOGOFF", () => encode({ type: "LOGOFF", id }), ["ACK 80"]],
    ["a text that is malformed", () => "DATA\t07\tasmith\t1\t9\tx", ["ACK 90"]],
    ["a type that there is not", () => "PING", ["ACK 91"]],
    [
      "a QUERY",
      () => encode({ type: "QUERY", code: "03", id, address: null, time: "1", target: "*" }),
      ["DATA 01"],
    ],
  ])("%s has no RECEIPT, even if it asks for one", async (_, textOf, expected) => {
    const frame = link.text(textOf(), wish);
    const told = shorts(await link.ask(frame)).flat();
    expect(told).toEqual(expected.map((s) => (s === "ticket" ? s : `${s} ${frame.msgid}`)));
  });
});

describe("one frame among others", () => {
  test("a TEXT that is malformed is refused with 90, the others are carried out", async () => {
    const bad = link.text("DATA\t07\tasmith\t1\t9\tx", wish);
    const [first, last] = [report("first"), report("last")];
    const told = shorts(await link.ask(first, bad, last)).flat();
    expect(told.toSorted()).toEqual([
      `ACK 90 ${bad.msgid}`,
      `receipt 50 ${first.msgid},${last.msgid}`,
    ]);
    expect(stored()).toEqual(["first", "last"]);
  });

  test.each([
    ["of a kind that there is not", (frame: Uint8Array) => (frame[0] = 10)],
    ["with flags that there are not", (frame: Uint8Array) => (frame[1] = 3)],
    ["that only a server sends", (frame: Uint8Array) => (frame[0] = 9)],
  ])("one %s is dropped alone, and counted", async (_, change) => {
    const { counters } = world.server.engine.desk;
    const before = counters.sealedRefused;
    const frames = [report("first"), report("dropped"), report("last")];
    const plaintext = encodeFrames(frames);
    change(plaintext.subarray(12 + (frames[0] as TextFrame).body.length));
    const [first, , last] = frames.map(({ msgid }) => msgid);
    expect(shorts(await link.askBytes(plaintext))).toEqual([[`receipt 50 ${first},${last}`]]);
    expect(counters.sealedRefused).toBe(before + 1);
    expect(stored()).toEqual(["first", "last"]);
  });

  test("after a length beyond the end nothing more is read, what stands before is carried out", async () => {
    const { counters } = world.server.engine.desk;
    const before = counters.sealedRefused;
    const frames = [report("first"), report("cut"), report("last")];
    const plaintext = encodeFrames(frames);
    plaintext[12 + (frames[0] as TextFrame).body.length + 2] = 0xff;
    expect(shorts(await link.askBytes(plaintext))).toEqual([[`receipt 50 ${frames[0]?.msgid}`]]);
    expect(counters.sealedRefused).toBe(before + 1);
    expect(stored()).toEqual(["first"]);
  });

  test("a RESUME that is malformed has 90 with the hash of its body, and the id `-`", async () => {
    const proof = fixedBytes("proof");
    const resume = { kind: "resume", answer: false, id, proof, ip: "192.0.2.2", port: 11 } as const;
    const body = encodeBody(resume);
    const frames = [{ ...resume, msgid: 1_000n }, report("after it")];
    const plaintext = encodeFrames(frames);
    // Its port becomes 0.
    plaintext.fill(0, 12 + body.length - 2, 12 + body.length);
    body.fill(0, body.length - 2);
    const [packet = []] = await link.askBytes(plaintext);
    expect(packet.map(short).toSorted()).toEqual(["ACK 90 1000", `receipt 50 ${frames[1]?.msgid}`]);
    const refusal = packet.find((frame) => frame.kind === "text");
    const said = decode(refusal?.body ?? new Uint8Array());
    expect(said.ok && said.message).toMatchObject({ id: "-", hash: digestOf(body) });
  });

  test.each([
    ["LOGIN", login],
    ["STATUS", status],
    [
      "REGISTER",
      () => encode({ type: "REGISTER", id, password: "p", mac: "m", ip: "::1", port: 1 }),
    ],
    ["LOGOFF", () => encode({ type: "LOGOFF", id })],
  ])("a %s with flag 1 is no answer: 90", async (_, textOf) => {
    const frame = link.text(textOf(), { answer: true });
    expect(shorts(await link.ask(frame))).toEqual([[`ACK 90 ${frame.msgid}`]]);
    const beat = link.text(status(), wish);
    expect(shorts(await link.ask(beat))).toEqual([[`receipt 40 ${beat.msgid}`]]);
  });

  test("a RESUME with flag 1 is no answer: 90", async () => {
    const proof = fixedBytes("proof");
    const resume = { kind: "resume", answer: true, id, proof, ip: "192.0.2.2", port: 11 } as const;
    expect(shorts(await link.ask({ ...resume, msgid: 1_001n }))).toEqual([["ACK 90 1001"]]);
  });

  test("an ACK with flag 1 has no answer, a DATA that answers nothing is a report", async () => {
    const hash = "0".repeat(64);
    const ack = encode({ type: "ACK", code: "50", id, time: "1", hash, reason: "" });
    const frames = [link.text(ack, { answer: true }), link.text(data("late"), { answer: true })];
    expect(shorts(await link.ask(...frames))).toEqual([[`ACK 50 ${frames[1]?.msgid}`]]);
    expect(stored()).toEqual(["late"]);
  });
});

describe("a CLOSE", () => {
  test("ends the packet: what stands after it is not carried out, what stands before is", async () => {
    const close = { kind: "close", answer: false, msgid: 9_000n } as const;
    const { links } = world.server.engine.desk;
    const beat = link.text(status(), wish);
    const before = links.size;
    const packets = await link.ask(beat, report("before"), close, report("after"));
    expect(shorts(packets)).toEqual([[`receipt 40 ${beat.msgid}`]]);
    expect(stored()).toEqual(["before"]);
    expect(links.size).toBe(before - 1);
  });
});

describe("RELAY", () => {
  test("without a login gets an ERROR with its msgid", async () => {
    await loggedIn(world, target);
    const stranger = await BareLink.open(world, fixedPair("stranger"), 12);
    const frame = stranger.relayed(target.id, 64);
    const beat = stranger.text(status("nobody"));
    const told = shorts(await stranger.ask(frame, beat));
    expect(told).toEqual([
      [`error ${Number(answerCode.notLoggedIn)} ${frame.msgid}`, `ACK 41 ${beat.msgid}`],
    ]);
  });
});

test("a RELAY whose packet fits beside the id of its receiver, but not of its sender, gets an ERROR", async () => {
  const receiver = await BareLink.open(world, fixedPair("other"), 12);
  await receiver.enter("b");
  const [fits, over] = [link.relayed("b", 1_136), link.relayed("b", 1_152)];
  expect(1 + id.length + 1_152).toBeGreaterThan(1_156);
  expect(shorts(await link.ask(over))).toEqual([
    [`error ${Number(answerCode.noAnswer)} ${over.msgid}`],
  ]);
  expect(await link.ask(fits)).toEqual([]);
  expect(shorts(await receiver.ask(receiver.text(status("b"), wish)))[0]).toEqual(["relay"]);
});

test("answers that do not fit in one packet come in two, in order", async () => {
  const frames = Array.from({ length: 18 }, (_, n) => link.text(data(`reading ${n}`)));
  const packets = await link.ask(...frames);
  expect(packets).toHaveLength(2);
  const told = frames.map(({ msgid }) => `ACK 50 ${msgid}`);
  expect(shorts(packets).flat()).toEqual(told);
  expect(packets[0]?.length).toBeGreaterThan(8);
});

test("each frame counts as a request of the turn, also one that changes nothing", () => {
  const { engine } = world.server;
  const isFull = () => engine.isFull;
  const source = { ip: "192.0.2.2", port: 11 };
  engine.endTurn();
  let packets = 0;
  while (!isFull()) {
    const frames = Array.from({ length: 40 }, () => link.text("nonsense"));
    const packet = valueOf(link.transport.seal(encodeFrames(frames), world.now));
    engine.receive(packet, source, world.moment);
    packets++;
  }
  expect(packets).toBe(Math.ceil(limits.requestsPerTurn / 41));
  expect(engine.hasWork).toBe(false);
  engine.endTurn();
  expect(isFull()).toBe(false);
});
