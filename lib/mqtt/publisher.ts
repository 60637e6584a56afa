// Publishes within bounds, and counts: nothing is ever queued here. Knows no topic.

import type { BrokerLink, Publication } from "./broker.ts";

/** Publications that may be under way at the same time. */
export const unackedMax = 256;

export class Publisher {
  published = 0;
  /** What was not published, and never will be. */
  dropped = 0;
  #link: BrokerLink | null = null;
  #unacked = 0;
  #unackedMax = unackedMax;

  /** A link has opened, or there is none any more (null): what was under way is forgotten. */
  attach(link: BrokerLink | null, most = unackedMax): void {
    this.#link = link;
    this.#unacked = 0;
    this.#unackedMax = Math.min(unackedMax, most);
  }

  get isUp(): boolean {
    return this.#link !== null;
  }

  /** Whether something can be published now. */
  get hasRoom(): boolean {
    return this.#link !== null && this.#unacked < this.#unackedMax;
  }

  /** How much can be published now. */
  get room(): number {
    return this.#link === null ? 0 : this.#unackedMax - this.#unacked;
  }

  get unacked(): number {
    return this.#unacked;
  }

  /** Publishes if there is room. @returns whether there was; else nothing has changed */
  publish(publication: Publication): boolean {
    const link = this.#link;
    if (link === null || !this.hasRoom) return false;
    this.#unacked++;
    link.publish(publication, (isTaken) => {
      if (isTaken) this.published++;
      else this.dropped++;
      if (this.#link === link) this.#unacked--;
    });
    return true;
  }

  /** Publishes, or counts it as dropped. */
  publishOrDrop(publication: Publication): void {
    if (!this.publish(publication)) this.dropped++;
  }
}
