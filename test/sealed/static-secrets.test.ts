// Cached secrets of static keys: equal to the key agreement's result, kept only for keys that proved themselves, and
// bounded in number.

import { expect, setDefaultTimeout, test } from "bun:test";
import { initiate, Responder } from "../../lib/sealed/handshake.ts";
import { dh, hash, type KeyPair, x25519KeyPair } from "../../lib/sealed/primitives.ts";
import { StaticSecrets } from "../../lib/sealed/static-secrets.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const pairOf = (name: string): KeyPair => x25519KeyPair(hash(Buffer.from(name)));
const server = pairOf("server");

test("the secret equals the key agreement's result, before and after it is cached", () => {
  const secrets = new StaticSecrets(server);
  const device = pairOf("device");
  const expected = dh(device, server.publicKey) as Uint8Array;
  expect(secrets.with(device.publicKey)).toEqual(expected);
  expect(secrets.size).toBe(0);
  const secret = secrets.with(device.publicKey) as Uint8Array;
  secrets.keep(device.publicKey, secret);
  expect(secrets.size).toBe(1);
  expect(secrets.with(device.publicKey)).toBe(secret);
  expect(secrets.with(pairOf("other").publicKey)).not.toEqual(expected);
});

test("a key of small order has no secret", () => {
  expect(new StaticSecrets(server).with(new Uint8Array(32))).toBeUndefined();
});

test("the longest unused is evicted first, and its secret is overwritten", () => {
  const secrets = new StaticSecrets(server);
  const keys = Array.from({ length: 16_385 }, (_, i) => {
    const key = new Uint8Array(32);
    new DataView(key.buffer).setUint32(0, i + 1);
    return { key, secret: new Uint8Array(32).fill(1) };
  });
  const [first, second] = keys as [(typeof keys)[0], (typeof keys)[0]];
  for (const { key, secret } of keys.slice(0, -1)) secrets.keep(key, secret);
  // After this use the first key is no longer the longest unused.
  secrets.keep(first.key, first.secret);
  const last = keys.at(-1) as (typeof keys)[0];
  secrets.keep(last.key, last.secret);
  expect(secrets.size).toBe(16_384);
  expect(secrets.with(first.key)).toBe(first.secret);
  expect(first.secret).toEqual(new Uint8Array(32).fill(1));
  expect(second.secret).toEqual(new Uint8Array(32));
});

test("repeated handshakes of a known device succeed, each with its own keys", () => {
  const responder = new Responder(server);
  const device = pairOf("device");
  const sendKeys = [1, 2, 3].map((counter) => {
    const initiation = initiate({
      local: device,
      remoteKey: server.publicKey,
      ephemeral: pairOf(`ephemeral ${counter}`),
      index: counter,
      hsCounter: counter,
      caps: 0,
    });
    if (!initiation.ok) throw new Error(initiation.reason);
    const read = responder.readInit(initiation.value.packet());
    if (!read.ok) throw new Error(read.reason);
    expect(read.value.remoteKey).toEqual(device.publicKey);
    const answer = read.value.answer(7, pairOf(`answer ${counter}`));
    if (!answer.ok) throw new Error(answer.reason);
    const finished = initiation.value.complete(answer.value.packet);
    if (!finished.ok) throw new Error(finished.reason);
    expect(finished.value.sendKey).toEqual(answer.value.established.receiveKey);
    return Buffer.from(finished.value.sendKey).toString("hex");
  });
  expect(new Set(sendKeys).size).toBe(3);
});
