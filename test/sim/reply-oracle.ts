// What may leave a server, seen from outside: no ACK before its commit, nothing to an address that sent nothing, no
// long replies to strangers beyond the limit. Reads plain text only; of sealed packets it sees the addresses.

import type { Database } from "bun:sqlite";
import { ack } from "../../lib/protocol/codes.ts";
import { decode } from "../../lib/protocol/decode.ts";
import type { Ack, Address, Message } from "../../lib/protocol/messages.ts";
import type { ReportOracle } from "./report-oracle.ts";
import { hold } from "./violation.ts";

type Received = {
  readonly message: Message | null;
  readonly bytes: number;
  readonly ips: Set<string>;
  /** Whether a copy arrived after the last effect; only then a reply may report an effect. */
  isNew: boolean;
  /** The session that was open when the LOGOFF last arrived. */
  session: number | null;
};

/** Codes that report an effect. */
const effects: readonly string[] = [
  ack.registered,
  ack.registrationUpdated,
  ack.deregistered,
  ack.loggedIn,
  ack.loggedOff,
];
/** Refused passwords per minute (clause 4); the guesses here come in bursts. */
const refusalsMax = 10;
const burstMs = 10_000;

/** Long replies to a stranger: 5 a second, 20 at once (clause 4), and 4 more for those that a slow commit delays. */
const longRepliesPerSecond = 5;
const longRepliesBurst = 24;

export class ReplyOracle {
  /** What the server received since its last start, by hash. */
  #received = new Map<string, Received>();
  /** Addresses that datagrams came from, and those that a LOGIN stated at its own source IP. */
  readonly #places = new Set<string>();
  readonly #longReplies = new Map<string, { level: number; at: number }>();
  readonly #refusals = new Map<string, readonly number[]>();
  longReplies = 0;

  constructor(
    private readonly database: Database,
    private readonly reports: ReportOracle,
    private readonly isStranger: (ip: string) => boolean,
  ) {}

  onStart(): void {
    this.#received = new Map();
    // A server that starts has full buckets.
    this.#longReplies.clear();
    this.#refusals.clear();
  }

  onReceive(text: string | null, bytes: Uint8Array, source: Address): void {
    this.#places.add(`${source.ip} ${source.port}`);
    if (text === null) return;
    const hash = Bun.SHA256.hash(bytes, "hex");
    const known = this.#received.get(hash);
    if (known !== undefined) {
      known.ips.add(source.ip);
      known.isNew = true;
      if (known.message?.type === "LOGOFF") known.session = this.#openSession(known.message.id);
      return;
    }
    const decoded = decode(bytes);
    const message = decoded.ok ? decoded.message : null;
    if (message?.type === "LOGIN" && message.ip === source.ip) {
      this.#places.add(`${source.ip} ${message.port}`);
    }
    const session = message?.type === "LOGOFF" ? this.#openSession(message.id) : null;
    const ips = new Set([source.ip]);
    this.#received.set(hash, { message, bytes: bytes.length, ips, isNew: true, session });
  }

  /** @returns the message, and the request that it answers if it is an ACK; null for a sealed packet */
  onSend(
    text: string | null,
    to: Address,
    now: number,
  ): { said: Message; request: Message | null } | null {
    hold(this.#places.has(`${to.ip} ${to.port}`), () => `sent to ${to.ip} ${to.port}: ${text}`);
    if (text === null) return null;
    const decoded = decode(Buffer.from(text));
    hold(decoded.ok, () => `sent what nobody can read: ${text}`);
    if (decoded.message.type !== "ACK") {
      hold(!this.isStranger(to.ip), () => `told a stranger: ${text}`);
      return { said: decoded.message, request: null };
    }
    const received = this.#received.get(decoded.message.hash);
    hold(received?.ips.has(to.ip) === true, () => `answered what ${to.ip} never sent: ${text}`);
    if (this.isStranger(to.ip)) this.#meter(text.length, received.bytes, to.ip, now);
    this.#checkCommitted(decoded.message, received.session);
    if (decoded.message.code === ack.credentialsRefused) this.#countRefusal(received, to.ip, now);
    if (effects.includes(decoded.message.code)) {
      hold(received.isNew, () => `carried out twice: ${text}`);
      received.isNew = false;
    }
    return { said: decoded.message, request: received.message };
  }

  #meter(length: number, requestLength: number, ip: string, now: number): void {
    if (length <= 3 * requestLength) return;
    const bucket = this.#longReplies.get(ip) ?? { level: 0, at: now };
    const left = Math.max(0, bucket.level - ((now - bucket.at) / 1000) * longRepliesPerSecond);
    hold(left + 1 <= longRepliesBurst, () => `too many long replies to the stranger ${ip}`);
    this.#longReplies.set(ip, { level: left + 1, at: now });
    this.longReplies++;
  }

  #countRefusal({ message }: Received, ip: string, now: number): void {
    if (message?.type !== "LOGIN") return;
    const key = `${ip} ${message.id}`;
    const times = (this.#refusals.get(key) ?? []).filter((at) => now - at < burstMs);
    this.#refusals.set(key, [...times, now]);
    hold(
      times.length < refusalsMax,
      () => `${times.length + 1} guesses at ${message.id} from ${ip}`,
    );
  }

  #checkCommitted({ code, id, hash }: Ack, session: number | null): void {
    switch (code) {
      case ack.dataStored:
        return this.reports.onAcknowledge(hash);
      case ack.registered:
      case ack.registrationUpdated:
      case ack.alreadyRegistered:
        return hold(this.#isRegistered(id), () => `ACK ${code}, but ${id} is not registered`);
      case ack.deregistered:
        return hold(!this.#isRegistered(id), () => `ACK 20, but ${id} is registered`);
      case ack.loggedIn: {
        const isOpen = this.#openSession(id) !== null;
        return hold(isOpen, () => `ACK 70, but ${id} has no session`);
      }
      case ack.loggedOff: {
        // There was none if an earlier copy had ended it, and its batch was stored but not yet answered.
        const isOpen = session !== null && this.#openSession(id) === session;
        return hold(!isOpen, () => `ACK 80, but session ${session} of ${id} goes on`);
      }
    }
  }

  #isRegistered(id: string): boolean {
    return this.database.query("SELECT 1 FROM registrar WHERE id = ?").get(id) !== null;
  }

  /** The number of the device's open session on the disk. */
  #openSession(id: string): number | null {
    const sql = "SELECT session AS it FROM login WHERE device = ? AND ended IS NULL";
    return this.database.query<{ it: number }, [string]>(sql).get(id)?.it ?? null;
  }
}
