// The operator's actions: ask a device, register or remove one, allow its text requests. Changes go through the current
// batch like a device's request, so a result is reported only after the commit.

import { ack, type AckCode } from "../protocol/codes.ts";
import type { Address } from "../protocol/messages.ts";
import { encode } from "../protocol/encode.ts";
import type { Ask, OpenAsk } from "./asks.ts";
import type { Desk } from "./desk.ts";
import { peerName } from "./logbook.ts";
import type { Moment } from "./moment.ts";
import {
  allowingText,
  changingPassword,
  finding,
  type Labelled,
  labelling,
  removing,
} from "./devices.ts";
import { type LabelChange, labelsText } from "./labels.ts";
import type { Judged } from "./passwords/proof.ts";
import type { Policy } from "./policy.ts";
import type { DeviceFacts, Question } from "./rows.ts";
import type { Decided, StepResult, Rule } from "./store-port.ts";
import { registration, type Registered, tellRegistered } from "./verbs/register.ts";
import { addressOf, sendUnasked } from "./unasked.ts";
import { notePassword, noteRemoval } from "./sessions/session-end.ts";

const hourMs = 3_600_000;

/** The result of removing a device. */
export type RemoveResult = "removed" | "unknown" | "storage-failed";

/** The result of a change of a device. */
export type ChangeResult = "changed" | "unknown" | "storage-failed";

/** The result of a change of labels. */
export type LabelResult = Labelled | { readonly kind: "storage-failed" };

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
  destinationOf(id: string): Address | null {
    const session = this.desk.sessions.get(id);
    if (session === undefined || session.ending) return null;
    return addressOf(session);
  }

  /** Asks a device; `ask.onResult` is called once with the result. */
  ask(ask: Ask, now: Moment): void {
    this.desk.clock.set(now);
    if (this.destinationOf(ask.id) === null) {
      this.desk.batch.submit(
        finding(ask.id),
        null,
        ({ known }) => ask.onResult({ kind: known ? "not-logged-in" : "unknown" }),
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
    this.desk.batch.submit(hourPassed, null, () => {});
  }

  /**
   * Allows text requests of a device again (protocol §5.19).
   * @param onResult called with whether the device is registered; false too if the store failed
   */
  allowText(id: string, onResult: (known: boolean) => void, now: Moment): void {
    const { desk } = this;
    desk.clock.set(now);
    desk.batch.submit(
      allowingText(id),
      null,
      (known) => {
        if (known) desk.log.activity("info", "-", "-", `${id} may speak text again`);
        onResult(known);
      },
      () => onResult(false),
    );
  }

  /** Deregisters a device and ends its session; its reports stay. */
  remove(id: string, onResult: (result: RemoveResult) => void, now: Moment): void {
    const { desk } = this;
    desk.clock.set(now);
    desk.batch.submit(
      removing(id, now.wall),
      null,
      (known) => {
        if (!known) return onResult("unknown");
        noteRemoval(desk, id, now.wall);
        desk.log.activity("info", "-", "-", `${id} was deregistered by the operator`);
        onResult("removed");
      },
      () => onResult("storage-failed"),
    );
  }

  /**
   * Gives a device another password and ends its session.
   * @param hash argon2id of the password
   */
  changePassword(
    id: string,
    hash: string,
    onResult: (result: ChangeResult) => void,
    now: Moment,
  ): void {
    const { desk } = this;
    desk.clock.set(now);
    desk.batch.submit(
      changingPassword(id, hash, now.wall),
      null,
      (known) => {
        if (!known) return onResult("unknown");
        notePassword(desk, id, now.wall);
        desk.log.activity("info", "-", "-", `${id} got another password from the operator`);
        onResult("changed");
      },
      () => onResult("storage-failed"),
    );
  }

  /** Changes the labels of a device: all changes or none. */
  label(
    id: string,
    changes: readonly LabelChange[],
    onResult: (result: LabelResult) => void,
    now: Moment,
  ): void {
    const { desk } = this;
    desk.clock.set(now);
    desk.batch.submit(
      labelling(id, changes),
      null,
      (result) => {
        if (result.kind === "labelled") {
          const { labels } = result;
          desk.feed.tell({ kind: "labelled", id, labels, isOwn: true });
          const words = labels.size === 0 ? "no labels" : labelsText(labels);
          desk.log.activity("info", "-", "-", `${id} has ${words} now`);
        }
        onResult(result);
      },
      () => onResult({ kind: "storage-failed" }),
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
    this.desk.clock.set(now);
    this.desk.batch.submit(
      enrollment(device, hash, now.wall, this.desk.policy),
      null,
      (judged) => {
        if (judged.kind === "done") tellRegistered(this.desk, device.id, judged);
        onResult(enrolled(judged));
      },
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
      desk.batch.submit(
        asking(question),
        null,
        (_, number) => {
          open.number = number;
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
    sendUnasked(desk, session, msgid, text);
    desk.log.activity("info", peerName(to), "SEND", `QUERY ${code} to ${id} about ${target}`);
  }
}

/**
 * The rule that registers a device for the operator.
 * @param hash as for `Operator.enroll`
 * @param at the wall clock, ms since 1970
 */
export function enrollment(
  device: DeviceFacts,
  hash: string | null,
  at: number,
  policy: Pick<Policy, "sharedIp" | "keyPolicy">,
): Rule<Judged<Registered>> {
  const proof = hash === null ? ({ kind: "none" } as const) : ({ kind: "hashed", hash } as const);
  const asked = { device, proof, sealed: true, clientKey: null, at, request: null };
  return registration(asked, { ...policy, join: "open" });
}

/** What the result of an `enrollment` means. */
export function enrolledOf(result: StepResult): EnrollResult {
  // A batch gives each rule its own outcome.
  return enrolled((result as Decided<Judged>).outcome);
}

/** What the result of a `labelling` is. */
export function labelledOf(result: StepResult): LabelResult {
  // A batch gives each rule its own outcome.
  return (result as Decided<Labelled>).outcome;
}

function enrolled(judged: Judged): EnrollResult {
  if (judged.kind === "done") return { kind: "done", code: judged.code };
  const isNew = judged.need.kind === "hash";
  // A new address of a registered device needs its password (protocol §4.1), which only the device can send.
  return isNew ? { kind: "hash" } : { kind: "done", code: ack.credentialsRefused };
}

/** The rule that keeps a question; the number of its result is that of the question. */
function asking(question: Question): Rule<null> {
  const writes = [{ kind: "add-question", question }] as const;
  const { device: laneOf } = question;
  return { kind: "rule", keys: {}, laneOf, decide: () => ({ outcome: null, writes }) };
}

const hourPassed: Rule<null> = {
  kind: "rule",
  keys: {},
  decide: () => ({ outcome: null, writes: [{ kind: "count-hour" }] }),
};
