// Carries a request with a password through: applies its operation, has the password checked off the event loop if the
// rule asks for that, then applies the operation again with the proof. Holds no rule; those are in the verbs.

import { ack } from "../../protocol/codes.ts";
import type { Desk } from "../desk.ts";
import type { HashResult, Lane } from "./hash-queue.ts";
import type { Done, Need, Operation, Proof } from "../operation.ts";
import type { Request } from "../request.ts";

/** A request with a password. `what` is its verb; `onDone` runs after the commit and writes the reply. */
export type Attempt = {
  readonly request: Request;
  readonly what: string;
  readonly id: string;
  readonly password: string;
  readonly operationOf: (proof: Proof) => Operation;
  readonly onDone: (outcome: Done) => void;
};

/**
 * An attempt without its answer yet. If the guard counts it as a check under way, `guardedIp` is the source IP it is
 * counted under: a repeat may come from another one.
 */
type UnderWay = { readonly attempt: Attempt; guardedIp: string | null };

/** The attempts under way, by owner, msgid and hash of the datagram: from the datagram to the answer. */
export class Attempts {
  readonly #underWay = new Map<string, UnderWay>();

  constructor(private readonly desk: Desk) {}

  /** Begins an attempt. A repeat of one under way begins nothing; it only updates where the answer is sent. */
  begin(attempt: Attempt): void {
    const { request, what, id, password } = attempt;
    const { guard, verifiers, uptimeMs } = this.desk;
    const sourceIp = request.source.ip;
    const before = this.#underWay.get(keyOf(request));
    if (before !== undefined) {
      before.attempt.request.source = request.source;
      before.attempt.request.link = request.link;
      return;
    }
    if (guard.isClosed(sourceIp, id, uptimeMs)) return this.#refuseGuarded(request, id, what);
    const hash = verifiers.check(id, password);
    // A password that differs from the remembered one counts as a check before the next datagram is handled.
    const guarded = hash === null && verifiers.knows(id) && guard.begin(sourceIp, id, uptimeMs);
    const underWay = { attempt, guardedIp: guarded ? sourceIp : null };
    this.#underWay.set(keyOf(request), underWay);
    this.#apply(underWay, hash === null ? { kind: "none" } : { kind: "verified", hash });
  }

  #apply(underWay: UnderWay, proof: Proof): void {
    const { attempt } = underWay;
    const refused = proof.kind === "refused";
    this.desk.submit(
      attempt.operationOf(proof),
      attempt.request,
      (outcome) => {
        if (outcome.kind === "need") return this.#check(underWay, outcome.need);
        this.#end(underWay, refused);
        if (outcome.kind !== "done") return;
        const { id, password } = attempt;
        if (outcome.hash !== null && !refused) {
          this.desk.verifiers.remember(id, password, outcome.hash);
        }
        attempt.onDone(outcome);
      },
      () => this.#end(underWay, refused),
    );
  }

  #check(underWay: UnderWay, need: Need): void {
    const { request, id, what, password } = underWay.attempt;
    const { desk } = this;
    const sourceIp = request.source.ip;
    if (need.kind === "verify" && underWay.guardedIp === null) {
      if (!desk.guard.begin(sourceIp, id, desk.uptimeMs)) {
        this.#end(underWay, false);
        return this.#refuseGuarded(request, id, what);
      }
      underWay.guardedIp = sourceIp;
    }
    const added = desk.hashQueue.add(this.#laneOf(request), sourceIp, {
      password,
      against: need.kind === "hash" ? undefined : need.hash,
      done: (result) => this.#resume(underWay, need, result),
    });
    if (!added) this.#refuseCrowded(underWay);
  }

  #laneOf({ link, source }: Request): Lane {
    if (link !== null) return "sealed";
    return this.desk.sessions.hasSource(source.ip) ? "known" : "stranger";
  }

  #resume(underWay: UnderWay, need: Need, result: HashResult): void {
    if ("displaced" in result) return this.#refuseCrowded(underWay);
    if ("failed" in result) {
      const { request, id, what } = underWay.attempt;
      this.#end(underWay, false);
      this.desk.refuse(request, ack.busy, id, what, "password check failed");
      return;
    }
    if ("hash" in result) return this.#apply(underWay, { kind: "hashed", hash: result.hash });
    const hash = need.kind === "verify" ? need.hash : null;
    if (result.fits && hash !== null) this.#apply(underWay, { kind: "verified", hash });
    else this.#apply(underWay, { kind: "refused", hash });
  }

  /** Removes an attempt that gets its answer now: the same bytes sent again begin a new attempt. */
  #end({ attempt, guardedIp }: UnderWay, refused: boolean): void {
    const { request, id } = attempt;
    this.#underWay.delete(keyOf(request));
    if (guardedIp !== null) this.desk.guard.settle(guardedIp, id, refused, this.desk.uptimeMs);
  }

  #refuseCrowded(underWay: UnderWay): void {
    const { request, id, what } = underWay.attempt;
    this.#end(underWay, false);
    this.desk.refuseBusy(request, id, what, "too many passwords to check at once");
  }

  #refuseGuarded(request: Request, id: string, what: string): void {
    this.desk.refuseBusy(request, id, what, "too many refused passwords, wait a minute");
  }
}

function keyOf({ owner, msgid, hash }: Request): string {
  return `${owner} ${msgid} ${hash}`;
}
