// Both roles over UDP against an independent implementation (interop.py): real sockets on 127.0.0.1, ports chosen by
// the system. Without its Debian package the tests are skipped; in CI they fail.

import type { udp } from "bun";
import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { CookieJar } from "../../lib/sealed/cookie.ts";
import { decodeFrames, encodeFrames } from "../../lib/sealed/bundle.ts";
import type { Frame } from "../../lib/sealed/frames.ts";
import { initiate, Responder } from "../../lib/sealed/handshake.ts";
import { envelopeVersion } from "../../lib/sealed/limits.ts";
import { decodePacket, encodePacket } from "../../lib/sealed/packets.ts";
import { x25519KeyPair } from "../../lib/sealed/primitives.ts";
import { accept } from "../../lib/sealed/result.ts";
import { Transport } from "../../lib/sealed/transport.ts";
import { fixedBytes, fromText, toHex, valueOf } from "./fixtures.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const python = "/usr/bin/python3";
const script = join(import.meta.dir, "interop.py");
const limitMs = 30_000;
const versions = { versionMin: envelopeVersion, versionMax: envelopeVersion, flags: 0 };
const serverTimeMs = 1_795_338_906_250;
const available = hasDissononce();
const psks = [
  ["no psk", new Uint8Array(32)],
  ["a psk", fixedBytes("interop psk")],
] as const;

function hasDissononce(): boolean {
  try {
    return Bun.spawnSync([python, "-c", "import dissononce"]).exitCode === 0;
  } catch {
    return false;
  }
}

function spawnPeer(...args: readonly string[]) {
  return Bun.spawn([python, "-B", script, ...args], { stdout: "pipe", stderr: "inherit" });
}

/** A received datagram and where it came from. */
interface Arrival {
  readonly bytes: Uint8Array;
  readonly ip: string;
  readonly port: number;
}

/** A socket whose datagrams are awaited one by one. */
class Wire {
  #socket!: udp.Socket<"buffer">;
  readonly #arrived: Arrival[] = [];
  #waiting: ((arrival: Arrival) => void) | undefined;

  static async open(): Promise<Wire> {
    const wire = new Wire();
    wire.#socket = await Bun.udpSocket({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data: (_, bytes, port, ip) => wire.#take({ bytes, port, ip }),
        error() {},
      },
    });
    return wire;
  }

  get port(): number {
    return this.#socket.port;
  }

  send(bytes: Uint8Array, port: number): void {
    this.#socket.send(bytes, port, "127.0.0.1");
  }

  next(): Promise<Arrival> {
    const arrival = this.#arrived.shift();
    if (arrival !== undefined) return Promise.resolve(arrival);
    return new Promise((resolve) => (this.#waiting = resolve));
  }

  close(): void {
    this.#socket.close();
  }

  #take(arrival: Arrival): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#arrived.push(arrival);
    else waiting(arrival);
  }
}

let wire: Wire | undefined;

afterEach(() => wire?.close());

if (!available) {
  test("skipped: needs python3-dissononce (apt-get install python3-dissononce)", () => {
    expect(process.env["CI"], "CI must have it").not.toBe("true");
  });
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const chunk of stream) {
    text += new TextDecoder().decode(chunk);
    if (text.includes("\n")) break;
  }
  return text;
}

async function askForKey(port: number): Promise<Uint8Array> {
  const nonce = randomBytes(16);
  wire!.send(encodePacket({ type: "hello", nonce }), port);
  const key = valueOf(decodePacket((await wire!.next()).bytes));
  if (key.type !== "key") throw new Error(`A ${key.type} answered the HELLO.`);
  expect(toHex(key.nonce)).toBe(toHex(nonce));
  expect([key.versionMin, key.versionMax]).toEqual([2, 2]);
  return key.publicKey;
}

/** What both sides of this test answer to the frames of one packet: a RECEIPT, then the other TEXTs as they came. */
function answersTo(request: readonly Frame[]): Frame[] {
  const texts = request.filter((frame) => frame.kind === "text");
  const msgids = texts.filter(({ receipt }) => receipt === true).map(({ msgid }) => msgid);
  const receipt = { kind: "receipt", answer: true, msgid: 0n, code: "50" } as const;
  const receipts: Frame[] = msgids.length > 0 ? [{ ...receipt, timeMs: serverTimeMs, msgids }] : [];
  const others = texts.filter((text) => text.receipt !== true);
  const answers = others.map(({ kind, msgid, body }) => ({ kind, answer: true, msgid, body }));
  return [...receipts, ...answers];
}

/** The frames of five packets. */
function requests(): Frame[][] {
  let counter = 0n;
  const text = (body: string): Frame => {
    return {
      kind: "text",
      answer: false,
      msgid: (0xfeedn << 48n) | counter++,
      body: fromText(body),
    };
  };
  const report = (body: string) => Object.assign(text(body), { receipt: true });
  return [
    ...["", "STATUS\t01\tasmith", "x".repeat(1_156)].map((body) => [text(body)]),
    Array.from({ length: 18 }, (_, n) => report(`DATA\t01\tasmith\t${n}\t2\t21`)),
    [text("y"), report("yy"), text("yyy"), report(""), text("")],
  ];
}

describe.if(available).each(psks)("we ask, with %s", (_, psk) => {
  test(
    "HELLO, KEY, INIT, RESP, DATA both ways, bundles, receipts, CLOSE",
    async () => {
      const peer = spawnPeer("server", toHex(psk));
      const { port, publicKey } = JSON.parse(await firstLine(peer.stdout));
      wire = await Wire.open();
      const remoteKey = await askForKey(port);
      expect(toHex(remoteKey)).toBe(publicKey);
      const initiation = valueOf(
        initiate({
          local: x25519KeyPair(randomBytes(32)),
          remoteKey,
          ephemeral: x25519KeyPair(randomBytes(32)),
          index: 0xfffffff0,
          hsCounter: 1_795_305_600_000_000,
          caps: 0,
          psk,
        }),
      );
      wire.send(initiation.packet(), port);
      const established = valueOf(initiation.complete((await wire.next()).bytes));
      const transport = new Transport(established, 0);
      for (const request of requests()) {
        wire.send(valueOf(transport.seal(encodeFrames(request), 0)), port);
        const { plaintext } = valueOf(transport.open((await wire.next()).bytes, 0));
        expect(decodeFrames(plaintext)).toEqual(answersTo(request).map(accept));
      }
      const close = encodeFrames([{ kind: "close", answer: false, msgid: 0n }]);
      wire.send(valueOf(transport.seal(close, 0)), port);
      expect(await peer.exited).toBe(0);
    },
    limitMs,
  );
});

/** Serves one client until its CLOSE; returns the handshake hash. */
async function serveOne(psk: Uint8Array, underLoad: boolean): Promise<string> {
  const local = x25519KeyPair(randomBytes(32));
  const responder = new Responder(local, psk);
  const jar = new CookieJar(local.publicKey, { bytes: randomBytes });
  let transport: Transport | undefined;
  let handshakeHash = "";
  for (;;) {
    const { bytes, ip, port } = await wire!.next();
    const packet = valueOf(decodePacket(bytes));
    if (packet.type === "hello") {
      const { publicKey } = local;
      wire!.send(encodePacket({ type: "key", nonce: packet.nonce, ...versions, publicKey }), port);
    } else if (packet.type === "init") {
      if (underLoad && !jar.check(bytes, { ip, port }, 0)) {
        wire!.send(jar.answer(valueOf(responder.checkInit(bytes)), { ip, port }, 0), port);
        continue;
      }
      const read = valueOf(responder.readInit(bytes));
      expect(read.hsCounter).toBe(1_795_305_600_000_000);
      expect(read.caps).toBe(3);
      const answer = valueOf(read.answer(0x80000001, x25519KeyPair(randomBytes(32))));
      transport = new Transport(answer.established, 0);
      handshakeHash = toHex(answer.established.handshakeHash);
      wire!.send(answer.packet, port);
    } else {
      const request = decodeFrames(valueOf(transport!.open(bytes, 0)).plaintext).map(valueOf);
      if (request[0]!.kind === "close") return handshakeHash;
      wire!.send(valueOf(transport!.seal(encodeFrames(answersTo(request)), 0)), port);
    }
  }
}

const servings = psks.flatMap(([name, psk]) => [
  [name, "", psk, false] as const,
  [name, ", under load", psk, true] as const,
]);

describe.if(available).each(servings)("we serve, with %s%s", (_, __, psk, underLoad) => {
  test(
    "KEY, RESP, DATA both ways, bundles, receipts, CLOSE",
    async () => {
      wire = await Wire.open();
      const peer = spawnPeer("client", toHex(psk), String(wire.port));
      const handshakeHash = await serveOne(psk, underLoad);
      const seen = JSON.parse(await new Response(peer.stdout).text());
      // The lengths of the bodies in each answer: a receipt of 18 has 10 + 18 * 8 bytes.
      const answers = [[0], [21], [1_156], [154], [26, 10, 12, 14]];
      expect(seen).toEqual({ answers, cookies: underLoad ? 1 : 0, handshakeHash });
      expect(await peer.exited).toBe(0);
    },
    limitMs,
  );
});
