// Passwords that wait to be hashed or checked, off the loop. Bounded, and no source may fill it alone. A repeat of a
// request that waits is the same request. Runs nothing itself.

import { limits } from "./policy.ts";

/** What the outside is to compute; `done` is called with the result in a later batch. */
export type HashJob = {
  readonly password: string;
  /** The stored hash to check against; `undefined` asks for a new hash; null only takes the time of a check. */
  readonly against: string | null | undefined;
  readonly done: (result: HashResult) => void;
};

/** A new hash, whether the password fits, or a failure of the machine. */
export type HashResult =
  { readonly hash: string } | { readonly fits: boolean } | { readonly failed: string };

/** The bound and the bookkeeping of jobs. */
export class HashQueue {
  #jobs: HashJob[] = [];
  #underWay = 0;
  #added = 0;
  readonly #countBySource = new Map<string, number>();

  /** Jobs that were added and are not done. */
  get size(): number {
    return this.#underWay;
  }

  /** Jobs that were ever added: each costs one argon2. */
  get added(): number {
    return this.#added;
  }

  /** Adds a job, or says that there is no room for one of this source. */
  add(sourceIp: string, job: HashJob): boolean {
    const count = this.#countBySource.get(sourceIp) ?? 0;
    if (this.#underWay >= limits.hashJobs || count >= limits.hashJobsPerSource) return false;
    this.#underWay++;
    this.#added++;
    this.#countBySource.set(sourceIp, count + 1);
    const done = (result: HashResult) => {
      this.#underWay--;
      const left = (this.#countBySource.get(sourceIp) ?? 1) - 1;
      if (left > 0) this.#countBySource.set(sourceIp, left);
      else this.#countBySource.delete(sourceIp);
      job.done(result);
    };
    this.#jobs.push({ ...job, done });
    return true;
  }

  /** The jobs added since the last call. */
  take(): HashJob[] {
    const jobs = this.#jobs;
    this.#jobs = [];
    return jobs;
  }
}
