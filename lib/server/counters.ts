// The engine's counters since the start, told once: what each counts, where it is in the metrics and how the status names
// it. They only grow. Counts nothing itself.

/** The families of counters in the metrics, and their help texts. */
export const counterFamilies = {
  iot_datagrams_received_total: "Datagrams taken from the socket.",
  iot_replies_total: "Datagrams sent in reply.",
  iot_drops_total: "Datagrams that were dropped, by reason.",
  iot_reports_total: "Reports that came, by whether they were stored before.",
  iot_commits_total: "Batches given to the store, by result.",
  iot_malformed_total: "Datagrams that could not be read.",
  iot_refused_total: "Requests that were refused, those for a limit included.",
  iot_busy_total: "Requests that were refused because a limit was reached.",
  iot_commands_ended_total: "Commands that have ended, by how.",
  iot_sealed_refused_total: "Sealed packets and frames that were refused.",
  iot_sealed_events_total: "What else sealed packets led to, by kind.",
} as const;

export type CounterFamily = keyof typeof counterFamilies;

type CounterFacts = {
  readonly family: CounterFamily;
  /** Which of its family it is. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Its name among the totals of the status, and that of its rate; absent if it is not shown there. */
  readonly total?: string;
  readonly rate?: string;
};

const table = {
  received: {
    family: "iot_datagrams_received_total",
    total: "datagrams",
    rate: "datagramsPerSecond",
  },
  replied: { family: "iot_replies_total", total: "replies", rate: "repliesPerSecond" },
  malformed: { family: "iot_malformed_total", total: "malformed" },
  refused: { family: "iot_refused_total", total: "refused" },
  busy: { family: "iot_busy_total", total: "busy" },
  /** Replies not sent because of the amplification limit (protocol §4.10). */
  silenced: {
    family: "iot_drops_total",
    labels: { reason: "reply_too_long_for_a_stranger" },
    total: "silenced",
  },
  reportsStored: {
    family: "iot_reports_total",
    labels: { repeated: "no" },
    total: "reports",
    rate: "reportsPerSecond",
  },
  reportsRepeated: { family: "iot_reports_total", labels: { repeated: "yes" } },
  batches: { family: "iot_commits_total", labels: { result: "stored" }, rate: "commitsPerSecond" },
  batchesFailed: { family: "iot_commits_total", labels: { result: "failed" } },
  commandsDone: { family: "iot_commands_ended_total", labels: { state: "done" } },
  commandsFailed: { family: "iot_commands_ended_total", labels: { state: "failed" } },
  commandsExpired: { family: "iot_commands_ended_total", labels: { state: "expired" } },
  commandsCancelled: { family: "iot_commands_ended_total", labels: { state: "cancelled" } },
  sealedRefused: { family: "iot_sealed_refused_total" },
  handshakes: { family: "iot_sealed_events_total", labels: { kind: "handshake" } },
  cookies: { family: "iot_sealed_events_total", labels: { kind: "cookie" } },
  resets: { family: "iot_sealed_events_total", labels: { kind: "reset" } },
  relayed: { family: "iot_sealed_events_total", labels: { kind: "relayed" } },
} as const satisfies Readonly<Record<string, CounterFacts>>;

export type CounterName = keyof typeof table;
export type Counters = Record<CounterName, number>;

type Shown<As extends "total" | "rate"> = {
  [Name in CounterName]: (typeof table)[Name] extends Readonly<
    Record<As, infer Word extends string>
  >
    ? Word
    : never;
}[CounterName];

/** Each counter with its facts, in the order in which they are shown. */
export const counters = Object.entries(table) as readonly (readonly [CounterName, CounterFacts])[];

/** Counters that are all zero. */
export function newCounters(): Counters {
  return Object.fromEntries(counters.map(([name]) => [name, 0])) as Counters;
}

/**
 * What the status shows of the counters.
 * @param as by which of their names
 * @param valueOf the value of a counter
 */
export function shownCounters<As extends "total" | "rate">(
  as: As,
  valueOf: (name: CounterName) => number,
): Record<Shown<As>, number> {
  const values = counters.flatMap(([name, { [as]: word }]) =>
    word === undefined ? [] : [[word, valueOf(name)]],
  );
  return Object.fromEntries(values) as Record<Shown<As>, number>;
}
