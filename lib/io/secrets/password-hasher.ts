// Hashes and checks passwords with argon2id on other threads, a few at a time. Never decides what a result means.

import { availableParallelism } from "node:os";
import type { HashJob, HashResult } from "../../server/passwords/hash-queue.ts";

/** argon2id with m=19456 KiB, t=2, p=1 (the second configuration that OWASP recommends; 24 to 32 ms a password). */
const argon2id = { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 } as const;
/** A hash without a known password. Checked if there is no such device, so that the refusal takes the same time. */
const nobodys =
  "$argon2id$v=19$m=19456,t=2,p=1$c29tZSByYW5kb20gc2FsdCBvZiBub2JvZHk$8WJ2PPP1r6kqKwbz4vlLEsOdKkOZ5y0lOJ0yAxKqBPI";

/** Hashes a password. Resolves to the text that is stored, with its parameters and salt. */
export function hashPassword(password: string): Promise<string> {
  return Bun.password.hash(password, argon2id);
}

/** Runs jobs: as many at once as there are cores minus one, and at least two. The others wait in the engine's queue. */
export class PasswordHasher {
  readonly #atOnce = Math.max(2, availableParallelism() - 1);
  #running = 0;

  /** @param onResult called on the event loop, once for each job */
  constructor(private readonly onResult: (job: HashJob, result: HashResult) => void) {}

  /** How many jobs may begin now. */
  get free(): number {
    return this.#atOnce - this.#running;
  }

  /** Begins a job. */
  run(job: HashJob): void {
    this.#running++;
    void compute(job).then((result) => {
      this.#running--;
      this.onResult(job, result);
    });
  }
}

async function compute({ password, against }: HashJob): Promise<HashResult> {
  try {
    if (against === undefined) return { hash: await hashPassword(password) };
    const fits = await Bun.password.verify(password, against ?? nobodys);
    return { fits: fits && against !== null };
  } catch (error) {
    return { failed: String(error) };
  }
}
