// The engine: datagrams in, operations for the store, and after the commit the replies. Synchronous; knows no socket,
// clock, file or randomness. Its shell calls receive and tick, then take, then complete or fail.

import { hash as digest } from "node:crypto";
import { ack, answer } from "../protocol/codes.ts";
import { decode, type Refusal } from "../protocol/decode.ts";
import { encode, encodeAck } from "../protocol/encode.ts";
import type { Message } from "../protocol/messages.ts";
import { encodeTime } from "../protocol/time.ts";
import type { Ask } from "./asks.ts";
import { Attempts } from "./credentials.ts";
import { Desk, type Entry, type Replies, peerName } from "./desk.ts";
import type { HashJob, HashResult } from "./hash-queue.ts";
import type { Log } from "./log.ts";
import type { Endpoint, Outcome, StoredSession } from "./operation.ts";
import type { Policy } from "./policy.ts";
import { Presence } from "./presence.ts";
import type { Request } from "./request.ts";
import { receiveData } from "./verbs/data.ts";
import { receiveDeregister } from "./verbs/deregister.ts";
import { receiveLogin } from "./verbs/login.ts";
import { receiveLogoff } from "./verbs/logoff.ts";
import { receiveQuery } from "./verbs/query.ts";
import { receiveRegister } from "./verbs/register.ts";
import { receiveStatus } from "./verbs/status.ts";

/** What the engine hands out after a batch was filled. */
export type Batch = readonly Entry[];

export class Engine {
  readonly desk: Desk;
  readonly #attempts: Attempts;
  readonly #presence: Presence;

  /**
   * @param secret 32 random bytes that live as long as the process
   * @param stored the sessions that were open when the server last stopped
   * @param now milliseconds since 1970
   */
  constructor(
    policy: Policy,
    log: Log,
    secret: Uint8Array,
    stored: readonly StoredSession[],
    now: number,
  ) {
    this.desk = new Desk(policy, log, secret, now);
    this.desk.sessions.restore(stored);
    this.#attempts = new Attempts(this.desk);
    this.#presence = new Presence(this.desk, now);
  }

  /** Takes one text datagram into the batch in hand. */
  receive(bytes: Uint8Array, source: Endpoint, now: number): void {
    const { desk } = this;
    desk.now = now;
    desk.counters.received++;
    const hash = digest("sha256", bytes, "hex");
    const request: Request = { source, bytes: bytes.length, hash };
    const decoded = decode(bytes);
    if (decoded.ok) this.#dispatch(request, decoded.message);
    else this.#refuseMalformed(request, decoded);
  }

  /** Does what is due by time: sessions go offline, questions are sent again, rows are written behind. */
  tick(now: number): void {
    this.desk.now = now;
    this.#presence.tick();
    this.#sendAsks();
  }

  /** Whether something waits for the next batch. */
  get hasWork(): boolean {
    return this.desk.hasEntries;
  }

  /** The batch in hand, for the store. An empty one needs no store. */
  take(): Batch {
    return this.desk.takeEntries();
  }

  /** The batch is on the disk: writes its replies. */
  complete(batch: Batch, outcomes: readonly Outcome[], now: number): void {
    this.desk.now = now;
    this.desk.counters.batches++;
    for (let i = 0; i < batch.length; i++) (batch[i] as Entry).onDone(outcomes[i] as Outcome);
  }

  /** Nothing of the batch was stored: says so to everyone in it. */
  fail(batch: Batch, words: string, now: number): void {
    const { desk } = this;
    desk.now = now;
    desk.counters.batchesFailed++;
    desk.log.error("-", `storage failed, ${batch.length} operations were not stored: ${words}`);
    for (const { operation, request, onFail } of batch) {
      onFail?.();
      if (request === null) continue;
      const id = idOf(operation);
      desk.reply(
        request,
        encodeAck(ack.storageFailed, id, desk.time, request.hash, "storage failed"),
      );
    }
  }

  /** The datagrams to send, in order: payload, port, ip, repeated. */
  takeReplies(): Replies {
    return this.desk.takeReplies();
  }

  /** The passwords to hash or check off the loop; each comes back through `resume`. */
  takeHashJobs(): HashJob[] {
    return this.desk.hashQueue.take();
  }

  /** A password was hashed or checked: goes on with its request, in the batch in hand. */
  resume(job: HashJob, result: HashResult, now: number): void {
    this.desk.now = now;
    job.done(result);
  }

  /** Where a packet of the server would reach this device, or null when it is not logged in. */
  destinationOf(id: string): Endpoint | null {
    const session = this.desk.sessions.get(id);
    if (session === undefined || session.ending) return null;
    const { source, stated } = session;
    return stated.ip === source.ip ? stated : source;
  }

  /** Asks a device on the operator's behalf; the result comes through `ask.onResult`. */
  ask(ask: Ask, now: number): void {
    this.desk.now = now;
    if (this.destinationOf(ask.id) === null) {
      this.desk.submit(
        { kind: "find", id: ask.id },
        null,
        (outcome) => {
          const known = outcome.kind === "found" && outcome.known;
          ask.onResult({ kind: known ? "not-logged-in" : "unknown" });
        },
        () => ask.onResult({ kind: "busy" }),
      );
    } else if (!this.desk.asks.add(ask)) {
      ask.onResult({ kind: "busy" });
    } else {
      this.#sendAsks();
    }
  }

  /** Writes every live session's last packet, for a clean stop. */
  settle(now: number): void {
    this.desk.now = now;
    this.#presence.writeAll();
  }

  #dispatch(request: Request, message: Message): void {
    const { desk } = this;
    switch (message.type) {
      case "STATUS":
        return receiveStatus(desk, request, message);
      case "DATA":
        return receiveData(desk, request, message);
      case "QUERY":
        return receiveQuery(desk, request, message);
      case "LOGIN":
        return receiveLogin(desk, this.#attempts, request, message);
      case "LOGOFF":
        return receiveLogoff(desk, request, message);
      case "REGISTER":
        return receiveRegister(desk, this.#attempts, request, message);
      case "DEREGISTER":
        return receiveDeregister(desk, this.#attempts, request, message);
      case "ACK":
        // An ACK is never answered: two servers would answer each other for ever.
        return;
    }
  }

  #refuseMalformed(request: Request, refusal: Refusal): void {
    const { desk } = this;
    desk.counters.malformed++;
    const { code, reason, id } = refusal;
    desk.reportError(
      request.source,
      `refused a datagram of ${request.bytes} bytes: ${code} ${reason}`,
    );
    desk.reply(request, encodeAck(code, id ?? "-", desk.time, request.hash, reason));
  }

  #sendAsks(): void {
    const { desk } = this;
    for (const open of desk.asks.due(desk.now)) {
      const { id, code, target, answerTo } = open.ask;
      const to = this.destinationOf(id);
      if (to === null) {
        desk.asks.drop(id);
        continue;
      }
      if (open.time === "") open.time = encodeTime(desk.now);
      desk.send(
        to,
        encode({ type: "QUERY", code, id: "server", address: answerTo, time: open.time, target }),
      );
      desk.log.activity("info", peerName(to), "SEND", `QUERY ${code} to ${id} about ${target}`);
    }
  }
}

/** The words of an operator's question that came to nothing, by its DATA code (clause 3). */
export const askCodes = {
  unknown: answer.unknownDevice,
  "not-logged-in": answer.notLoggedIn,
  "no-answer": answer.noAnswer,
} as const;

function idOf(operation: Entry["operation"]): string {
  switch (operation.kind) {
    case "register":
    case "deregister":
      return operation.device.id;
    case "login":
    case "find":
    case "latest":
      return operation.id;
    case "report":
      return operation.report.device;
    case "end":
    case "touch":
      return "-";
  }
}
