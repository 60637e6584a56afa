// A fleet of sealed devices in one process, over a few sockets; each behaves like a client. As a program it reads lines
// (`heartbeat FIRST END`, `resume FIRST END`) and answers each with a line once all these devices are acknowledged.

import { loadCipher } from "../../lib/sealed/cipher.ts";
import { packetType, receiverOf } from "../../lib/sealed/packet-form.ts";
import { openUdp, type UdpEndpoint } from "../../lib/io/udp/udp-endpoint.ts";
import { deviceBits, type Greeting, Member } from "./fleet-member.ts";

/** The number of devices that act before received packets are processed again. */
const actsAtOnce = 16;

export class Fleet {
  readonly members: readonly Member[];
  readonly #byServerIndex = new Map<number, Member>();
  #wanted: readonly Member[] = [];
  #done: (() => void) | null = null;

  private constructor(devices: number, serverKey: Uint8Array, send: Send) {
    this.members = Array.from(
      { length: devices },
      (_, device) =>
        new Member(
          device,
          serverKey,
          (packet) => send(device, packet),
          performance.now.bind(performance),
        ),
    );
  }

  /** @param sockets the number of sockets that the devices share */
  static async open(
    port: number,
    serverKey: Uint8Array,
    devices: number,
    sockets: number,
  ): Promise<{ fleet: Fleet; close(): void }> {
    await loadCipher();
    const endpoints: UdpEndpoint[] = [];
    const fleet: Fleet = new Fleet(devices, serverKey, (device, packet) => {
      endpoints[device % sockets]?.send([{ payload: packet, to: { ip: "127.0.0.1", port } }]);
    });
    for (let i = 0; i < sockets; i++) {
      endpoints.push(await openUdp("127.0.0.1", 0, (bytes) => fleet.#receive(bytes)));
    }
    return {
      fleet,
      close: () => {
        for (const endpoint of endpoints) endpoint.close();
      },
    };
  }

  /** Starts the request of devices `first` to below `end`, all at once; resolves when every one is acknowledged. */
  bring(greeting: Greeting, first: number, end: number): Promise<void> {
    this.#wanted = this.members.slice(first, end);
    for (const member of this.#wanted) member.begin(greeting);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#done = resolve;
    this.#turn();
    return promise;
  }

  #turn(): void {
    const now = performance.now();
    const due: Member[] = [];
    let out = 0;
    for (const member of this.#wanted) {
      if (!member.isIn) out++;
      if (member.dueAt <= now && due.length < actsAtOnce) due.push(member);
    }
    for (const member of due) {
      member.act();
    }
    if (out === 0) return this.#done?.();
    if (due.length > 0) setImmediate(() => this.#turn());
    else setTimeout(() => this.#turn(), 2);
  }

  #receive(bytes: Uint8Array): void {
    // A RESET carries the server's index, which was the receiver of the packets that were sent.
    if (bytes[0] === packetType.reset) return this.#receiveReset(bytes);
    const member = this.members[receiverOf(bytes) % 2 ** deviceBits];
    member?.receive(bytes);
    if (bytes[0] === packetType.resp && member?.transport) {
      this.#byServerIndex.set(member.transport.remoteIndex, member);
    }
  }

  #receiveReset(bytes: Uint8Array): void {
    const index = receiverOf(bytes);
    if (this.#byServerIndex.get(index)?.receiveReset(bytes)) this.#byServerIndex.delete(index);
  }
}

type Send = (device: number, packet: Uint8Array) => void;

if (import.meta.main) {
  const [port, serverKey = "", devices, sockets] = process.argv.slice(2);
  const key = Buffer.from(serverKey, "base64");
  const { fleet } = await Fleet.open(Number(port), key, Number(devices), Number(sockets));
  console.log("ready");
  for await (const line of console) {
    const [greeting, first, end] = line.split(" ");
    await fleet.bring(greeting as Greeting, Number(first), Number(end));
    console.log(`in ${process.cpuUsage().user / 1_000}`);
  }
}
