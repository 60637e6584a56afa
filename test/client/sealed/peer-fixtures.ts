// Two devices that call each other, and a stranger that knows the key of one: what the tests of calls share.

import { expect } from "bun:test";
import { addressIn } from "../../../lib/client/answers.ts";
import type { CallResult } from "../../../lib/client/channel.ts";
import { encode } from "../../../lib/protocol/encode.ts";
import type { Address } from "../../../lib/protocol/messages.ts";
import { encodeFrames } from "../../../lib/sealed/bundle.ts";
import type { Frame } from "../../../lib/sealed/frames.ts";
import { initiate } from "../../../lib/sealed/handshake.ts";
import { Transport } from "../../../lib/sealed/transport.ts";
import { fixedPair, valueOf } from "../../sealed/fixtures.ts";
import type { ClientNode, ClientOptions } from "./client-node.ts";
import { type Datagram, packetKind, World } from "./world.ts";

export const asker = { id: "asmith", address: { ip: "192.0.2.2", port: 1994 } };
export const target = { id: "bsmith", address: { ip: "192.0.2.3", port: 1995 } };

export async function loggedIn(world: World, options: ClientOptions): Promise<ClientNode> {
  const client = world.add(options);
  await client.register();
  expect(await client.logIn()).toBe("70");
  return client;
}

/** Asks the server for the target's address, then calls the target. */
export async function call(
  from: ClientNode,
  id = target.id,
): Promise<{ result: CallResult; at: Address }> {
  const time = from.times.distinct();
  const question = {
    type: "QUERY",
    code: "01",
    id: from.id,
    address: null,
    time,
    target: id,
  } as const;
  const outcome = await from.ask(question);
  const at = outcome.kind === "answer" ? addressIn(outcome.message) : null;
  if (at === null) throw new Error(`no address of ${id}`);
  let result: CallResult | null = null;
  from.carrier.call?.(id, at, (how) => {
    result = how;
  });
  await from.world.run(() => result !== null);
  return { result: result as unknown as CallResult, at };
}

/** Sends a QUERY to the target itself, or to another device; returns the answer. */
export async function askPeer(
  from: ClientNode,
  at: Address,
  id = from.id,
  of = target.id,
): Promise<string> {
  const address = from.address;
  const time = from.times.distinct();
  const question = { type: "QUERY", code: "01", id, address, time, target: of } as const;
  const outcome = await from.ask(question, at);
  return outcome.kind === "answer" ? outcome.message : outcome.kind;
}

/** Handshakes with the target, as anybody who knows its key can, and sends it frames before a question. */
export async function strangerAsks(world: World, to: ClientNode, frames: Frame[]): Promise<number> {
  const mallory = { ip: "203.0.113.9", port: 9 };
  const initiation = valueOf(
    initiate({
      local: fixedPair("mallory"),
      remoteKey: to.disk.local.publicKey,
      ephemeral: fixedPair("mallory's ephemeral"),
      index: 1,
      hsCounter: 1,
      caps: 0,
    }),
  );
  world.wire.length = 0;
  world.send(initiation.packet(), mallory, to.address);
  await world.pass(10);
  const resp = world.wire.find((datagram) => packetKind(datagram) === "resp") as Datagram;
  const transport = new Transport(valueOf(initiation.complete(resp.bytes)), world.now);
  for (const frame of [...frames, askedOutright()]) {
    world.send(valueOf(transport.seal(encodeFrames([frame]), world.now)), mallory, to.address);
    await world.pass(10);
  }
  return world.wire.filter(({ from }) => from === to.address).length - 1;
}

function askedOutright(): Frame {
  const address = { ip: "203.0.113.9", port: 9 };
  const text = encode({
    type: "QUERY",
    code: "01",
    id: "asmith",
    address,
    time: "now",
    target: "bsmith",
  });
  return { kind: "text", answer: false, msgid: 2n, body: Buffer.from(text) };
}
