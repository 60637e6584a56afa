// An attacker without a password, who sees and sends anything: requests for others' sessions, guesses, garbage, forged
// answers, and addresses that nobody must send to. It has an IP of its own and can forge any source towards devices.

import { encode, encodeAck } from "../../lib/protocol/encode.ts";
import type { Address, Message } from "../../lib/protocol/messages.ts";
import type { Network } from "./network.ts";
import type { Stream } from "./random.ts";

/** An address without a host, which occurs inside messages only: no datagram may be sent to it. */
export const trap: Address = { ip: "203.0.113.13", port: 1313 };
export const attackerIp = "198.51.100.66";

const time = "2026-11-22:09:00:00";

export class Attacker {
  readonly address: Address = { ip: attackerIp, port: 1994 };
  /** The hash of the last request that the attacker saw from each IP. */
  readonly #seen = new Map<string, { readonly hash: string; readonly from: Address }>();

  constructor(
    private readonly network: Network,
    private readonly random: Stream,
    private readonly server: Address,
    private readonly ids: readonly string[],
  ) {}

  /** Observes a datagram on its way. */
  see(from: Address, to: Address, bytes: Uint8Array): void {
    if (to.port !== this.server.port || from.ip === attackerIp) return;
    this.#seen.set(from.ip, { hash: Bun.SHA256.hash(bytes, "hex"), from });
  }

  /** Performs one random attack. */
  act(): void {
    const { random } = this;
    const id = random.pick(this.ids);
    switch (random.between(0, 5)) {
      case 0:
        return this.#impersonate(id);
      case 1:
        return this.#guess(id);
      case 2:
        return this.#babble();
      case 3:
        return this.#forgeAnswers();
      case 4:
        return this.#lure(id);
      default:
        return this.#floodWithLogoffs(id);
    }
  }

  #toServer(message: Message): void {
    this.network.send(this.address, this.server, Buffer.from(encode(message)));
  }

  #impersonate(id: string): void {
    this.#toServer({ type: "LOGOFF", id });
    this.#toServer({ type: "STATUS", code: "01", id, time, message: "every=1" });
    this.#toServer({ type: "DATA", code: "66", id, address: null, time, message: "forged" });
    this.#toServer({ type: "QUERY", code: "03", id, address: trap, time, target: "*" });
    this.#toServer({ type: "QUERY", code: "03", id, address: null, time, target: "*" });
  }

  #guess(id: string): void {
    for (let i = 0; i < 25; i++) {
      const password = `guess ${this.random.between(0, 1e6)}`;
      this.#toServer({ type: "LOGIN", id, password, ...trap });
    }
  }

  #babble(): void {
    const lengths = [1, 5, 40, 1_199, 1_201];
    const bytes = this.random.bytes(this.random.pick(lengths));
    this.network.send(this.address, this.server, bytes);
    this.network.send(this.address, this.server, Buffer.from(`Q${this.random.next()}`));
  }

  /** Sends devices ACKs with the right hash from the wrong source, and with a wrong hash from the right source. */
  #forgeAnswers(): void {
    for (const [ip, { hash, from }] of this.#seen) {
      const id = this.random.pick(this.ids);
      const code = this.random.pick(["50", "31", "80", "20", "41", "95"]);
      const right = Buffer.from(encodeAck(code, id, time, hash));
      const wrong = Buffer.from(encodeAck(code, id, time, Bun.SHA256.hash(hash, "hex")));
      const to = { ip, port: from.port };
      this.network.inject({ ip: attackerIp, port: this.server.port }, to, right);
      this.network.inject(this.server, to, wrong);
    }
  }

  /** Asks devices to answer to an address that is only stated in the QUERY. */
  #lure(id: string): void {
    const question = {
      type: "QUERY",
      code: "01",
      id: "server",
      address: trap,
      time,
      target: id,
    } as const;
    for (const { from } of this.#seen.values()) {
      this.network.inject(this.address, from, Buffer.from(encode(question)));
    }
  }

  #floodWithLogoffs(id: string): void {
    for (let i = 0; i < 40; i++) this.#toServer({ type: "LOGOFF", id: `${id}${i}`.slice(0, 6) });
  }
}
