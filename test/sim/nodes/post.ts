// What the simulated nodes tell each other through the database: it takes a while, and whoever does not listen at that moment
// never gets it. Reads no letter.

import type { AskResult } from "../../../lib/server/asks.ts";
import type { NodeQuestion, Relayed } from "../../../lib/server/nodes.ts";
import type { Stream } from "../random.ts";
import type { Timeline } from "../timeline.ts";

export type Letter =
  | { readonly kind: "changed"; readonly ids: readonly string[] }
  | { readonly kind: "relayed"; readonly relayed: Relayed }
  | {
      readonly kind: "asked";
      readonly from: string;
      readonly number: number;
      readonly question: NodeQuestion;
    }
  | { readonly kind: "answered"; readonly number: number; readonly result: AskResult };

/** Takes a letter if it listens. */
export type Mailbox = (letter: Letter) => void;

export class Post {
  readonly counts = { letters: 0 };
  readonly #boxes = new Map<string, Mailbox>();

  constructor(
    private readonly timeline: Timeline,
    private readonly random: Stream,
  ) {}

  /** From now on letters to this name go there. */
  open(name: string, box: Mailbox): void {
    this.#boxes.set(name, box);
  }

  /** @param to null: all others */
  send(from: string, to: string | null, letter: Letter): void {
    const names = to === null ? [...this.#boxes.keys()].filter((name) => name !== from) : [to];
    for (const name of names) {
      this.counts.letters++;
      const { random } = this;
      const ms = random.chance(0.05) ? random.between(300, 2_000) : random.between(1, 60);
      this.timeline.after(ms, () => this.#boxes.get(name)?.(letter));
    }
  }
}
