// The operator's actions: ask a device, register or remove one, allow its text requests. Changes go through the current
// batch like a device's request, so a result is reported only after the commit.

import { ack, type AckCode } from "../protocol/codes.ts";
import { encode } from "../protocol/encode.ts";
import type { Ask, OpenAsk } from "./asks.ts";
import type { Desk } from "./desk.ts";
import { peerName } from "./logbook.ts";
import type { Moment } from "./moment.ts";
import type { DeviceFacts, Endpoint, Operation, Outcome } from "./operation.ts";

const hourMs = 3_600_000;

/** The result of removing a device. */
export type RemoveResult = "removed" | "unknown" | "storage-failed";

/** A device to register. `hash` is that of its password, or null to find out first whether it would be refused. */
export type Candidate = DeviceFacts & { readonly hash: string | null };

/** The result of a registration: an ACK code, or `hash` if the hash of the password is needed first. */
export type EnrollResult =
  { readonly kind: "hash" } | { readonly kind: "done"; readonly code: AckCode };

export class Operator {
  /** When the current hour of service began, by the monotonic clock, ms. */
  #hourAt: number;

  constructor(private readonly desk: Desk) {
    this.#hourAt = desk.uptimeMs;
  }

  /** The address to send to for this device (protocol §4.9), or null if it is not logged in. */
  destinationOf(id: string): Endpoint | null {
    const session = this.desk.sessions.get(id);
    if (session === undefined || session.ending) return null;
    const { source, stated } = session;
    return stated.ip === source.ip ? stated : source;
  }

  /** Asks a device; `ask.onResult` is called once with the result. */
  ask(ask: Ask, now: Moment): void {
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
      this.#sendAsks();
    }
  }

  /** Sends the questions that are due, and lets the kept ones grow older. The caller has set the time. */
  tick(): void {
    this.#sendAsks();
    if (this.desk.uptimeMs - this.#hourAt < hourMs) return;
    this.#hourAt = this.desk.uptimeMs;
    this.desk.submit({ kind: "hour" }, null, () => {});
  }

  /**
   * Allows text requests of a device again (protocol §5.19).
   * @param onResult called with whether the device is registered; false too if the store failed
   */
  allowText(id: string, onResult: (known: boolean) => void, now: Moment): void {
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

  /** Deregisters a device and ends its session; its reports stay. */
  remove(id: string, onResult: (result: RemoveResult) => void, now: Moment): void {
    const { desk } = this;
    desk.setTime(now);
    desk.submit(
      { kind: "remove", id, at: now.wall },
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
   * @param hash the hash of its password, or null to find out first whether the registration would be refused
   */
  enroll(
    device: DeviceFacts,
    hash: string | null,
    onResult: (result: EnrollResult) => void,
    now: Moment,
  ): void {
    this.desk.setTime(now);
    this.desk.submit(
      enrollment(device, hash, now.wall),
      null,
      (outcome) => onResult(enrolled(outcome)),
      () => onResult({ kind: "done", code: ack.storageFailed }),
    );
  }

  /** Sends the questions that are due: a new one once it is on the disk, an open one again. */
  #sendAsks(): void {
    const { desk } = this;
    for (const open of desk.asks.due(desk.wallMs, desk.uptimeMs)) {
      if (open.number > 0) {
        this.#send(open);
        continue;
      }
      const { id: device, code, target, by } = open.ask;
      const question = { device, code, target, by, time: open.time, asked: desk.wallMs };
      desk.submit(
        { kind: "question", question },
        null,
        (outcome) => {
          if (outcome.kind !== "question") return;
          open.number = outcome.number;
          if (desk.asks.isOpen(open)) this.#send(open);
        },
        () => desk.asks.fail(open, desk.uptimeMs),
      );
    }
  }

  #send({ ask: { id, code, target, answerTo }, time, msgid }: OpenAsk): void {
    const { desk } = this;
    const to = this.destinationOf(id);
    const session = desk.sessions.get(id);
    if (to === null || session === undefined) return desk.asks.drop(id, desk.uptimeMs);
    const text = encode({ type: "QUERY", code, id: "server", address: answerTo, time, target });
    if (!session.sealed) desk.send(to, text);
    else this.#sendSealed(session.owner, msgid, text);
    desk.log.activity("info", peerName(to), "SEND", `QUERY ${code} to ${id} about ${target}`);
  }

  /** Sends over the current link of the session's key. A sealed session is never asked in text. */
  #sendSealed(owner: string, msgid: bigint, text: string): void {
    const link = this.desk.links.currentOf(owner);
    if (link === undefined) return;
    const body = Buffer.from(text);
    this.desk.sendFrame(link, { kind: "text", answer: false, msgid, body });
  }
}

/**
 * The operation that registers a device for the operator.
 * @param hash as for `Operator.enroll`
 * @param at the wall clock, ms since 1970
 */
export function enrollment(
  device: DeviceFacts,
  hash: string | null,
  at: number,
): Extract<Operation, { kind: "register" }> {
  const proof = hash === null ? ({ kind: "none" } as const) : ({ kind: "hashed", hash } as const);
  return { kind: "register", device, proof, sealed: true, clientKey: null, join: "open", at };
}

/** The result that the outcome of an `enrollment` means. */
export function enrolled(outcome: Outcome): EnrollResult {
  if (outcome.kind === "done") return { kind: "done", code: outcome.code };
  const isNew = outcome.kind === "need" && outcome.need.kind === "hash";
  // A new address of a registered device needs its password (protocol §4.1), which only the device can send.
  return isNew ? { kind: "hash" } : { kind: "done", code: ack.credentialsRefused };
}

function isKnown(outcome: Outcome): boolean {
  return outcome.kind === "found" && outcome.known;
}
