// What became of devices while a read of their rows is under way: no more than is needed to bring the rows up to date.

import type { Fact } from "../server/feed.ts";

const ofSession: readonly Fact["kind"][] = ["logged-in", "moved", "ended"];

/** Notes what became of a device. A session's end says it only together with what was before. */
export function noteFact(meanwhile: Map<string, Fact[]>, fact: Fact): void {
  switch (fact.kind) {
    case "registered":
    case "removed":
    case "changed":
      meanwhile.set(fact.id, [fact]);
      return;
    case "logged-in": {
      // What was told of its labels stays: a row that was read may be from before.
      const before = meanwhile.get(fact.id) ?? [];
      meanwhile.set(fact.id, [...before.filter(({ kind }) => !ofSession.includes(kind)), fact]);
      return;
    }
    case "labelled": {
      const before = meanwhile.get(fact.id) ?? [];
      meanwhile.set(fact.id, [...before.filter(({ kind }) => kind !== "labelled"), fact]);
      return;
    }
    case "moved":
    case "ended":
      meanwhile.set(fact.id, [...(meanwhile.get(fact.id) ?? []), fact]);
      return;
    case "updated":
    case "reported":
    case "pending":
    case "window":
    case "answered":
    case "commanded":
    case "commands":
  }
}
