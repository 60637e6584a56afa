// Parts of the simulated server: steps that note what they decide, and password hashes that cost nothing.

import type { HashJob, HashResult } from "../../lib/server/passwords/hash-queue.ts";
import type { Rule, Step, Write } from "../../lib/server/store-port.ts";
import type { Stream } from "./random.ts";

/** The step, which notes what it decides. */
export function noted(step: Step, writes: Write[]): Step {
  if (step.kind === "report") return step;
  const decide: Rule["decide"] = (rows) => {
    const decision = step.decide(rows);
    writes.push(...decision.writes);
    return decision;
  };
  return { ...step, decide };
}

/** The result that argon2 would give, at once. */
export function fakeHash({ password, against }: HashJob, secrets: Stream): HashResult {
  if (against === undefined) {
    const salt = secrets.between(0, 1e9);
    return { hash: `fake$${salt}$${Bun.hash(password, salt)}` };
  }
  if (against === null) return { fits: false };
  const [, salt, digest] = against.split("$");
  return { fits: digest === String(Bun.hash(password, Number(salt))) };
}
