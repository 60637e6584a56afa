// The feed: what was committed, as facts of the domain, for whoever subscribes. It is published after the replies are
// sent, so that no subscriber delays an ACK. Stores nothing.

import type { PendingState } from "./door/door-rows.ts";
import type { Labels } from "./labels.ts";
import type { PlacedRow } from "./nodes.ts";
import type { CommandRow, EndReason, Report } from "./rows.ts";

/** Something that has happened and is on the disk. Times are wall times, ms since 1970. */
export type Fact =
  | { readonly kind: "registered"; readonly id: string; readonly at: number }
  /** A device registered another ip or port. */
  | { readonly kind: "updated"; readonly id: string; readonly at: number }
  /** A device deregistered, or was removed by the operator; its session has ended. */
  | { readonly kind: "removed"; readonly id: string; readonly at: number }
  /** The labels of a device as they are now; `isOwn`: this node changed them, else another one may have. */
  | {
      readonly kind: "labelled";
      readonly id: string;
      readonly labels: Labels;
      readonly isOwn: boolean;
    }
  /** An earlier session of the device has ended. */
  | {
      readonly kind: "logged-in";
      readonly id: string;
      readonly session: number;
      readonly at: number;
    }
  /** A session of another node goes on at this one; it began then. */
  | { readonly kind: "moved"; readonly id: string; readonly session: number; readonly at: number }
  /** Another node has changed a device; null if it is not registered any more. */
  | { readonly kind: "changed"; readonly id: string; readonly row: PlacedRow | null }
  | {
      readonly kind: "ended";
      readonly id: string;
      readonly session: number;
      readonly reason: EndReason;
      /** When its last packet came. */
      readonly lastSeen: number;
      readonly at: number;
    }
  /** An unknown device waits for approval from now on, or was approved or rejected. */
  | {
      readonly kind: "pending";
      readonly id: string;
      readonly state: PendingState;
      readonly at: number;
    }
  /** The time in which everybody may register has begun or ended. */
  | { readonly kind: "window"; readonly isOpen: boolean; readonly at: number }
  /** Reports that were stored one after the other, with nothing between them: thousands a second get no object each. */
  | {
      readonly kind: "reported";
      readonly reports: readonly Report[];
      /** Their numbers, in the same order. */
      readonly sequences: readonly number[];
    }
  /**
   * A command was queued, has ended, or was answered late, as its row is now; or it was sent for the first time or delivered, which a
   * restart may forget. `isOwn`: at this node.
   */
  | { readonly kind: "commanded"; readonly command: CommandRow; readonly isOwn: boolean }
  /** The numbers of a device's open commands as another node has left them, ascending, separated by commas. */
  | { readonly kind: "commands"; readonly id: string; readonly numbers: string }
  /** A device answered the operator's question with this number. */
  | { readonly kind: "answered"; readonly question: number; readonly report: Report };

/** The kinds that come with every datagram of a busy fleet. A subscriber gets them only if it asks for them. */
const frequent: readonly Fact["kind"][] = ["reported"];

/** Receives the facts of one commit, in order. Must be fast, and must not throw. */
export type OnFacts = (facts: readonly Fact[]) => void;

type Subscriber = { readonly onFacts: OnFacts; readonly withReports: boolean };

/** Reports to which more are added, until another fact is told. */
type Run = { readonly kind: "reported"; readonly reports: Report[]; readonly sequences: number[] };

export class Feed {
  readonly #subscribers = new Set<Subscriber>();
  #reportSubscribers = 0;
  #facts: Fact[] = [];
  /** The last one of the facts, if it is of reports. */
  #run: Run | null = null;

  /**
   * @param withReports whether it is told of the reports, too
   * @returns ends the subscription
   */
  subscribe(onFacts: OnFacts, withReports = false): () => void {
    const subscriber = { onFacts, withReports };
    this.#subscribers.add(subscriber);
    if (withReports) this.#reportSubscribers++;
    return () => {
      if (this.#subscribers.delete(subscriber) && withReports) this.#reportSubscribers--;
    };
  }

  /** Whether anybody wants to know of reports. */
  get wantsReports(): boolean {
    return this.#reportSubscribers > 0;
  }

  /** Notes what has happened; call it when it is on the disk. */
  tell(fact: Fact): void {
    if (this.#subscribers.size === 0) return;
    this.#facts.push(fact);
    this.#run = null;
  }

  /** Notes that a report is stored, if anybody wants to know. @param sequence its number */
  tellReport(sequence: number, report: Report): void {
    if (!this.wantsReports) return;
    if (this.#run === null) {
      this.#run = { kind: "reported", reports: [], sequences: [] };
      this.#facts.push(this.#run);
    }
    this.#run.reports.push(report);
    this.#run.sequences.push(sequence);
  }

  /** Passes on what was told since the last call, in order. */
  publish(): void {
    if (this.#facts.length === 0) return;
    const facts = this.#facts;
    this.#facts = [];
    this.#run = null;
    const rare = this.wantsReports ? facts.filter(({ kind }) => !frequent.includes(kind)) : facts;
    for (const subscriber of this.#subscribers) {
      const own = subscriber.withReports ? facts : rare;
      if (own.length > 0) subscriber.onFacts(own);
    }
  }
}
