// Carries a request with a password through: applies its rule, has the password checked off the event loop if the rule asks
// for that, then applies the rule again with the proof. Holds no rule; those are in the verbs.

import { ack } from "../../protocol/codes.ts";
import type { Desk } from "../desk.ts";
import type { Request } from "../request.ts";
import type { Rule } from "../store-port.ts";
import type { HashResult, Lane } from "./hash-queue.ts";
import type { Done, Judged, Need, Proof } from "./proof.ts";
import { refuse, refuseBusy } from "../responses.ts";

/** What a request with a password wants. `what` is its verb. */
export type Attempt<D extends Done> = {
  readonly what: string;
  readonly id: string;
  readonly password: string;
  /** The rule with what is known of the password, and the request as it came last. */
  readonly ruleOf: (proof: Proof, request: Request) => Rule<Judged<D>>;
  /** Runs after the commit and writes the reply to the request as it came last; `number` is that of the rule's result. */
  readonly onDone: (done: D, request: Request, number: number) => void;
};

/**
 * An attempt without its answer yet; each step of it makes a new value. `request` is its latest repeat. If the guard counts
 * it as a check under way, `guardedIp` is the source IP it is counted under: a repeat may come from another one.
 */
type UnderWay = {
  readonly attempt: Attempt<Done>;
  readonly request: Request;
  readonly guardedIp: string | null;
};

/** The attempts under way, by owner, msgid and hash of the datagram: from the datagram to the answer. */
export class Attempts {
  readonly #underWay = new Map<string, UnderWay>();

  constructor(private readonly desk: Desk) {}

  /** Begins an attempt. A repeat of one under way begins nothing; it only updates where the answer is sent. */
  begin<D extends Done>(request: Request, attempt: Attempt<D>): void {
    const { what, id, password } = attempt;
    const { guard, verifiers, uptimeMs } = this.desk;
    const sourceIp = request.source.ip;
    const key = keyOf(request);
    const before = this.#underWay.get(key);
    if (before !== undefined) return void this.#underWay.set(key, { ...before, request });
    if (guard.isClosed(sourceIp, id, uptimeMs)) return this.#refuseGuarded(request, id, what);
    const hash = verifiers.check(id, password);
    // A password that differs from the remembered one counts as a check before the next datagram is handled.
    const guarded = hash === null && verifiers.knows(id) && guard.begin(sourceIp, id, uptimeMs);
    // Its own rule gives what its own onDone takes.
    const kept = attempt as unknown as Attempt<Done>;
    this.#underWay.set(key, { attempt: kept, request, guardedIp: guarded ? sourceIp : null });
    this.#apply(key, hash === null ? { kind: "none" } : { kind: "verified", hash });
  }

  #apply(key: string, proof: Proof): void {
    const { attempt, request } = this.#at(key);
    const refused = proof.kind === "refused";
    const isProven = proof.kind === "verified" || proof.kind === "hashed";
    this.desk.batch.submit(
      attempt.ruleOf(proof, request),
      null,
      (judged, number) => {
        if (judged.kind === "need") return this.#check(key, judged.need);
        const latest = this.#end(key, refused);
        const { id, password } = attempt;
        // Never without a proof: whoever is remembered needs no check any more.
        if (judged.hash !== null && isProven) {
          this.desk.verifiers.remember(id, password, judged.hash);
        }
        attempt.onDone(judged, latest, number);
      },
      (how) => this.desk.outbox.acknowledgeFailed(this.#end(key, refused), how),
    );
  }

  #check(key: string, need: Need): void {
    const underWay = this.#at(key);
    const { request, attempt } = underWay;
    const { id, what, password } = attempt;
    const { desk } = this;
    const sourceIp = request.source.ip;
    if (need.kind === "verify" && underWay.guardedIp === null) {
      if (!desk.guard.begin(sourceIp, id, desk.uptimeMs)) {
        return this.#refuseGuarded(this.#end(key, false), id, what);
      }
      this.#underWay.set(key, { ...underWay, guardedIp: sourceIp });
    }
    const added = desk.hashQueue.add(this.#laneOf(request), sourceIp, {
      password,
      against: need.kind === "hash" ? undefined : need.hash,
      done: (result) => this.#resume(key, need, result),
    });
    if (!added) this.#refuseCrowded(key);
  }

  #laneOf({ link, source }: Request): Lane {
    if (link !== null) return "sealed";
    return this.desk.sessions.hasSource(source.ip) ? "known" : "stranger";
  }

  #resume(key: string, need: Need, result: HashResult): void {
    if ("displaced" in result) return this.#refuseCrowded(key);
    if ("failed" in result) {
      const { id, what } = this.#at(key).attempt;
      refuse(this.desk, this.#end(key, false), {
        code: ack.busy,
        id,
        what,
        reason: "password check failed",
      });
      return;
    }
    if ("hash" in result) return this.#apply(key, { kind: "hashed", hash: result.hash });
    const hash = need.kind === "verify" ? need.hash : null;
    if (result.fits && hash !== null) this.#apply(key, { kind: "verified", hash });
    else this.#apply(key, { kind: "refused", hash });
  }

  /** An attempt under way: whoever continues one began it, and only its answer ends it. */
  #at(key: string): UnderWay {
    const underWay = this.#underWay.get(key);
    if (underWay === undefined) throw new Error("an attempt was continued after its answer");
    return underWay;
  }

  /**
   * Removes an attempt that gets its answer now: the same bytes sent again begin a new attempt.
   * @returns the request to answer
   */
  #end(key: string, refused: boolean): Request {
    const { attempt, request, guardedIp } = this.#at(key);
    this.#underWay.delete(key);
    if (guardedIp !== null) {
      this.desk.guard.settle(guardedIp, attempt.id, refused, this.desk.uptimeMs);
    }
    return request;
  }

  #refuseCrowded(key: string): void {
    const { id, what } = this.#at(key).attempt;
    refuseBusy(this.desk, this.#end(key, false), id, what, "too many passwords to check at once");
  }

  #refuseGuarded(request: Request, id: string, what: string): void {
    refuseBusy(this.desk, request, id, what, "too many refused passwords, wait a minute");
  }
}

function keyOf({ owner, msgidHigh, msgidLow, digest }: Request): string {
  return `${owner} ${msgidHigh} ${msgidLow} ${digest.hex}`;
}
