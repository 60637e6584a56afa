// What an operator has the server do: ask a device, register one, take one out, let one speak text. Each goes through
// the batch in hand like a device's request; each method is called with the time.

import { ack, type AckCode } from "../protocol/codes.ts";
import { encode } from "../protocol/encode.ts";
import type { Ask } from "./asks.ts";
import { type Desk, peerName } from "./desk.ts";
import type { DeviceFacts, Endpoint, Outcome } from "./operation.ts";

/** What became of the removal of a device. */
export type RemoveResult = "removed" | "unknown" | "storage-failed";

/** What became of a registration: an ACK code, or the hash of its password is wanted. */
export type EnrollResult =
  { readonly kind: "hash" } | { readonly kind: "done"; readonly code: AckCode };

export class Operator {
  constructor(private readonly desk: Desk) {}

  /** Where a packet of the server would reach this device, or null when it is not logged in. */
  destinationOf(id: string): Endpoint | null {
    const session = this.desk.sessions.get(id);
    if (session === undefined || session.ending) return null;
    const { source, stated } = session;
    return stated.ip === source.ip ? stated : source;
  }

  /** Asks a device; the result comes through `ask.onResult`. */
  ask(ask: Ask, now: number): void {
    this.desk.setTime(now);
    if (this.destinationOf(ask.id) === null) {
      this.desk.submit(
        { kind: "find", id: ask.id },
        null,
        (outcome) => ask.onResult({ kind: isKnown(outcome) ? "not-logged-in" : "unknown" }),
        () => ask.onResult({ kind: "busy" }),
      );
    } else if (!this.desk.asks.add(ask)) {
      ask.onResult({ kind: "busy" });
    } else {
      this.sendAsks();
    }
  }

  /** Sends the questions that are due, for the first time or again. */
  sendAsks(): void {
    const { desk } = this;
    for (const open of desk.asks.due(desk.now)) {
      const { id, code, target, answerTo } = open.ask;
      const to = this.destinationOf(id);
      const session = desk.sessions.get(id);
      if (to === null || session === undefined) {
        desk.asks.drop(id);
        continue;
      }
      const { time, msgid } = open;
      const text = encode({ type: "QUERY", code, id: "server", address: answerTo, time, target });
      if (!session.sealed) desk.send(to, text);
      else this.#sendSealed(session.owner, msgid, text);
      desk.log.activity("info", peerName(to), "SEND", `QUERY ${code} to ${id} about ${target}`);
    }
  }

  /** Lets a device speak text again after it was sealed (sealed, Downgrade); whether there is such a device. */
  allowText(id: string, onResult: (known: boolean) => void, now: number): void {
    const { desk } = this;
    desk.setTime(now);
    desk.submit(
      { kind: "allow-text", id },
      null,
      (outcome) => {
        const known = isKnown(outcome);
        if (known) desk.log.activity("info", "-", "-", `${id} may speak text again`);
        onResult(known);
      },
      () => onResult(false),
    );
  }

  /** Takes a device out of the registrar; its reports stay. */
  remove(id: string, onResult: (result: RemoveResult) => void, now: number): void {
    const { desk } = this;
    desk.setTime(now);
    desk.submit(
      { kind: "remove", id, at: now },
      null,
      (outcome) => {
        if (!isKnown(outcome)) return onResult("unknown");
        desk.verifiers.forget(id);
        const session = desk.sessions.get(id);
        if (session !== undefined) desk.endSession(session);
        desk.log.activity("info", "-", "-", `${id} was deregistered by the operator`);
        onResult("removed");
      },
      () => onResult("storage-failed"),
    );
  }

  /**
   * Registers a device.
   * @param hash of its password, or null to learn first whether it would be refused
   */
  enroll(
    device: DeviceFacts,
    hash: string | null,
    onResult: (result: EnrollResult) => void,
    now: number,
  ): void {
    this.desk.setTime(now);
    const proof = hash === null ? ({ kind: "none" } as const) : ({ kind: "hashed", hash } as const);
    this.desk.submit(
      { kind: "register", device, proof, sealed: true, at: now },
      null,
      (outcome) => onResult(enrolled(outcome)),
      () => onResult({ kind: "done", code: ack.storageFailed }),
    );
  }

  /** A device that is logged in sealed is asked over its link, or not at all. */
  #sendSealed(owner: string, msgid: bigint, text: string): void {
    const link = this.desk.links.currentOf(owner);
    if (link === undefined) return;
    const body = Buffer.from(text);
    this.desk.sendFrame(link, { kind: "text", answer: false, msgid, body });
  }
}

/** What an outcome of a registration says. */
export function enrolled(outcome: Outcome): EnrollResult {
  if (outcome.kind === "done") return { kind: "done", code: outcome.code };
  const isNew = outcome.kind === "need" && outcome.need.kind === "hash";
  // Another address for a device that is there wants its password: that is the device's to send.
  return isNew ? { kind: "hash" } : { kind: "done", code: ack.credentialsRefused };
}

function isKnown(outcome: Outcome): boolean {
  return outcome.kind === "found" && outcome.known;
}
