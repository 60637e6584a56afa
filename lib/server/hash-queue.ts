// The queue of passwords to hash or check off the event loop. Bounded in all and for each source IP, so that no source
// can fill it alone. Runs no job itself.

import { limits } from "./policy.ts";

/** A computation for the shell; `done` is called with the result, in a later batch. */
export type HashJob = {
  readonly password: string;
  /** The stored hash to check against; `undefined` to make a new hash; null to only take the time of a check. */
  readonly against: string | null | undefined;
  readonly done: (result: HashResult) => void;
};

/** A new hash, whether the password fits, or the error of a computation that failed. */
export type HashResult =
  { readonly hash: string } | { readonly fits: boolean } | { readonly failed: string };

/** Counts and bounds the jobs. */
export class HashQueue {
  #jobs: HashJob[] = [];
  #underWay = 0;
  #added = 0;
  readonly #countBySource = new Map<string, number>();

  /** Jobs that were added and are not done yet. */
  get size(): number {
    return this.#underWay;
  }

  /** Jobs added since the start; each costs one argon2id computation. */
  get added(): number {
    return this.#added;
  }

  /** Adds a job. False if the limit of all jobs or of this source's is reached. */
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

  /** Returns the jobs added since the last call. */
  take(): HashJob[] {
    const jobs = this.#jobs;
    this.#jobs = [];
    return jobs;
  }
}
