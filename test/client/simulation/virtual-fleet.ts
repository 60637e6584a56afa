// A fleet, a server and the network between them in virtual time. The server knows devices, sessions and reports, as little
// as the tests need.

import { Fleet, type FleetSettings } from "../../../lib/client/simulation/fleet.ts";
import { seededRandom } from "../../../lib/client/simulation/seeded-random.ts";
import { commandAnswer, commandStatus } from "../../../lib/protocol/commands.ts";
import { encode, encodeAck } from "../../../lib/protocol/encode.ts";
import type { Message } from "../../../lib/protocol/messages.ts";
import { messageIn, server as serverAddress } from "../fakes.ts";

const beginning = Date.UTC(2026, 10, 22);
const oneWayMs = 5;

type Arrival = { readonly at: number; readonly run: () => void };

export class VirtualFleet {
  now = 0;
  /** The codes with which requests are refused, by type, before all else. */
  readonly refuse = new Map<string, string>();
  readonly registered = new Set<string>();
  readonly sessions = new Map<string, { lastAt: number; everyMs: number }>();
  /** The times of the reports of each device, ms since the start, and their texts. */
  readonly reports = new Map<string, { at: number; message: string }[]>();
  readonly answers: Message[] = [];
  /** The command that waits for each device: sent after each answer to it, until it has a result. */
  readonly commands = new Map<string, { number: number; message: string }>();
  /** The results of commands, as they arrived. */
  readonly results: string[] = [];
  readonly refusals: string[] = [];
  /** The most devices that had registered and not logged in at the same time. */
  joiningMax = 0;
  isUp = true;
  readonly fleet: Fleet;
  readonly #arrivals: Arrival[] = [];

  constructor(settings: Partial<FleetSettings> = {}) {
    this.fleet = new Fleet(
      {
        devices: 100,
        everyMs: 30_000,
        seed: 1,
        loss: 0,
        password: "password",
        server: serverAddress,
        sealed: null,
        isRemoval: false,
        ...settings,
      },
      {
        send: (payload) => this.#after(oneWayMs, () => this.#serve(String(payload))),
        now: () => this.now,
        time: () => beginning + this.now,
        random: seededRandom(7),
        randomBytes: (count) => new Uint8Array(count),
        onRefused: (id, verb, code) => this.refusals.push(`${id} ${verb} ${code}`),
        onTrouble: () => {},
        onKeyChange: () => {},
      },
    );
  }

  /** Lets time pass. */
  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const wakeAt = this.fleet.wakeAt ?? Infinity;
      const [arrival] = this.#arrivals;
      const at = Math.max(this.now, Math.min(wakeAt, arrival?.at ?? Infinity));
      if (at > end) break;
      this.now = at;
      if (arrival !== undefined && arrival.at <= at) {
        this.#arrivals.shift();
        arrival.run();
      } else {
        this.fleet.tick(at);
      }
    }
    this.now = end;
  }

  /** Asks a device. */
  ask(id: string): void {
    this.#reply(
      encode({
        type: "QUERY",
        code: "01",
        id: "server",
        address: serverAddress,
        time: "t",
        target: id,
      }),
    );
  }

  #after(ms: number, run: () => void): void {
    const at = this.now + ms;
    // All take the same time, so they arrive in order.
    this.#arrivals.push({ at, run });
  }

  #serve(text: string): void {
    if (!this.isUp) return;
    const message = messageIn(text);
    if (message.type === "ACK") return;
    if (message.type === "DATA" && message.time === "t") return void this.answers.push(message);
    if (message.type === "QUERY") return this.#answer(message);
    const code = this.refuse.get(message.type) ?? this.#codeFor(message);
    this.#reply(encodeAck(code, message.id, "2026-11-22:00:00:00", Bun.SHA256.hash(text, "hex")));
    const command = this.commands.get(message.id);
    if (command === undefined || !["40", "50"].includes(code)) return;
    this.#reply(encode(commandStatus(command.number, command.message)));
  }

  #answer({ id, time }: Extract<Message, { type: "QUERY" }>): void {
    const command = this.commands.get(id);
    const message = command === undefined ? "" : commandAnswer(command.number, command.message);
    this.#reply(encode({ type: "DATA", code: "01", id, address: null, time, message }));
  }

  #reply(text: string): void {
    this.#after(oneWayMs, () => this.fleet.receive(Buffer.from(text), serverAddress, this.now));
  }

  #codeFor(message: Message): string {
    const { id } = message;
    const session = this.sessions.get(id);
    const isOnline = session !== undefined && this.now - session.lastAt <= 2.5 * session.everyMs;
    if (isOnline) session.lastAt = this.now;
    switch (message.type) {
      case "REGISTER":
        this.registered.add(id);
        this.joiningMax = Math.max(this.joiningMax, this.registered.size - this.sessions.size);
        return "00";
      case "DEREGISTER":
        return this.registered.delete(id) ? "20" : "21";
      case "LOGIN":
        this.sessions.set(id, { lastAt: this.now, everyMs: 180_000 });
        return "70";
      case "LOGOFF":
        return this.sessions.delete(id) ? "80" : "31";
      case "STATUS":
        if (!isOnline) return "41";
        session.everyMs = Number(/every=(\d+)/.exec(message.message)?.[1]) * 1_000;
        return "40";
      case "DATA": {
        if (!isOnline) return "51";
        if (message.time.startsWith("#")) {
          this.results.push(`${id} ${message.time} ${message.code} ${message.message}`);
          this.commands.delete(id);
          return "50";
        }
        const all = this.reports.get(id) ?? [];
        all.push({ at: this.now, message: message.message });
        this.reports.set(id, all);
        return "50";
      }
      case "QUERY":
      case "ACK":
        return "91";
    }
  }
}
