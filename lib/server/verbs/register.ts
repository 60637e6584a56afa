// REGISTER (protocol §4.1): stores a device, or its new address. Its rule is a pure function over the rows it needs.

import { ack, type AckCode } from "../../protocol/codes.ts";
import { comparableMac } from "../../protocol/fields.ts";
import { canonicalIp } from "../../protocol/ip.ts";
import type { Register } from "../../protocol/messages.ts";
import { equal } from "../../sealed/primitives.ts";
import { doOnce, keepAnswer, sealedRequestOf } from "../answered.ts";
import { commandsFor } from "../commands/command-rules.ts";
import { noteEnded } from "../commands/delivery.ts";
import type { Desk } from "../desk.ts";
import { labelsFor } from "../devices.ts";
import { noDoorRows } from "../door/door-rows.ts";
import { hasOwnSecret, tokenHash, tokenIn } from "../door/join-token.ts";
import { decideKnock, type Knock, type Verdict, waitsForApproval } from "../door/verdict.ts";
import { type Labels, noLabels } from "../labels.ts";
import type { Attempts } from "../passwords/credentials.ts";
import type { Done, Judged, Proof } from "../passwords/proof.ts";
import type { Join, Policy } from "../policy.ts";
import type { Request } from "../request.ts";
import type { CommandRow, DeviceFacts, SealedRequest } from "../rows.ts";
import type { Decision, Rows, Rule } from "../store-port.ts";
import { confirm, refuse } from "../responses.ts";

/** What a REGISTER asks for. */
export type Registration = {
  /** Its ip in canonical spelling. */
  readonly device: DeviceFacts;
  readonly proof: Proof;
  /** Whether the request came over a link, or from the operator. */
  readonly sealed: boolean;
  /** The client's static key, 32 bytes; null for text and for the operator. */
  readonly clientKey: Uint8Array | null;
  /** ms since 1970. */
  readonly at: number;
  /** The request whose answer is kept; null for text and for the operator. */
  readonly request: SealedRequest | null;
  /** What an unknown device shows at the door; left out by the operator, who is asked nothing. */
  readonly knock?: Knock;
};

/** Why a device has to wait, in words for it, and whether it did not wait before. */
type Waits = { readonly reason: string; readonly isNew: boolean };

/**
 * `holder`: who has what was asked for, or why the door is closed, in words for the operator; empty if the code needs none.
 * `labels`: those that a new device has. `waits`: only of 93.
 */
export type Registered = Done & {
  readonly holder: string;
  readonly labels: Labels;
  /** The commands of another device that had the id. */
  readonly cancelled: readonly CommandRow[];
  readonly waits: Waits | null;
};

/** What of the policy the rule follows. */
type RegisterPolicy = Pick<Policy, "sharedIp" | "keyPolicy" | "join">;

type RegisterDecision = Decision<Judged<Registered>>;

/** The rule of a REGISTER. */
export function registration(
  asked: Registration,
  policy: RegisterPolicy,
): Rule<Judged<Registered>> {
  const { device, knock } = asked;
  const { id, ip, port, mac } = device;
  const token = knock?.token?.hash;
  const isAsked = knock !== undefined && (policy.join !== "open" || token !== undefined);
  const pending = { id, source: knock?.source ?? "" };
  return {
    kind: "rule",
    keys: {
      device: id,
      withLabels: true,
      withCommands: true,
      ...(isAsked ? { door: token === undefined ? { pending } : { token, pending } } : {}),
      ipHolder: { besides: id, ip, port: policy.sharedIp ? port : null },
      macHolder: { besides: id, mac },
    },
    decide: (rows) => decideRegister(asked, policy, rows),
  };
}

/** Decides a REGISTER: the first row of the table in protocol §4.1 that applies. */
export function decideRegister(
  asked: Registration,
  policy: RegisterPolicy,
  rows: Pick<Rows, "device" | "ipHolder" | "macHolder" | "labels" | "commands"> &
    Partial<Pick<Rows, "door">>,
): RegisterDecision {
  const { device, proof, sealed, clientKey, at, request } = asked;
  const { device: own, ipHolder, macHolder } = rows;
  /** An answer that changes nothing. */
  const refused = (code: AckCode, hash: string | null = null, holder = ""): RegisterDecision => ({
    outcome: done(code, hash, at, holder),
    writes: [],
  });
  if (own !== null) {
    if (own.textLocked && !sealed) return refused(ack.encryptionRequired);
    if (comparableMac(own.mac) !== comparableMac(device.mac))
      return refused(ack.idTaken, null, `its MAC is ${own.mac}`);
    if (own.ip === device.ip && own.port === device.port) return refused(ack.alreadyRegistered);
    if (proof.kind === "refused" && proof.hash === own.hash) return refused(ack.credentialsRefused);
    if (proof.kind !== "verified" || proof.hash !== own.hash) {
      return needs({ kind: "verify", hash: own.hash });
    }
    // Otherwise another key could move the address at which the device is asked (protocol §5.12).
    const isOtherKey =
      own.sealedKey !== null && clientKey !== null && !equal(own.sealedKey, clientKey);
    if (isOtherKey && policy.keyPolicy === "strict") return refused(ack.credentialsRefused);
    // A device may keep its ip even if another one has it too: they may share one from an earlier setting or from the
    // original system.
    const isKept = own.ip === device.ip && !policy.sharedIp;
    if (ipHolder !== null && !isKept) return refused(ack.ipTaken, own.hash, ipHolder);
    const { id, ip, port } = device;
    const update = { kind: "update-device", id, change: { ip, port }, at } as const;
    const outcome = done(ack.registrationUpdated, own.hash, at);
    return { outcome, writes: [update, ...keepAnswer(request, ack.registrationUpdated)] };
  }
  const verdict = verdictOn(asked, policy.join, rows);
  const doorWrites = verdict.writes.map((write) => ({ kind: "door", write }) as const);
  if (verdict.kind === "refuse") {
    return { outcome: done(ack.credentialsRefused, null, at, verdict.why), writes: doorWrites };
  }
  // What could not be registered needs no approval, and no use of a token.
  if (ipHolder !== null) return refused(ack.ipTaken, null, ipHolder);
  if (macHolder !== null) return refused(ack.macTaken, null, macHolder);
  if (verdict.kind === "wait") {
    const { reason, isNew } = verdict;
    return {
      outcome: { ...done(ack.busy, null, at), waits: { reason, isNew } },
      writes: doorWrites,
    };
  }
  if (proof.kind !== "hashed") return needs({ kind: "hash" });
  const insert = { kind: "insert-device", device, hash: proof.hash, at } as const;
  const { labels, writes } = labelsFor(device, rows.labels, verdict.labels);
  const left = commandsFor(device.mac, rows.commands, at);
  const { cancelled } = left;
  const outcome = { ...done(ack.registered, proof.hash, at), labels, cancelled };
  const more = [...writes, ...left.writes, ...doorWrites];
  return { outcome, writes: [insert, ...more, ...keepAnswer(request, ack.registered)] };
}

/** Whether an unknown device may register. */
function verdictOn(
  { device, knock }: Registration,
  join: Join,
  { door }: Partial<Pick<Rows, "door">>,
): Verdict {
  if (knock !== undefined) return decideKnock(device, knock, join, door ?? noDoorRows);
  return join === "open"
    ? { kind: "admit", labels: noLabels, writes: [] }
    : { kind: "refuse", why: "", writes: [] };
}

function done(code: AckCode, hash: string | null, at: number, holder = ""): Registered {
  return { kind: "done", code, hash, at, holder, labels: noLabels, cancelled: [], waits: null };
}

function needs(need: Extract<Judged, { kind: "need" }>["need"]): RegisterDecision {
  return { outcome: { kind: "need", need }, writes: [] };
}

/** Tells the feed what became of a registration that was decided. */
export function tellRegistered(desk: Desk, id: string, registered: Registered): void {
  const { feed } = desk;
  const { code, at, labels, cancelled, waits } = registered;
  if (waits?.isNew === true) feed.tell({ kind: "pending", id, state: "waiting", at });
  if (code === ack.registered) {
    feed.tell({ kind: "registered", id, at });
    if (labels.size > 0) feed.tell({ kind: "labelled", id, labels, isOwn: true });
  }
  for (const command of cancelled) noteEnded(desk, command);
  if (code === ack.registrationUpdated) feed.tell({ kind: "updated", id, at });
}

/** Tells a device that it has to wait. The log says it once: the device asks again and again. */
function tellWaits(desk: Desk, request: Request, { reason, isNew }: Waits): void {
  const { id } = request;
  if (isNew || reason !== waitsForApproval) {
    return refuse(desk, request, { code: ack.busy, id, what: "REGISTER", reason });
  }
  desk.counters.refused++;
  desk.outbox.acknowledge(request, ack.busy, id, reason);
}

/** Handles a REGISTER. */
export function receiveRegister(
  desk: Desk,
  attempts: Attempts,
  request: Request,
  message: Register,
): void {
  const { id, password, mac, port } = message;
  const device = { id, mac, ip: canonicalIp(message.ip), port };
  const repeatable = sealedRequestOf(desk, request, id);
  const sealed = repeatable !== null;
  const clientKey = repeatable?.clientKey ?? null;
  const token = tokenIn(password);
  const shown = {
    source: request.source.ip,
    clientKey,
    token: token === null ? null : { hash: tokenHash(token), hasSecret: hasOwnSecret(password) },
  };
  desk.logbook.received(request, `REGISTER ${id} at ${message.ip} port ${port}`);
  const begin = () =>
    attempts.begin(request, {
      what: "REGISTER",
      id,
      password,
      ruleOf: (proof) => {
        const at = desk.wallMs;
        const knock = { ...shown, at, window: desk.window.known(desk.uptimeMs) };
        const asked = { device, proof, sealed, clientKey, at, request: repeatable, knock };
        return registration(asked, desk.policy);
      },
      onDone: (registered, answered) => {
        const { code, holder, waits } = registered;
        tellRegistered(desk, id, registered);
        if (waits !== null) return tellWaits(desk, answered, waits);
        const accepted: AckCode[] = [
          ack.registered,
          ack.registrationUpdated,
          ack.alreadyRegistered,
        ];
        if (accepted.includes(code)) return confirm(desk, answered, code, id);
        // Only the log names the holder: the device could be anybody.
        refuse(desk, answered, { code, id, what: "REGISTER", more: holder });
      },
    });
  doOnce(desk, request, id, begin);
}
