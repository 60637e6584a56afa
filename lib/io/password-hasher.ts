// Hashes and checks passwords with argon2id, off the loop, a few at a time.

import { availableParallelism } from "node:os";
import type { HashJob, HashResult } from "../server/hash-queue.ts";

/** argon2id with m=19456 KiB, t=2, p=1 (OWASP's second choice; 24 to 32 ms a password). */
const argon2id = { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 } as const;
/** Checked against where there is no device, so that it takes the same time; no password is known that fits it. */
const nobodys =
  "$argon2id$v=19$m=19456,t=2,p=1$c29tZSByYW5kb20gc2FsdCBvZiBub2JvZHk$8WJ2PPP1r6kqKwbz4vlLEsOdKkOZ5y0lOJ0yAxKqBPI";

/** Hashes a password for storing. */
export function hashPassword(password: string): Promise<string> {
  return Bun.password.hash(password, argon2id);
}

/** Runs jobs in the order they came, so many at once as there are cores to spare. */
export class PasswordHasher {
  readonly #waiting: HashJob[] = [];
  readonly #atOnce = Math.max(2, availableParallelism() - 1);
  #running = 0;

  /** @param onResult called on the loop, once a job */
  constructor(private readonly onResult: (job: HashJob, result: HashResult) => void) {}

  add(job: HashJob): void {
    this.#waiting.push(job);
    this.#next();
  }

  /** Forgets the jobs that have not begun. */
  clear(): void {
    this.#waiting.length = 0;
  }

  #next(): void {
    if (this.#running >= this.#atOnce) return;
    const job = this.#waiting.shift();
    if (job === undefined) return;
    this.#running++;
    void compute(job).then((result) => {
      this.#running--;
      this.onResult(job, result);
      this.#next();
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
