// The gate of the sealed transport: a link whose keys are too old is gone, and a flood of INITs needs cookies from the
// first one of each second.

import { expect, setDefaultTimeout, test } from "bun:test";
import { encodeFrames } from "../../../lib/sealed/bundle.ts";
import { deadAfterMs } from "../../../lib/sealed/limits.ts";
import { packetType } from "../../../lib/sealed/packet-form.ts";
import { ed25519KeyPair } from "../../../lib/sealed/primitives.ts";
import { Transport } from "../../../lib/sealed/transport.ts";
import { Desk } from "../../../lib/server/desk.ts";
import { PacketGate } from "../../../lib/server/links/packet-gate.ts";
import { limits } from "../../../lib/server/policy.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { defaultPolicy } from "../default-policy.ts";
import { fixedBytes, server, startHandshake, valueOf } from "../../sealed/fixtures.ts";

setDefaultTimeout(testTimeoutMs);

const source = { ip: "192.0.2.10", port: 1994 };

/** A gate, the kinds of the frames that it passed on, and what it answers to a packet. */
function gateway() {
  const frames: number[] = [];
  let drawn = 0;
  const desk = new Desk(
    {
      policy: defaultPolicy,
      log: { debug: false, activity() {}, error() {} },
      random: { bytes: (count) => fixedBytes(`random ${drawn++}`).subarray(0, count) },
      identity: {
        sealing: server,
        signing: ed25519KeyPair(fixedBytes("signing")),
        psk: null,
        digestKey: fixedBytes("digest"),
      },
    },
    { wall: 0, monotonic: 0 },
  );
  const gate = new PacketGate(desk, (_link, frame) => void frames.push(frame.kind));
  const answers = (packet: Uint8Array, atMs: number, late = false) => {
    desk.clock.set({ wall: atMs, monotonic: atMs });
    gate.receive(packet, source, late);
    return desk.outbox.take().map(({ payload }) => payload as Uint8Array);
  };
  return { desk, frames, answers };
}

test("a link whose keys are too old is removed, and its peer hears of it", () => {
  const { desk, frames, answers } = gateway();
  const handshake = startHandshake();
  const [resp = new Uint8Array()] = answers(handshake.packet(), 0);
  const client = new Transport(valueOf(handshake.complete(resp)), 0);
  const alive = encodeFrames([{ kind: "keepalive", answer: false, msgid: 1n }]);
  const packets = [0, 1, 2].map(() => valueOf(client.seal(alive, 0)));
  expect(answers(packets[0] as Uint8Array, deadAfterMs - 1)).toEqual([]);
  const link = desk.links.at(client.remoteIndex);
  expect([frames.length, desk.links.size]).toEqual([1, 1]);
  const resets = answers(packets[1] as Uint8Array, deadAfterMs);
  expect(resets.map(([type]) => type)).toEqual([packetType.reset]);
  expect([frames.length, desk.links.size]).toEqual([1, 0]);
  expect(link?.transport.seal(alive, 0).ok).toBe(false);
});

/** The types of the answers to a number of equal INITs; the first of them is no replay. */
function floodOf(
  count: number,
  atMs: number,
  { answers }: ReturnType<typeof gateway>,
): Set<number> {
  const init = startHandshake(1 + atMs).packet();
  const types = new Set<number>();
  for (let i = 0; i < count; i++) {
    // All of them need a cookie, so that none costs a handshake.
    for (const [type = 0] of answers(init, atMs, true)) types.add(type);
  }
  return types;
}

test.each([
  ["goes on", 2 * limits.initsPerSecond, 1_000, packetType.cookie],
  ["is over for a second", 10 * limits.initsPerSecond, 2_000, packetType.resp],
  ["was none", limits.initsPerSecond, 1_000, packetType.resp],
])("a flood of INITs that %s: the first INIT after it", (_what, inits, atMs, answer) => {
  const gate = gateway();
  expect([...floodOf(inits, 0, gate)]).toEqual([packetType.cookie]);
  const [[type] = [0]] = gate.answers(startHandshake(2).packet(), atMs);
  expect(type).toBe(answer);
});

test("however large a flood was, one second with few INITs ends it", () => {
  const gate = gateway();
  floodOf(10 * limits.initsPerSecond, 0, gate);
  const kinds = [1_000, 2_000].map((atMs) => gate.answers(startHandshake(atMs).packet(), atMs)[0]);
  expect(kinds.map((packet) => packet?.[0])).toEqual([packetType.cookie, packetType.resp]);
});

test("a small excess over the limit leaves room for others in the next second", () => {
  const gate = gateway();
  floodOf(limits.initsPerSecond + 10, 0, gate);
  floodOf(limits.initsPerSecond - 11, 1_000, gate);
  const kinds = [2, 3].map(
    (counter) => gate.answers(startHandshake(counter).packet(), 1_000)[0]?.[0],
  );
  expect(kinds).toEqual([packetType.resp, packetType.cookie]);
});
