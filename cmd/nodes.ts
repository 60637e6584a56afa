// Joins a running server to the other servers of its store: what they tell goes to the engine, what it commits to them, and
// a question to the node that hears the device. No logic of its own.

import type { PacketLoop } from "../lib/io/udp/packet-loop.ts";
import type { AskResult } from "../lib/server/asks.ts";
import type { Engine } from "../lib/server/engine.ts";
import type { Fact } from "../lib/server/feed.ts";
import type { NodeLoad, NodeQuestion, StoreNodes } from "../lib/server/nodes.ts";

/** The parts of a running server that deal with other nodes. */
export type NodeParts = {
  readonly engine: Engine;
  readonly loop: Pick<PacketLoop, "act">;
  /** Asks a device that this node hears. */
  readonly ask: (question: NodeQuestion) => Promise<AskResult>;
};

/** What ends the talk with the other nodes: hearing before the loop stops, telling after the last commit. */
export type Joined = { readonly stopHearing: () => void; readonly stopTelling: () => void };

/** Begins to listen to the other nodes and to tell them. */
export function joinNodes(nodes: StoreNodes, { engine, loop, ask }: NodeParts): Joined {
  const { feed, desk } = engine;
  const stopHearing = nodes.start({
    load: loadOf(engine),
    sessionIds: () => Array.from(desk.sessions.values(), ({ id }) => id),
    onChanged: (devices) => loop.act(({ elsewhere }, now) => elsewhere.noteChanged(devices, now)),
    onEnded: (sessions) => loop.act(({ elsewhere }, now) => elsewhere.noteEnded(sessions, now)),
    onRelayed: (relayed) => loop.act(({ elsewhere }, now) => elsewhere.deliver(relayed, now)),
    onAsked: ask,
  });
  const stopTelling = feed.subscribe((facts) => {
    const ids = facts.flatMap(changedBy);
    if (ids.length > 0) nodes.tell(ids);
  });
  return { stopHearing, stopTelling };
}

/** Asks a device at the node that hears it. @param local asks one that this node hears, or none does */
export async function askAnywhere(
  nodes: StoreNodes | null,
  engine: Engine,
  question: NodeQuestion,
  local: (question: NodeQuestion) => Promise<AskResult>,
): Promise<AskResult> {
  if (nodes === null || engine.desk.sessions.get(question.id) !== undefined) return local(question);
  const node = await nodes.nodeOf(question.id);
  return node === null || node === nodes.own ? local(question) : nodes.ask(node, question);
}

/** The device that other nodes have to look at, if there is one. */
function changedBy(fact: Fact): string[] {
  switch (fact.kind) {
    case "registered":
    case "updated":
    case "removed":
    case "logged-in":
    case "moved":
    case "ended":
      return [fact.id];
    case "labelled":
      return fact.isOwn ? [fact.id] : [];
    case "commanded": {
      const { device, sendings, ended } = fact.command;
      const isForAll = ended !== null || sendings === 0;
      return fact.isOwn && isForAll ? [device] : [];
    }
    case "changed":
    case "commands":
    case "pending":
    case "window":
    case "reported":
    case "answered":
      return [];
  }
}

/** Returns how busy the node has been since it was asked before. */
function loadOf({ desk }: Engine): () => NodeLoad {
  let before = { at: performance.now(), received: 0, reports: 0 };
  return () => {
    const { received, reportsStored: reports } = desk.counters;
    const at = performance.now();
    const seconds = Math.max(0.001, (at - before.at) / 1000);
    const load = {
      sessions: desk.sessions.size,
      sealed: desk.sessions.sealed,
      received: (received - before.received) / seconds,
      reports: (reports - before.reports) / seconds,
    };
    before = { at, received, reports };
    return load;
  };
}
