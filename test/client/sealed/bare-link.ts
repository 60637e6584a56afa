// A device that is a link and nothing else: its frames are written by hand, past the client's own rules, and what the
// server answers is kept packet by packet.

import { encode } from "../../../lib/protocol/encode.ts";
import type { Address } from "../../../lib/protocol/messages.ts";
import { decodeFrames, encodeFrames, framesIn } from "../../../lib/sealed/bundle.ts";
import type { Frame } from "../../../lib/sealed/frames.ts";
import { initiate } from "../../../lib/sealed/handshake.ts";
import type { KeyPair } from "../../../lib/sealed/primitives.ts";
import { Transport } from "../../../lib/sealed/transport.ts";
import { fixedPair, valueOf } from "../../sealed/fixtures.ts";
import { asker, target } from "./peer-fixtures.ts";
import { packetKind, type World } from "./world.ts";

export type TextFrame = Extract<Frame, { kind: "text" }>;

export class BareLink {
  #msgid = 0n;
  #heard: number;

  private constructor(
    private readonly world: World,
    readonly transport: Transport,
    private readonly address: { ip: string; port: number },
  ) {
    this.#heard = world.wire.length;
  }

  static async open(world: World, local: KeyPair, port: number): Promise<BareLink> {
    const address = { ip: "192.0.2.2", port };
    const remoteKey = world.server.identity.sealing.publicKey;
    const ephemeral = fixedPair(`ephemeral ${port}`);
    const counter = { index: port, hsCounter: port, caps: 0 };
    const initiation = valueOf(initiate({ local, remoteKey, ephemeral, ...counter }));
    world.send(initiation.packet(), address, world.serverAddress);
    await world.pass(10);
    const resp = world.wire.findLast((datagram) => packetKind(datagram) === "resp");
    if (resp === undefined) throw new Error("the server did not answer the INIT");
    return new BareLink(
      world,
      new Transport(valueOf(initiation.complete(resp.bytes)), world.now),
      address,
    );
  }

  /** Registers the device if it is not, and logs it in. */
  async enter(id = asker.id): Promise<void> {
    const stated = { id, password: "password", ...this.address };
    await this.ask(this.text(encode({ type: "REGISTER", mac: `mac-of-${id}`, ...stated })));
    await this.ask(this.text(encode({ type: "LOGIN", ...stated })));
  }

  async keepAlive(): Promise<void> {
    await this.ask({ kind: "keepalive", answer: false, msgid: this.#next() });
  }

  /** A TEXT with a new msgid, and flags if they are named. */
  text(text: string, flags: Partial<Pick<TextFrame, "answer" | "receipt">> = {}): TextFrame {
    return { kind: "text", answer: false, msgid: this.#next(), body: Buffer.from(text), ...flags };
  }

  /** Sends packets to be relayed to the target, all at once, and returns the codes of the answers. */
  async relay(count: number): Promise<number[]> {
    for (let i = 0; i < count; i++) this.#send(encodeFrames([this.relayed(target.id, 64)]));
    const answers = (await this.#answers()).flat();
    return answers.map((frame) => (frame.kind === "error" ? frame.code : -1));
  }

  /** A RELAY of a DATA packet of this size. */
  relayed(id: string, bytes: number): Frame {
    const packet = new Uint8Array(bytes);
    packet[0] = 6;
    return { kind: "relay", answer: false, msgid: this.#next(), id, packet };
  }

  /** Sends frames in one packet; returns the frames of each packet that came back. */
  ask(...frames: readonly Frame[]): Promise<Frame[][]> {
    return this.askBytes(encodeFrames(frames));
  }

  /** Sends a plaintext as it is; returns the frames of each packet that came back. */
  askBytes(plaintext: Uint8Array): Promise<Frame[][]> {
    this.#send(plaintext);
    return this.#answers();
  }

  /** Sends a plaintext from another address. */
  sendFrom(address: Address, plaintext: Uint8Array): void {
    const { world, transport } = this;
    world.send(valueOf(transport.seal(plaintext, world.now)), address, world.serverAddress);
  }

  async #answers(): Promise<Frame[][]> {
    const { world, address } = this;
    await world.pass(10);
    const arrived = world.wire.slice(this.#heard);
    this.#heard = world.wire.length;
    return arrived
      .filter(({ to }) => to.port === address.port && to.ip === address.ip)
      .filter((datagram) => packetKind(datagram) === "data")
      .map(({ bytes }) =>
        framesIn(decodeFrames(valueOf(this.transport.open(bytes, world.now)).plaintext)),
      );
  }

  #send(plaintext: Uint8Array): void {
    this.sendFrom(this.address, plaintext);
  }

  #next(): bigint {
    return ++this.#msgid;
  }
}
