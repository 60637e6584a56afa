// A server on the bench with a door: the operator's actions with their results, and devices that knock.

import type {
  DoorView,
  NewToken,
  PendingJudged,
  TokenAdded,
} from "../../../lib/server/door/door-rules.ts";
import type { DoorNow } from "../../../lib/server/door/doorkeeper.ts";
import { tokenHash } from "../../../lib/server/door/join-token.ts";
import type { Fact } from "../../../lib/server/feed.ts";
import { type Labels, noLabels } from "../../../lib/server/labels.ts";
import type { Join, Policy } from "../../../lib/server/policy.ts";
import type { Address } from "../../../lib/protocol/messages.ts";
import { defaultPolicy } from "../default-policy.ts";
import { ScriptedStore } from "../scripted-store.ts";
import { messageIn, type Reply, say, ServerBench } from "../server-bench.ts";

export class DoorBench {
  readonly bench: ServerBench;
  readonly facts: Fact[] = [];
  /** How many passwords were to be hashed. */
  hashed = 0;

  constructor(
    join: Join,
    readonly store = new ScriptedStore(),
    policy: Partial<Policy> = {},
  ) {
    const all = { ...defaultPolicy, join, ...policy };
    this.bench = new ServerBench(store, [], store, undefined, all);
    this.listen();
    this.bench.pass(250);
  }

  /** Ends the process as a crash does, and starts it again. @param wallMs by how much the wall clock moves meanwhile */
  restart(wallMs = 0): void {
    this.bench.wall += wallMs;
    this.bench.monotonic = 0;
    this.bench.restart();
    this.listen();
    this.bench.pass(250);
  }

  listen(): void {
    this.bench.engine.feed.subscribe((facts) => this.facts.push(...facts));
  }

  /** What there is at the door. */
  get view(): DoorNow {
    return this.#result<DoorNow>((done) => this.#door.look(done, this.bench.moment));
  }

  get pending(): DoorView["pending"] {
    return this.view.pending;
  }

  open(forMs: number, labels: Labels = noLabels): void {
    this.#result((done) => this.#door.setWindow(forMs, labels, done, this.bench.moment));
  }

  token(text: string, given: Partial<NewToken> = {}): TokenAdded {
    const limits = { expires: null, usesLeft: 1, ids: null, approve: false, text: true };
    const made = { hash: tokenHash(text), note: "", created: this.bench.wall, labels: noLabels };
    return this.#result<TokenAdded>((done) =>
      this.#door.addToken({ ...made, ...limits, ...given }, done, this.bench.moment),
    );
  }

  judge(id: string, state: "approved" | "rejected", labels: Labels = noLabels): string {
    return this.#result<PendingJudged>((done) =>
      this.#door.judge(id, state, labels, done, this.bench.moment),
    ).kind;
  }

  /** A REGISTER in text; the code of its answer, with the reason if it has one. */
  knock(id: string, from: Address, password = "a password of its own", mac = `mac-${id}`): string {
    const replies = this.bench.ask(say.register(id, from.ip, from.port, password, mac), from);
    return replies.map(saying).join();
  }

  get #door() {
    return this.bench.engine.door;
  }

  #result<Result>(begin: (onResult: (result: Result | null) => void) => void): Result {
    let found: Result | null = null;
    begin((result) => {
      found = result;
    });
    this.bench.turn();
    if (found === null) throw new Error("it was not stored");
    return found;
  }
}

/** The code of an ACK and its reason. */
export function saying(reply: Reply): string {
  const message = messageIn(reply);
  if (message.type !== "ACK") return message.type;
  return message.reason === undefined || message.reason === ""
    ? message.code
    : `${message.code} ${message.reason}`;
}
