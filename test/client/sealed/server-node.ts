// The real engine on a store in memory, in virtual time: batches, password checks that are counted and cost nothing,
// and restarts that keep only what is stored.

import type { Moment } from "../../../lib/server/moment.ts";
import type { Database } from "bun:sqlite";
import { ed25519KeyPair, x25519KeyPair } from "../../../lib/sealed/primitives.ts";
import type { Outgoing } from "../../../lib/protocol/messages.ts";
import { Engine } from "../../../lib/server/engine.ts";
import type { HashJob, HashResult } from "../../../lib/server/passwords/hash-queue.ts";
import type { Identity } from "../../../lib/server/identity.ts";
import type { Policy } from "../../../lib/server/policy.ts";
import type { Store } from "../../../lib/server/store-port.ts";
import { Turn } from "../../../lib/server/turn.ts";
import { SqliteStore } from "../../../lib/store/sqlite/sqlite-store.ts";
import { fixedBytes } from "../../sealed/fixtures.ts";
import { newDatabase } from "../../store/sqlite/store-fixtures.ts";
import { defaultPolicy } from "../../server/default-policy.ts";

type Source = { readonly ip: string; readonly port: number };

export type ServerOptions = {
  readonly policy?: Partial<Policy>;
  readonly psk?: Uint8Array | null;
  readonly random: (count: number) => Uint8Array;
};

/** Keys derived from a name. */
export function identityNamed(name: string, psk: Uint8Array | null = null): Identity {
  const sealing = x25519KeyPair(fixedBytes(`${name} sealing`));
  const digestKey = fixedBytes(`${name} digests`);
  return { sealing, signing: ed25519KeyPair(fixedBytes(`${name} signing`)), psk, digestKey };
}

export class ServerNode {
  engine: Engine;
  identity: Identity;
  /** Passwords hashed or checked; each would be an argon2id run in production. */
  hashings = 0;
  /** Whether the event loop claims to be late, so that INITs need a cookie. */
  late = false;
  /** Whether storing fails. */
  broken = false;
  readonly errors: string[] = [];
  readonly activities: string[] = [];
  store: SqliteStore;
  readonly #database: Database;

  constructor(
    private readonly options: ServerOptions,
    now: Moment,
  ) {
    this.#database = newDatabase();
    this.store = this.#open();
    this.identity = identityNamed("server", options.psk ?? null);
    this.engine = this.#start(now);
  }

  /** Ends and starts again: everything that is not stored is gone, links included. */
  restart(now: Moment): void {
    this.store = this.#open();
    this.engine = this.#start(now);
  }

  /** Messages of a device's reports, in the order they were stored. */
  reports(device: string): string[] {
    const rows = this.#database
      .query<{ message: string }, [string]>(
        "SELECT message FROM data WHERE device = ? ORDER BY sequence",
      )
      .all(device);
    return rows.map(({ message }) => message);
  }

  /** A device's answers to questions, oldest first. */
  answers(device: string): string[] {
    const rows = this.#database
      .query<{ answer: string }, [string]>(
        "SELECT answer FROM question WHERE device = ? AND answered IS NOT NULL ORDER BY number",
      )
      .all(device);
    return rows.map(({ answer }) => answer);
  }

  /** Receives datagrams, completes all that they lead to, and returns the replies. */
  turn(
    arrivals: readonly { readonly bytes: Uint8Array; readonly from: Source }[],
    now: Moment,
  ): Outgoing[] {
    const replies: Outgoing[] = [];
    const jobs: HashJob[] = [];
    const turn = new Turn(this.engine, this.#storeNow(), {
      now: () => now,
      send: (sent) => void replies.push(...sent),
      freeHashers: () => Number.POSITIVE_INFINITY,
      hash: (job) => void jobs.push(job),
      onStored: () => {},
      onFailed: () => {},
    });
    for (const { bytes, from } of arrivals) {
      // A datagram's memory is overwritten after receive(), so that an engine that keeps a reference to it fails.
      const received = Uint8Array.from(bytes);
      turn.receive([{ bytes: received, source: from }], this.late);
      received.fill(0xff);
    }
    turn.tick();
    do {
      turn.commit(() => {});
      for (const job of jobs.splice(0)) turn.resume(job, this.#resultOf(job));
    } while (turn.hasWork || jobs.length > 0);
    return replies;
  }

  /** The store as it is now: whole or broken. */
  #storeNow(): Store {
    return {
      apply: (operations) => {
        if (this.broken) throw new Error("the disk is full");
        return this.store.apply(operations);
      },
      housekeep: () => this.store.housekeep(),
    };
  }

  #open(): SqliteStore {
    return new SqliteStore(this.#database);
  }

  #resultOf({ password, against }: HashJob): HashResult {
    this.hashings++;
    const hash = `hash of ${Bun.SHA256.hash(password, "hex")}`;
    return against === undefined ? { hash } : { fits: against === hash };
  }

  #start(now: Moment): Engine {
    const log = {
      debug: false,
      activity: (_level: string, _peer: string, _direction: string, words: string) =>
        void this.activities.push(words),
      error: (_peer: string, words: string) => void this.errors.push(words),
    };
    const { random, policy } = this.options;
    const parts = {
      policy: { ...defaultPolicy, sharedIp: true, ...policy },
      log,
      random: { bytes: random },
      identity: this.identity,
    };
    return new Engine(parts, this.store.openSessions(), now);
  }
}
