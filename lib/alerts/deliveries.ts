// Writes messages, sends those that are stored, and notes what became of them. Decides not what is told, and stores nothing itself.

import type { DeliveryRow } from "../server/alert-store.ts";
import type { Moment } from "../server/moment.ts";
import type { AlertPorts } from "./alert-ports.ts";
import type { Announcement } from "./announcer.ts";
import type { Destination } from "./destination.ts";
import { bodiesOf, sentBody, testBodies } from "./message-body.ts";
import { DeliveryOutbox, type Outcome, outcomeOf } from "./outbox.ts";

const bodyBytesMax = 256 << 10;

type Ports = Pick<AlertPorts, "post" | "now" | "sender" | "onTrouble">;

export class Deliveries {
  readonly #outbox: DeliveryOutbox;
  /** Messages that are sent once they are stored. */
  #unsent: DeliveryRow[] = [];
  #destinations: readonly Destination[] = [];
  readonly #failing = new Set<string>();
  #tooLong = 0;
  /** How many were refused or given up. */
  refused = 0;

  /**
   * @param waiting those that wait already
   * @param next the number of the next message
   * @param onChange called with rows that are to be stored
   */
  constructor(
    private readonly ports: Ports,
    waiting: readonly DeliveryRow[],
    private next: number,
    private readonly onChange: (row: DeliveryRow) => void,
  ) {
    this.#outbox = new DeliveryOutbox(waiting);
  }

  get waiting(): number {
    return this.#outbox.size;
  }

  /** How many there was no room for. */
  get dropped(): number {
    return this.#tooLong + this.#outbox.dropped;
  }

  /** Destinations whose last message was refused or given up. */
  get failing(): readonly string[] {
    return [...this.#failing];
  }

  /** The destinations are these now. What waits for others is dropped. */
  setDestinations(destinations: readonly Destination[], now: Moment): void {
    this.#destinations = destinations;
    const names = new Set(destinations.map(({ name }) => name));
    for (const row of this.#outbox.keepFor(names, now)) this.onChange(row);
    for (const name of this.#failing) if (!names.has(name)) this.#failing.delete(name);
  }

  /** Writes a message; it is sent after `stored`. */
  write({ destination, message }: Announcement, { wall: created }: Moment): void {
    // Alertmanager is told again in a minute: what waits for it is not to grow.
    const isRefresh = destination.format === "alertmanager-api" && message.resolved.length === 0;
    if (isRefresh && this.#outbox.hasOneFor(destination.name)) return;
    for (const body of bodiesOf(destination, message, this.ports.sender)) {
      if (Buffer.byteLength(body) > bodyBytesMax) {
        this.#tooLong++;
        this.ports.onTrouble(`A message for ${destination.name} is too long and was left out.`);
        continue;
      }
      const to = { number: this.next++, destination: destination.name, body, created };
      const row = { ...to, tries: 0, status: "", ended: null };
      this.onChange(row);
      this.#unsent.push(row);
    }
  }

  /** All that was written is stored. */
  stored(): void {
    for (const row of this.#unsent) this.#outbox.add(row);
    this.#unsent = [];
  }

  /** Drops the oldest of those that are too many. */
  shed(now: Moment): void {
    for (const row of this.#outbox.shed(now)) this.onChange(row);
  }

  /** Sends those that are due. */
  send(): void {
    for (const row of this.#outbox.due(this.ports.now())) void this.#deliver(row);
  }

  async #deliver(row: DeliveryRow): Promise<void> {
    const { now, post, onTrouble } = this.ports;
    const destination = this.#destinations.find(({ name }) => name === row.destination);
    if (destination === undefined) return;
    const body = sentBody(destination, row.body, now().wall);
    const outcome = outcomeOf(await post({ ...toOf(destination), body, key: `${row.number}` }));
    const after = this.#outbox.result(row.number, outcome, now());
    if (after === null) return;
    this.onChange(after);
    const { name } = destination;
    if (outcome.kind === "done") this.#failing.delete(name);
    if (outcome.kind === "done" || after.ended === null) return;
    this.refused++;
    if (!this.#failing.has(name)) {
      onTrouble(`A message for the alert destination ${name} was not taken: ${after.status}`);
    }
    this.#failing.add(name);
  }
}

/** Sends a message that only shows that messages arrive; what became of it, and how long that took, ms. */
export async function sendTest(
  { now, post, sender }: Pick<AlertPorts, "now" | "post" | "sender">,
  destination: Destination,
): Promise<{ readonly outcome: Outcome; readonly ms: number }> {
  const { wall, monotonic } = now();
  const [body = ""] = testBodies(destination, wall, sender);
  const key = `test-${Math.floor(wall)}`;
  const answer = await post({ ...toOf(destination), body: sentBody(destination, body, wall), key });
  return { outcome: outcomeOf(answer), ms: Math.round(now().monotonic - monotonic) };
}

/** Where a message goes: ntfy takes JSON at its root. */
function toOf({ url, headers, format }: Destination) {
  if (format !== "ntfy") return { url, headers };
  const root = new URL(url);
  root.pathname = "/";
  return { url: root.href, headers };
}
