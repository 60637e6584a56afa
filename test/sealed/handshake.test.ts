// INIT, RESP and the transport that follows, byte for byte as an independent implementation writes them, and what each
// side refuses.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { encodeFrames } from "../../lib/sealed/bundle.ts";
import { initiate, Responder } from "../../lib/sealed/handshake.ts";
import { prologue } from "../../lib/sealed/limits.ts";
import { hasMac2, mac1Key, writeMacs } from "../../lib/sealed/macs.ts";
import { NoiseInitiator } from "../../lib/sealed/noise.ts";
import { encodePacket } from "../../lib/sealed/packets.ts";
import { x25519KeyPair } from "../../lib/sealed/primitives.ts";
import { Transport } from "../../lib/sealed/transport.ts";
import vectors from "../../lib/sealed/vectors/handshakes.json";
import {
  client,
  clientIndex,
  finishHandshake,
  fixedBytes,
  fixedPair,
  fromHex,
  fromText,
  reasonOf,
  server,
  serverIndex,
  startHandshake,
  toHex,
  valueOf,
} from "./fixtures.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

function pairOf(hex: string) {
  return x25519KeyPair(fromHex(hex));
}

type HandshakeVector = (typeof vectors)[number];

function initiationOf(vector: HandshakeVector) {
  return valueOf(
    initiate({
      local: pairOf(vector.initiatorStatic),
      remoteKey: fromHex(vector.responderPublic),
      ephemeral: pairOf(vector.initiatorEphemeral),
      index: vector.initiatorIndex,
      hsCounter: vector.hsCounter,
      caps: vector.caps,
      psk: fromHex(vector.psk),
    }),
  );
}

describe.each(vectors.map((vector) => [vector.name, vector] as const))("%s", (_, vector) => {
  const cookie = vector.cookie === null ? undefined : fromHex(vector.cookie);

  test("initiator: INIT out, RESP in", () => {
    const initiation = initiationOf(vector);
    expect(toHex(initiation.packet(cookie))).toBe(vector.init);
    const established = valueOf(initiation.complete(fromHex(vector.resp)));
    expect(toHex(established.sendKey)).toBe(vector.initiatorKey);
    expect(toHex(established.receiveKey)).toBe(vector.responderKey);
    expect(toHex(established.handshakeHash)).toBe(vector.handshakeHash);
    expect(established.remoteIndex).toBe(vector.responderIndex);
    expect(established.localIndex).toBe(vector.initiatorIndex);
  });

  test("responder: INIT in, RESP out", () => {
    const responder = new Responder(pairOf(vector.responderStatic), fromHex(vector.psk));
    const read = valueOf(responder.readInit(fromHex(vector.init)));
    expect(read.hsCounter).toBe(vector.hsCounter);
    expect(read.caps).toBe(vector.caps);
    expect(read.sender).toBe(vector.initiatorIndex);
    expect(toHex(read.remoteKey)).toBe(vector.initiatorPublic);
    const answer = valueOf(read.answer(vector.responderIndex, pairOf(vector.responderEphemeral)));
    expect(toHex(answer.packet)).toBe(vector.resp);
    expect(toHex(answer.established.sendKey)).toBe(vector.responderKey);
    expect(toHex(answer.established.receiveKey)).toBe(vector.initiatorKey);
    expect(toHex(answer.established.handshakeHash)).toBe(vector.handshakeHash);
    expect(toHex(answer.established.remoteKey)).toBe(vector.initiatorPublic);
  });

  test("transport: every packet opens, and packets sealed in sequence have the same bytes", () => {
    const initiation = initiationOf(vector);
    const established = valueOf(initiation.complete(fromHex(vector.resp)));
    const { sendKey, receiveKey, localIndex, remoteIndex } = established;
    const mirrored = {
      ...established,
      initiator: false,
      sendKey: receiveKey,
      receiveKey: sendKey,
      localIndex: remoteIndex,
      remoteIndex: localIndex,
    };
    const sides = {
      initiator: new Transport(established, 0),
      responder: new Transport(mirrored, 0),
    };
    for (const message of vector.messages) {
      const from = message.from === "initiator" ? sides.initiator : sides.responder;
      const to = message.from === "initiator" ? sides.responder : sides.initiator;
      expect(toHex(valueOf(to.open(fromHex(message.wire), 0)).plaintext)).toBe(message.plaintext);
      if (from.sent !== message.counter) continue;
      expect(toHex(valueOf(from.seal(fromHex(message.plaintext), 0)))).toBe(message.wire);
    }
    expect(sides.initiator.sent).toBe(3);
  });
});

describe("INIT", () => {
  test("is refused by another server, at its mac1", () => {
    const other = new Responder(fixedPair("other server"));
    expect(reasonOf(other.readInit(startHandshake().packet()))).toBe("mac1");
  });

  test("with a right mac1 over a forged message is refused by Noise", () => {
    const forged = Uint8Array.from(startHandshake().packet());
    forged[60]! ^= 1;
    writeMacs(forged, mac1Key(server.publicKey));
    expect(reasonOf(new Responder(server).readInit(forged))).toBe("noise");
  });

  test("carries no mac2 before a cookie arrived", () => {
    const initiation = startHandshake();
    expect(hasMac2(initiation.packet())).toBe(false);
    expect(hasMac2(initiation.packet(fixedBytes("cookie").subarray(0, 16)))).toBe(true);
  });

  test("can be read again when replayed, and carries the counter that reveals the replay", () => {
    const init = startHandshake(77).packet();
    const responder = new Responder(server);
    expect(valueOf(responder.readInit(init)).hsCounter).toBe(77);
    expect(valueOf(responder.readInit(init)).hsCounter).toBe(77);
  });

  test("carries counters up to 2^53 - 1", () => {
    const largest = Number.MAX_SAFE_INTEGER;
    const init = startHandshake(largest).packet();
    expect(valueOf(new Responder(server).readInit(init)).hsCounter).toBe(largest);
  });

  test.each([
    ["a counter over 2^53 - 1", "002000000000000000000000", "counter-range"],
    ["the highest counter of 8 bytes", "ffffffffffffffff00000000", "counter-range"],
  ])("with %s is refused, though it is genuine", (_, payload, reason) => {
    const setting = { prologue: fromText(prologue), psk: new Uint8Array(32) };
    const noise = new NoiseInitiator(setting, client, server.publicKey, fixedPair("e"));
    const init = encodePacket({
      type: "init",
      sender: clientIndex,
      noise: noise.writeFirst(fromHex(payload))!,
      mac1: new Uint8Array(16),
      mac2: new Uint8Array(16),
    });
    writeMacs(init, mac1Key(server.publicKey));
    expect(reasonOf(new Responder(server).readInit(init))).toBe(reason);
  });

  test("shows neither side's static key", () => {
    const wire = toHex(startHandshake().packet());
    expect(wire).not.toContain(toHex(client.publicKey));
    expect(wire).not.toContain(toHex(server.publicKey));
  });

  test("is not made for a key of small order", () => {
    const result = initiate({
      local: client,
      remoteKey: new Uint8Array(32),
      ephemeral: fixedPair("e"),
      index: 1,
      hsCounter: 1,
      caps: 0,
    });
    expect(reasonOf(result)).toBe("bad-key");
  });

  test("is refused where another packet is expected, and other packets where INIT is expected", () => {
    const { initiation, resp } = finishHandshake();
    expect(reasonOf(new Responder(server).readInit(resp))).toBe("not-expected");
    expect(reasonOf(initiation.complete(initiation.packet()))).toBe("not-expected");
    expect(reasonOf(initiation.openCookie(resp))).toBe("not-expected");
  });
});

describe("RESP", () => {
  test("that is forged leaves the handshake unchanged", () => {
    const { initiation, resp } = finishHandshake();
    const forged = encodePacket({
      type: "resp",
      sender: 9,
      receiver: clientIndex,
      noise: Buffer.concat([fixedPair("forger").publicKey, new Uint8Array(16)]),
      mac1: new Uint8Array(16),
    });
    expect(reasonOf(initiation.complete(forged))).toBe("mac1");
    writeMacs(forged, mac1Key(server.publicKey));
    expect(reasonOf(initiation.complete(forged))).toBe("noise");
    expect(valueOf(initiation.complete(resp)).remoteIndex).toBe(serverIndex);
  });

  test("for another index is refused", () => {
    const { initiation, resp } = finishHandshake();
    const other = Uint8Array.from(resp);
    other[8]! ^= 1;
    expect(reasonOf(initiation.complete(other))).toBe("index");
  });

  test("under another psk is refused by the client", () => {
    const initiation = startHandshake(1, fixedBytes("psk"));
    const read = valueOf(new Responder(server).readInit(initiation.packet()));
    const answer = valueOf(read.answer(serverIndex, fixedPair("e")));
    expect(reasonOf(initiation.complete(answer.packet))).toBe("noise");
  });

  test("two answers to one INIT both complete it, with different keys", () => {
    const initiation = startHandshake();
    const read = valueOf(new Responder(server).readInit(initiation.packet()));
    const keys = ["one", "two"].map((label) => {
      const answer = valueOf(read.answer(serverIndex, fixedPair(label)));
      const established = valueOf(initiation.complete(answer.packet));
      expect(toHex(established.sendKey)).toBe(toHex(answer.established.receiveKey));
      return toHex(established.sendKey);
    });
    expect(keys[0]).not.toBe(keys[1]!);
  });
});

test("each side sends with the key the other receives with, and both have the same handshake hash", () => {
  const sides = finishHandshake(fixedBytes("psk"));
  expect(toHex(sides.client.sendKey)).toBe(toHex(sides.server.receiveKey));
  expect(toHex(sides.client.receiveKey)).toBe(toHex(sides.server.sendKey));
  expect(toHex(sides.client.sendKey)).not.toBe(toHex(sides.client.receiveKey));
  expect(toHex(sides.client.handshakeHash)).toBe(toHex(sides.server.handshakeHash));
});

test("no content of a frame is visible on the wire", () => {
  const transport = new Transport(finishHandshake().client, 0);
  const secret = Buffer.from("LOGIN\tasmith\tpassword");
  const plaintext = encodeFrames([{ kind: "text", answer: false, msgid: 0n, body: secret }]);
  const packet = Buffer.from(valueOf(transport.seal(plaintext, 0)));
  expect(packet.includes("asmith")).toBe(false);
  expect(packet.includes("password")).toBe(false);
});
