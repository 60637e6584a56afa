// Owns which devices have an alert that fires, as lists of devices show it, and what of it the live events have told. Reads it no
// more often than it must. Judges nothing.

import type { Firing } from "../../alerts/firing.ts";
import type { DeviceAlerts } from "../api/alert-shapes.ts";
import type { LiveEvents } from "../api/shapes.ts";
import { severities } from "../api/words.ts";
import { timeText } from "../parameters.ts";
import type { WebPorts } from "../ports.ts";

/** What is in memory is read this often at most, and what another server has stored, ms. */
const renewEveryMs = { own: 1_000, stored: 5_000 } as const;
/** How many devices one event tells of; the others follow. Numbers alone change with every report: of them fewer. */
const changesPerEvent = 1_000;
const valuesPerEvent = 200;

export class AlertMarks {
  #marks: ReadonlyMap<string, DeviceAlerts> = new Map();
  /** What was told of each device; what was told last is last. */
  #told = new Map<string, DeviceAlerts>();
  #renewedAt = Number.NEGATIVE_INFINITY;
  #renewing: Promise<void> | null = null;

  constructor(private readonly ports: Pick<WebPorts, "alerts" | "uptimeMs">) {}

  /** Whether something fires of a device. */
  has(id: string): boolean {
    return this.#marks.has(id);
  }

  /** What fires of a device; null if nothing does. */
  of(id: string): DeviceAlerts | null {
    return this.#marks.get(id) ?? null;
  }

  /** Sees to it that what is known is not old. @throws what the store throws */
  async renew(): Promise<void> {
    const { alerts, uptimeMs } = this.ports;
    const age = uptimeMs() - this.#renewedAt;
    if (age < renewEveryMs.own) return;
    if (age < renewEveryMs.stored && !alerts.status().leads) return;
    await (this.#renewing ??= this.#read().finally(() => (this.#renewing = null)));
  }

  /** A browser listens, the first one: what was until now it finds in the list. */
  begin(): void {
    this.#told = new Map(this.#marks);
  }

  /** What is new since the last call; null if nothing is. @throws what the store throws */
  async next(): Promise<LiveEvents["alerts"] | null> {
    await this.renew();
    const changes = this.#take();
    return changes.length === 0 ? null : { changes };
  }

  #take(): LiveEvents["alerts"]["changes"] {
    const [marks, told] = [this.#marks, this.#told];
    const changes: LiveEvents["alerts"]["changes"][number][] = [];
    const tell = (id: string, alerts: DeviceAlerts | null) => {
      told.delete(id);
      if (alerts !== null) told.set(id, alerts);
      changes.push({ id, alerts });
    };
    for (const id of told.keys()) {
      if (changes.length >= changesPerEvent) break;
      if (!marks.has(id)) tell(id, null);
    }
    for (const [id, mark] of marks) {
      if (changes.length >= changesPerEvent) break;
      if (!isSame(mark, told.get(id))) tell(id, mark);
    }
    const most = changes.length + valuesPerEvent;
    for (const [id, { value }] of told) {
      if (changes.length >= most) break;
      const mark = marks.get(id);
      if (mark !== undefined && mark.value !== value) tell(id, mark);
    }
    return changes;
  }

  async #read(): Promise<void> {
    const at = this.ports.uptimeMs();
    this.#marks = marksOf(await this.ports.alerts.fires());
    this.#renewedAt = at;
  }
}

/** What is told of each device: how many fire, and the gravest one; of several the one that began first. */
function marksOf(firing: readonly Firing[]): ReadonlyMap<string, DeviceAlerts> {
  const gravest = new Map<string, { one: Firing; count: number }>();
  for (const one of firing) {
    const known = gravest.get(one.alert.device);
    if (known === undefined) gravest.set(one.alert.device, { one, count: 1 });
    else {
      known.count++;
      if (isBefore(one, known.one)) known.one = one;
    }
  }
  const marks = new Map<string, DeviceAlerts>();
  for (const [id, { one, count }] of gravest) {
    const { alert, severity, condition } = one;
    const { rule, value, since } = alert;
    marks.set(id, { firing: count, severity, rule, condition, value, since: timeText(since) });
  }
  return marks;
}

function isBefore(one: Firing, other: Firing): boolean {
  const [own, its] = [severities.indexOf(one.severity), severities.indexOf(other.severity)];
  return own === its ? one.alert.number < other.alert.number : own > its;
}

/** Whether two are the same but for their number. */
function isSame(one: DeviceAlerts, other: DeviceAlerts | undefined): boolean {
  return (
    other !== undefined &&
    one.firing === other.firing &&
    one.severity === other.severity &&
    one.rule === other.rule &&
    one.condition === other.condition &&
    one.since === other.since
  );
}
