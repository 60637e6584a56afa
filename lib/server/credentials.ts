// How a request that carries a password gets through: look, check the password off the loop where the rule needs it,
// then apply with the proof. The rules themselves are with their verbs.

import { ack, type AckCode } from "../protocol/codes.ts";
import type { Desk } from "./desk.ts";
import type { HashResult } from "./hash-queue.ts";
import type { Need, Operation, Proof } from "./operation.ts";
import type { Request } from "./request.ts";

/** A request with a password, and what to do with its outcome. */
export type Attempt = {
  /** Where the answer goes: moves with a repeat from another port. */
  request: Request;
  readonly what: string;
  readonly id: string;
  readonly password: string;
  readonly operationOf: (proof: Proof) => Operation;
  readonly onDone: (code: AckCode, session: number, keyChanged: boolean) => void;
};

/** The attempts that wait for a password check, by source IP and datagram. */
export class Attempts {
  readonly #waiting = new Map<string, Attempt>();

  constructor(private readonly desk: Desk) {}

  /** Begins an attempt; a repeat of one that waits only moves where its answer goes. */
  begin(attempt: Attempt): void {
    const { request, what, id } = attempt;
    const waiting = this.#waiting.get(keyOf(request));
    if (waiting !== undefined) {
      waiting.request = request;
      return;
    }
    if (this.desk.guard.isClosed(request.source.ip, id, this.desk.now)) {
      this.desk.refuseBusy(request, id, what, "too many refused passwords, wait a minute");
      return;
    }
    const hash = this.desk.verifiers.check(id, attempt.password);
    this.#apply(attempt, hash === null ? { kind: "none" } : { kind: "verified", hash });
  }

  #apply(attempt: Attempt, proof: Proof): void {
    this.desk.submit(attempt.operationOf(proof), attempt.request, (outcome) => {
      if (outcome.kind === "need") return this.#check(attempt, outcome.need);
      if (outcome.kind !== "done") return;
      const { id, password } = attempt;
      if (outcome.hash !== null && proof.kind !== "refused") {
        this.desk.verifiers.remember(id, password, outcome.hash);
      }
      attempt.onDone(outcome.code, outcome.session, outcome.keyChanged === true);
    });
  }

  #check(attempt: Attempt, need: Need): void {
    const { request, id, what, password } = attempt;
    const { desk } = this;
    const sourceIp = request.source.ip;
    const guarded = need.kind === "verify";
    if (guarded && !desk.guard.begin(sourceIp, id, desk.now)) {
      return desk.refuseBusy(request, id, what, "too many refused passwords, wait a minute");
    }
    const key = keyOf(request);
    const added = desk.hashQueue.add(sourceIp, {
      password,
      against: need.kind === "hash" ? undefined : need.hash,
      done: (result) => {
        this.#waiting.delete(key);
        const refused = "fits" in result && !result.fits;
        if (guarded) desk.guard.settle(sourceIp, id, refused, desk.now);
        this.#resume(attempt, need, result);
      },
    });
    if (added) {
      this.#waiting.set(key, attempt);
      return;
    }
    if (guarded) desk.guard.settle(sourceIp, id, false, desk.now);
    desk.refuseBusy(request, id, what, "too many passwords to check at once");
  }

  #resume(attempt: Attempt, need: Need, result: HashResult): void {
    if ("failed" in result) {
      this.desk.refuse(
        attempt.request,
        ack.busy,
        attempt.id,
        attempt.what,
        "password check failed",
      );
      return;
    }
    if ("hash" in result) return this.#apply(attempt, { kind: "hashed", hash: result.hash });
    const hash = need.kind === "verify" ? need.hash : null;
    if (result.fits && hash !== null) this.#apply(attempt, { kind: "verified", hash });
    else this.#apply(attempt, { kind: "refused", hash });
  }
}

function keyOf(request: Request): string {
  return `${request.source.ip} ${request.hash}`;
}
