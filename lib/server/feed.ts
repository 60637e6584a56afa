// The feed: what was committed, as facts of the domain, for whoever subscribes. It is published after the replies are
// sent, so that no subscriber delays an ACK. Stores nothing.

import { ack } from "../protocol/codes.ts";
import type { EndReason, Operation, Outcome, Report } from "./operation.ts";

/** Something that has happened and is on the disk. Times are wall times, ms since 1970. */
export type Fact =
  | { readonly kind: "registered"; readonly id: string; readonly at: number }
  /** A device registered another ip or port. */
  | { readonly kind: "updated"; readonly id: string; readonly at: number }
  /** A device deregistered, or was removed by the operator; its session has ended. */
  | { readonly kind: "removed"; readonly id: string; readonly at: number }
  /** An earlier session of the device has ended. */
  | {
      readonly kind: "logged-in";
      readonly id: string;
      readonly session: number;
      readonly at: number;
    }
  | {
      readonly kind: "ended";
      readonly id: string;
      readonly session: number;
      readonly reason: EndReason;
      /** When its last packet came. */
      readonly lastSeen: number;
      readonly at: number;
    }
  | { readonly kind: "reported"; readonly sequence: number; readonly report: Report }
  /** A device answered the operator's question with this number. */
  | { readonly kind: "answered"; readonly question: number; readonly report: Report };

/** The kinds that come with every datagram of a busy fleet. A subscriber gets them only if it asks for them. */
const frequent: readonly Fact["kind"][] = ["reported"];

/** Receives the facts of one commit, in order. Must be fast, and must not throw. */
export type OnFacts = (facts: readonly Fact[]) => void;

type Subscriber = { readonly onFacts: OnFacts; readonly withReports: boolean };

export class Feed {
  readonly #subscribers = new Set<Subscriber>();

  /**
   * @param withReports whether it gets a fact for each stored report, too
   * @returns ends the subscription
   */
  subscribe(onFacts: OnFacts, withReports = false): () => void {
    const subscriber = { onFacts, withReports };
    this.#subscribers.add(subscriber);
    return () => void this.#subscribers.delete(subscriber);
  }

  /** Tells the subscribers of a batch that is on the disk. Without subscribers it costs nothing. */
  publish(operations: readonly Operation[], outcomes: readonly Outcome[]): void {
    if (this.#subscribers.size === 0) return;
    let withReports = false;
    for (const subscriber of this.#subscribers) withReports ||= subscriber.withReports;
    const facts: Fact[] = [];
    for (let i = 0; i < operations.length; i++) {
      const operation = operations[i] as Operation;
      // The most frequent operation by far: most batches have nothing else.
      if (operation.kind === "report" && !withReports && outcomes[i]?.kind === "report") continue;
      const fact = factOf(operation, outcomes[i] as Outcome);
      if (fact !== null) facts.push(fact);
    }
    if (facts.length === 0) return;
    const rare = withReports ? facts.filter(({ kind }) => !frequent.includes(kind)) : facts;
    for (const subscriber of this.#subscribers) {
      const own = subscriber.withReports ? facts : rare;
      if (own.length > 0) subscriber.onFacts(own);
    }
  }
}

/** What an operation has changed; null if nothing that anybody else has to know. */
function factOf(operation: Operation, outcome: Outcome): Fact | null {
  switch (operation.kind) {
    case "register": {
      if (outcome.kind !== "done") return null;
      const { device, at } = operation;
      if (outcome.code === ack.registered) return { kind: "registered", id: device.id, at };
      if (outcome.code === ack.registrationUpdated) return { kind: "updated", id: device.id, at };
      return null;
    }
    case "deregister":
      if (outcome.kind !== "done" || outcome.code !== ack.deregistered) return null;
      return { kind: "removed", id: operation.device.id, at: operation.at };
    case "remove":
      if (outcome.kind !== "found" || !outcome.known) return null;
      return { kind: "removed", id: operation.id, at: operation.at };
    case "login":
    case "resume": {
      if (outcome.kind !== "done" || outcome.code !== ack.loggedIn) return null;
      return { kind: "logged-in", id: operation.id, session: outcome.session, at: operation.at };
    }
    case "end": {
      const { id, session, reason, lastSeen, at } = operation;
      return { kind: "ended", id, session, reason, lastSeen, at };
    }
    case "report": {
      const { report } = operation;
      if (outcome.kind === "answer" && !outcome.repeated) {
        return { kind: "answered", question: outcome.question, report };
      }
      if (outcome.kind !== "report" || outcome.repeated) return null;
      return { kind: "reported", sequence: outcome.sequence, report };
    }
    case "question":
    case "hour":
    case "allow-text":
    case "touch":
    case "find":
    case "latest":
    case "answered":
      return null;
  }
}
