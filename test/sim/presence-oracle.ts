// Presence, derived from what the server answered: a session ends after 2.5 of its device's intervals without a packet,
// or after 9 minutes if none was stated, and not earlier.

import type { Database } from "bun:sqlite";
import { ack } from "../../lib/protocol/codes.ts";
import type { Ack, Message } from "../../lib/protocol/messages.ts";
import type { SessionTable } from "../../lib/server/sessions/session-table.ts";
import { hold } from "./violation.ts";

const unstatedMs = 9 * 60_000;
/** Tolerance, ms: ticks come four times a second, the sweep takes one or two, and a turn takes some ms. */
const slackMs = 1_500;

type Heard = {
  at: number;
  /** The interval that the session stated last, s; null for none, "unknown" after a restart of the server. */
  stated: number | "unknown" | null;
  /** The shortest interval ever stated, s. */
  shortest: number;
};

/** Codes that show that a packet of a session was accepted; so does 95 for types that need a session. */
const alive: readonly string[] = [ack.statusNoted, ack.dataStored, ack.queryUnknown];
const ofSessions: readonly (string | undefined)[] = ["DATA", "QUERY"];

export class PresenceOracle {
  readonly #heard = new Map<string, Heard>();
  #startedAt = 0;

  onStart(now: number): void {
    this.#startedAt = now;
    for (const heard of this.#heard.values()) heard.stated = "unknown";
  }

  /** The server sends an ACK to a device. */
  onAck({ code, id }: Ack, request: Message | null, now: number): void {
    if (code === ack.loggedIn) {
      const shortest = this.#heard.get(id)?.shortest ?? Number.POSITIVE_INFINITY;
      this.#heard.set(id, { at: now, stated: null, shortest });
    }
    const heard = this.#heard.get(id);
    const isStored = code !== ack.storageFailed || !ofSessions.includes(request?.type);
    if (heard === undefined || (!alive.includes(code) && isStored)) return;
    heard.at = now;
    const every = request?.type === "STATUS" ? /every=(\d{1,9})/.exec(request.message)?.[1] : null;
    if (every === undefined || every === null) return;
    heard.stated = Math.max(1, Math.min(86_400, Number(every)));
    heard.shortest = Math.min(heard.shortest, heard.stated);
  }

  /** The server answers a QUERY of this device. */
  onAnswer(id: string, now: number): void {
    const heard = this.#heard.get(id);
    if (heard !== undefined) heard.at = now;
  }

  /** A session is ended for silence. */
  onOffline(id: string, at: number): void {
    const heard = this.#heard.get(id);
    if (heard === undefined) return;
    const silentMs = at - Math.max(heard.at, this.#startedAt);
    const leastMs = Math.min(unstatedMs, heard.shortest * 2_500);
    hold(silentMs > leastMs - slackMs, () => `${id} went offline after ${silentMs} ms of silence`);
  }

  /** Checks that no session belongs to a device that has been silent for too long. */
  check(sessions: SessionTable, now: number): void {
    for (const { id } of sessions.values()) {
      const heard = this.#heard.get(id);
      if (heard === undefined) continue;
      const { stated } = heard;
      const mostMs = typeof stated === "number" ? stated * 2_500 : unstatedMs;
      const silentMs = now - Math.max(heard.at, this.#startedAt);
      hold(silentMs <= mostMs + slackMs, () => `${id} is online after ${silentMs} ms of silence`);
    }
  }

  /** Checks that a device has one session at most, and that memory and disk agree on the sessions. */
  checkRows(sessions: SessionTable | null, database: Database): void {
    const rows = database
      .query<{ id: string; count: number }, []>(
        "SELECT device AS id, count(*) AS count FROM login WHERE ended IS NULL GROUP BY device",
      )
      .all();
    for (const { id, count } of rows) hold(count === 1, () => `${id} has ${count} sessions`);
    if (sessions === null) return;
    const inMemory = listOf([...sessions.values()]);
    const onDisk = listOf(rows);
    hold(inMemory === onDisk, () => `online: ${inMemory}; on the disk: ${onDisk}`);
  }
}

function listOf(things: readonly { readonly id: string }[]): string {
  return things
    .map(({ id }) => id)
    .sort()
    .join(" ");
}
