// A server on the bench: the engine with a store of Maps, a clock that only a test moves, and password checks that end
// when a test says so.

import { decode } from "../../lib/protocol/decode.ts";
import { encode } from "../../lib/protocol/encode.ts";
import type { Data, Message } from "../../lib/protocol/messages.ts";
import { ed25519KeyPair, x25519KeyPair } from "../../lib/sealed/primitives.ts";
import type { Ask, AskResult } from "../../lib/server/asks.ts";
import type { QueueResult } from "../../lib/server/commands/commanding.ts";
import { Engine } from "../../lib/server/engine.ts";
import type { HashJob, HashResult } from "../../lib/server/passwords/hash-queue.ts";
import type { Moment } from "../../lib/server/moment.ts";
import { alone, type Nodes } from "../../lib/server/nodes.ts";
import type { Address } from "../../lib/protocol/messages.ts";
import type { Policy } from "../../lib/server/policy.ts";
import type { SessionRow } from "../../lib/server/rows.ts";
import type { Store } from "../../lib/server/store-port.ts";
import { Turn } from "../../lib/server/turn.ts";
import { ScriptedStore } from "./scripted-store.ts";
import { defaultPolicy } from "./default-policy.ts";

/** The address the device asmith sends from. */
export const home: Address = { ip: "192.0.2.10", port: 1994 };
/** The same host, another port. */
export const home2: Address = { ip: "192.0.2.10", port: 40_000 };
/** Another host. */
export const stranger: Address = { ip: "198.51.100.66", port: 1994 };

export type Reply = { readonly text: string; readonly to: Address };

const key = (fill: number) => new Uint8Array(32).fill(fill);

/** A MAC made from a device's id, which may be longer than a MAC. */
const macOf = (id: string) => `mac-${id.slice(0, 60)}`;

/** The messages of a device, encoded. */
export const say = {
  register: (id: string, ip = home.ip, port = 1994, password = "password", mac = macOf(id)) =>
    encode({ type: "REGISTER", id, password, mac, ip, port }),
  deregister: (id: string, ip = home.ip, password = "password", mac = macOf(id)) =>
    encode({ type: "DEREGISTER", id, password, mac, ip, port: 1994 }),
  login: (id: string, password = "password", ip = home.ip, port = 1994) =>
    encode({ type: "LOGIN", id, password, ip, port }),
  logoff: (id: string) => encode({ type: "LOGOFF", id }),
  status: (id: string, message = "heartbeat", time = "1") =>
    encode({ type: "STATUS", code: "01", id, time, message }),
  data: (id: string, message: string, time = "1") =>
    encode({ type: "DATA", code: "07", id, address: null, time, message }),
  query: (id: string, code: string, target: string, time = "1") =>
    encode({ type: "QUERY", code, id, address: null, time, target }),
};

export class ServerBench {
  /** The wall clock, ms since 1970. */
  wall = Date.UTC(2026, 10, 22, 9);
  /** The monotonic clock, ms. */
  monotonic = 0;
  engine: Engine;
  #turn: Turn;
  #replies: Reply[] = [];
  /** Password jobs that are being hashed or checked, at most `jobsAtOnce`. */
  jobs: HashJob[] = [];
  jobsAtOnce = Number.POSITIVE_INFINITY;
  /** Datagrams sent so far. */
  sent = 0;
  /** Whether the event loop claims to be late. */
  late = false;
  readonly activity: string[] = [];
  readonly errors: string[] = [];

  /**
   * @param driven what the turn drives, if it is not the store itself
   * @param nodes the other servers of the store
   * @param policy the choices of its operator
   */
  constructor(
    readonly store = new ScriptedStore(),
    stored: readonly SessionRow[] = [],
    private readonly driven: Store = store,
    private readonly nodes: Nodes = alone,
    private readonly policy: Policy = defaultPolicy,
  ) {
    this.engine = this.#makeEngine(stored);
    this.#turn = this.#makeTurn();
  }

  /** Ends the process without a clean stop and starts it again on what is stored. */
  restart(): void {
    this.jobs = [];
    this.engine = this.#makeEngine(this.store.openSessions());
    this.#turn = this.#makeTurn();
  }

  /** Both clocks. A test sets `wall` where the wall clock jumps. */
  get moment(): Moment {
    return { wall: this.wall, monotonic: this.monotonic };
  }

  /** Moves both clocks, without a tick. */
  wait(ms: number): void {
    this.wall += ms;
    this.monotonic += ms;
  }

  /** Receives a datagram into the current batch, or if that is full, into the next. */
  receive(text: string | Uint8Array, from: Address = home): void {
    const bytes = typeof text === "string" ? Buffer.from(text) : text;
    const arrivals = [{ bytes, source: { ...from } }];
    if (this.#turn.receive(arrivals, this.late) === 1) return;
    this.#turn.commit(() => {});
    this.#turn.receive(arrivals, this.late);
  }

  /** Stores the current batch and returns the replies. */
  turn(): Reply[] {
    this.#turn.commit(() => {});
    return this.#replies.splice(0);
  }

  /** Completes the password jobs that wait. */
  hash(resultOf: (job: HashJob) => HashResult = honest): void {
    for (const job of this.jobs.splice(0)) this.#turn.resume(job, resultOf(job));
  }

  /** Receives a datagram, completes everything it causes, and returns the replies. */
  ask(text: string | Uint8Array, from: Address = home): Reply[] {
    this.receive(text, from);
    const replies = this.turn();
    while (this.jobs.length > 0 || this.engine.hasWork) {
      this.hash();
      replies.push(...this.turn());
    }
    return replies;
  }

  /** The codes of the replies to a datagram. */
  codes(text: string | Uint8Array, from: Address = home): string[] {
    return codesOf(this.ask(text, from));
  }

  /** The answer to a QUERY. */
  answer(text: string, from: Address = home): Data {
    const replies = this.ask(text, from);
    if (replies.length !== 1) throw new Error(`${replies.length} answers`);
    return messageIn(replies[0] as Reply) as Data;
  }

  /** Registers a device and logs it in. */
  enter(id: string, from: Address = home): void {
    this.ask(say.register(id, from.ip, from.port), from);
    this.ask(say.login(id, "password", from.ip, from.port), from);
  }

  /** A restarted server with these devices registered: it has none of their passwords in its cache. */
  static with(...ids: readonly string[]): ServerBench {
    const bench = new ServerBench();
    for (const [i, id] of ids.entries()) bench.ask(say.register(id, `192.0.2.${10 + i}`));
    bench.restart();
    return bench;
  }

  /** Lets time pass in ticks, and returns the replies. */
  pass(ms: number): Reply[] {
    const replies: Reply[] = [];
    for (const end = this.monotonic + ms; this.monotonic < end;) {
      this.wait(Math.min(end - this.monotonic, 250));
      this.#turn.tick();
      replies.push(...this.turn());
    }
    return replies;
  }

  /** Asks a device on the operator's behalf; results are added to `results`. */
  question(id: string, code: string, results: AskResult[]): void {
    const onResult = (result: AskResult) => results.push(result);
    const answerTo = { ip: "192.0.2.1", port: 9000 };
    const ask: Ask = { id, code, target: id, answerTo, by: "cli", onResult };
    this.engine.operator.ask(ask, this.moment);
  }

  /** Queues a command on the operator's behalf, stores it, and returns what became of it and what was sent. */
  order(device: string, message: string, ttlMs = 86_400_000, request: string | null = null) {
    const results: QueueResult[] = [];
    const ordered = { device, message, ttlMs, origin: "cli", request } as const;
    this.engine.commands.queue(ordered, (result) => results.push(result), this.moment);
    const replies = this.turn();
    return { result: results[0] as QueueResult, replies };
  }

  #makeTurn(): Turn {
    return new Turn(this.engine, this.driven, {
      now: () => this.moment,
      send: (replies) => {
        for (const { payload, to } of replies) {
          this.sent++;
          this.#replies.push({ text: String(payload), to: { ip: to.ip, port: to.port } });
        }
      },
      freeHashers: () => this.jobsAtOnce - this.jobs.length,
      hash: (job) => void this.jobs.push(job),
      onStored: () => {},
      onFailed: () => {},
    });
  }

  #makeEngine(stored: readonly SessionRow[]): Engine {
    const log = {
      debug: false,
      activity: (_level: string, peer: string, direction: string, words: string) => {
        this.activity.push(`${peer} ${direction} ${words}`);
      },
      error: (peer: string, words: string) => {
        this.errors.push(`${peer} ${words}`);
      },
    };
    const identity = {
      sealing: x25519KeyPair(key(1)),
      signing: ed25519KeyPair(key(2)),
      psk: null,
      digestKey: key(3),
    };
    const random = { bytes: (count: number) => new Uint8Array(count).fill(7) };
    const { lanes } = this.driven;
    const { nodes, policy } = this;
    const commands = this.store.openCommands();
    const parts = { policy, log, random, identity, lanes, nodes, commands };
    return new Engine(parts, stored, this.moment);
  }
}

/** The result that argon2 would give. */
export function honest({ password, against }: HashJob): HashResult {
  if (against === undefined) return { hash: `hash of ${password}` };
  return { fits: against === `hash of ${password}` };
}

/** The code of each reply: that of an ACK, or `DATA` and the code of an answer. */
export function codesOf(replies: readonly Reply[]): string[] {
  return replies.map((reply) => {
    const message = messageIn(reply);
    if (message.type === "ACK") return message.code;
    return "code" in message ? `${message.type} ${message.code}` : message.type;
  });
}

/** The message in a reply; throws if it does not decode. */
export function messageIn({ text }: Reply): Message {
  const decoded = decode(Buffer.from(text));
  if (!decoded.ok) throw new Error(`${decoded.reason}: ${text}`);
  return decoded.message;
}
