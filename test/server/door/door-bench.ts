// A server on the bench with a door: the operator's actions with their results, and devices that knock.

import type { DoorAction, DoorNow, DoorResult } from "../../../lib/server/door/door-action.ts";
import type { NewToken } from "../../../lib/server/door/door-rules.ts";
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
    const found = this.act({ what: "look" });
    if (found.kind !== "door") throw new Error(found.kind);
    return found;
  }

  get pending(): DoorNow["pending"] {
    return this.view.pending;
  }

  open(forMs: number, labels: Labels = noLabels): void {
    this.act({ what: "window", forMs, labels });
  }

  token(text: string, given: Partial<NewToken> = {}): void {
    const limits = { expires: null, usesLeft: 1, ids: null, approve: false, text: true };
    const made = { hash: tokenHash(text), note: "", created: this.bench.wall, labels: noLabels };
    this.act({ what: "token", token: { ...made, ...limits, ...given } });
  }

  judge(id: string, state: "approved" | "rejected", labels: Labels = noLabels): string {
    return this.act({ what: "judge", id, state, labels }).kind;
  }

  /** A REGISTER in text; the code of its answer, with the reason if it has one. */
  knock(id: string, from: Address, password = "a password of its own", mac = `mac-${id}`): string {
    const replies = this.bench.ask(say.register(id, from.ip, from.port, password, mac), from);
    return replies.map(saying).join();
  }

  act(action: DoorAction): DoorResult {
    return actAt(this.bench, action);
  }
}

/** Carries out an action at a server. */
export function actAt(bench: ServerBench, action: DoorAction): DoorResult {
  const found: DoorResult[] = [];
  bench.engine.door.act(action, (result) => found.push(result), bench.moment);
  bench.turn();
  return found[0] as DoorResult;
}

/** The code of an ACK and its reason. */
export function saying(reply: Reply): string {
  const message = messageIn(reply);
  if (message.type !== "ACK") return message.type;
  return message.reason === undefined || message.reason === ""
    ? message.code
    : `${message.code} ${message.reason}`;
}
