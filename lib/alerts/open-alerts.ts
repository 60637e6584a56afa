// The open alerts: how one begins, fires and ends, and the events that tell of it. Pure; decides nothing about conditions.

import { alertLimits, type AlertRow } from "../server/alert-store.ts";
import type { Moment } from "../server/moment.ts";
import type { AlertRule } from "./alert-rule.ts";
import type { WatchedPair } from "./watched-pair.ts";

/**
 * What became of an alert. `pending`: its condition holds; `fired`: it has held for long enough; `resolved`: a firing one is
 * over; `dropped`: a pending one is over: nobody was told of it.
 */
export type AlertEvent = {
  readonly kind: "pending" | "fired" | "resolved" | "dropped";
  readonly alert: AlertRow;
  readonly rule: AlertRule;
};

const never = { fired: null, resolved: null, notified: null, notices: 0 } as const;

export class OpenAlerts {
  readonly #pairs = new Set<WatchedPair>();
  #events: AlertEvent[] = [];
  /** How many there was no room for. */
  dropped = 0;

  /** @param next the number of the next alert */
  constructor(private next: number) {}

  /** All of them. */
  *[Symbol.iterator](): Generator<{ readonly alert: AlertRow; readonly rule: AlertRule }> {
    for (const pair of this.#pairs) {
      if (pair.open !== null) yield { alert: withValue(pair, pair.open), rule: pair.rule };
    }
  }

  /** What has happened since the last call, in order. */
  take(): readonly AlertEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** The condition of a pair holds, as a number shows if it is about one. */
  hold(pair: WatchedPair, value: number | null, dueAt: number, now: Moment): void {
    pair.value = value;
    if (pair.open !== null) return;
    if (this.#pairs.size >= alertLimits.openAlerts) {
      this.dropped++;
      return;
    }
    const { rule, device } = pair;
    const began = { number: this.next++, rule: rule.name, device, value, since: now.wall };
    this.goOn(pair, { ...began, state: "pending", ...never }, dueAt);
    if (dueAt <= now.monotonic) this.#fire(pair, now);
    else this.#tell("pending", pair);
  }

  /** An alert of an earlier time is that of a pair now. @param dueAt when it fires if it is pending */
  goOn(pair: WatchedPair, alert: AlertRow, dueAt: number): void {
    pair.open = alert;
    pair.value = alert.value;
    pair.dueAt = alert.state === "pending" ? dueAt : Infinity;
    this.#pairs.add(pair);
  }

  /** Fires those that have been pending for long enough. */
  fireDue(now: Moment): void {
    for (const pair of this.#pairs) if (pair.dueAt <= now.monotonic) this.#fire(pair, now);
  }

  /** The condition of a pair holds no more, or does not matter any more. */
  end(pair: WatchedPair, value: number | null, now: Moment): void {
    const { open, rule } = pair;
    if (open === null) return;
    pair.open = null;
    pair.dueAt = Infinity;
    this.#pairs.delete(pair);
    this.endOf({ ...open, value }, rule, now);
  }

  /** An alert is over of which there is no pair. */
  endOf(alert: AlertRow, rule: AlertRule, { wall }: Moment): void {
    const isPending = alert.state === "pending";
    const over = isPending ? alert : ({ ...alert, state: "resolved", resolved: wall } as const);
    this.#events.push({ kind: isPending ? "dropped" : "resolved", alert: over, rule });
  }

  /** Notes that the open alert of a pair was told of. @returns its row now; null if it has none */
  noteNotice(pair: WatchedPair, wall: number): AlertRow | null {
    if (pair.open === null) return null;
    const notices = pair.open.notices + 1;
    pair.open = withValue(pair, { ...pair.open, notified: wall, notices });
    return pair.open;
  }

  #fire(pair: WatchedPair, now: Moment): void {
    pair.open = { ...(pair.open as AlertRow), state: "firing", fired: now.wall };
    pair.dueAt = Infinity;
    this.#tell("fired", pair);
  }

  #tell(kind: AlertEvent["kind"], pair: WatchedPair): void {
    const alert = withValue(pair, pair.open as AlertRow);
    this.#events.push({ kind, alert, rule: pair.rule });
  }
}

/** The row with the number that was reported last. */
function withValue({ value }: WatchedPair, alert: AlertRow): AlertRow {
  return alert.value === value ? alert : { ...alert, value };
}
