// The queue of passwords to hash or check off the event loop. Three lanes share the time: sealed requests, text from a
// source that has a session, text from strangers. In a lane the sources take turns, so that no source delays another by
// more than one job a turn. Runs no job itself.

import { limits } from "../policy.ts";

/** A computation for the shell; `done` is called with the result, in a later batch. */
export type HashJob = {
  readonly password: string;
  /** The stored hash to check against; `undefined` to make a new hash; null to only take the time of a check. */
  readonly against: string | null | undefined;
  readonly done: (result: HashResult) => void;
};

/**
 * A new hash, whether the password fits, the error of a computation that failed, or that the job lost its place to one
 * of a source with fewer jobs.
 */
export type HashResult =
  | { readonly hash: string }
  | { readonly fits: boolean }
  | { readonly failed: string }
  | { readonly displaced: true };

/** Who waits: a device over a link, a text source that has a session, or any other text source. */
export type Lane = "sealed" | "known" | "stranger";

const lanes: readonly Lane[] = ["sealed", "known", "stranger"];
/** Whose turn it is. A lane in which nobody waits gives its turn to the first of `lanes` in which somebody does. */
const turns: readonly Lane[] = [
  "sealed",
  "known",
  "sealed",
  "known",
  "sealed",
  "known",
  "sealed",
  "stranger",
];

/** The most jobs that can wait. */
export const hashJobsMax = lanes.reduce((sum, lane) => sum + limits.hashJobs[lane], 0);

/** Orders and bounds the jobs. */
export class HashQueue {
  readonly #lanes: Readonly<Record<Lane, SourcesInTurn>> = {
    sealed: new SourcesInTurn(limits.hashJobs.sealed),
    known: new SourcesInTurn(limits.hashJobs.known),
    stranger: new SourcesInTurn(limits.hashJobs.stranger),
  };
  #turn = 0;
  #underWay = 0;
  #added = 0;

  /** Jobs that were added and are not done yet. */
  get size(): number {
    return this.#underWay;
  }

  /** Jobs added since the start; each costs one argon2id computation, if it is not displaced. */
  get added(): number {
    return this.#added;
  }

  /**
   * Adds a job. In a full lane it takes the place of the latest job of the source that has most, if that has at least
   * two more than its own.
   * @returns false if there is no place for it
   */
  add(lane: Lane, sourceIp: string, job: HashJob): boolean {
    const queue = this.#lanes[lane];
    const displaced = queue.isFull ? queue.displaceFor(sourceIp) : null;
    if (queue.isFull) return false;
    const done = (result: HashResult) => {
      this.#underWay--;
      job.done(result);
    };
    queue.add(sourceIp, { ...job, done });
    this.#underWay++;
    this.#added++;
    displaced?.done({ displaced: true });
    return true;
  }

  /** Returns the jobs to begin now, at most `most`; their places are free for others. */
  take(most = Number.POSITIVE_INFINITY): HashJob[] {
    const jobs: HashJob[] = [];
    while (jobs.length < most) {
      const job = this.#next();
      if (job === undefined) break;
      jobs.push(job);
    }
    return jobs;
  }

  #next(): HashJob | undefined {
    const own = turns[this.#turn] as Lane;
    this.#turn = (this.#turn + 1) % turns.length;
    for (const lane of [own, ...lanes]) {
      const job = this.#lanes[lane].next();
      if (job !== undefined) return job;
    }
    return undefined;
  }
}

/** The waiting jobs of one lane: each source has a queue, and gives one job when its turn comes. */
class SourcesInTurn {
  /** In the order of their turns. No queue is empty. */
  readonly #bySource = new Map<string, HashJob[]>();
  #size = 0;

  constructor(private readonly sizeMax: number) {}

  get isFull(): boolean {
    return this.#size >= this.sizeMax;
  }

  add(sourceIp: string, job: HashJob): void {
    const queue = this.#bySource.get(sourceIp);
    if (queue === undefined) this.#bySource.set(sourceIp, [job]);
    else queue.push(job);
    this.#size++;
  }

  next(): HashJob | undefined {
    for (const [sourceIp, queue] of this.#bySource) {
      const job = queue.shift();
      this.#size--;
      this.#bySource.delete(sourceIp);
      if (queue.length > 0) this.#bySource.set(sourceIp, queue);
      return job;
    }
    return undefined;
  }

  /** Removes and returns the latest job of the source that has most, or null if a job of `sourceIp` may not displace it. */
  displaceFor(sourceIp: string): HashJob | null {
    let longest: HashJob[] = [];
    for (const queue of this.#bySource.values()) {
      if (queue.length > longest.length) longest = queue;
    }
    // With a difference of one, two sources would displace each other's jobs for ever.
    if (longest.length < (this.#bySource.get(sourceIp)?.length ?? 0) + 2) return null;
    this.#size--;
    return longest.pop() ?? null;
  }
}
