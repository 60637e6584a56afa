// What operators can ask of alerts, in values without secrets: for the command line, HTTP and the page alike. The running server
// carries it out, or a command in a store that nobody serves.

import type { AlertQuery, AlertRow, AlertSetting, DeliveryRow } from "../server/alert-store.ts";
import { OperatingError } from "../operating-error.ts";
import type { AlertDesk, GivenDestination, GivenMute, GivenRule } from "./alert-desk.ts";
import type { AlertPorts } from "./alert-ports.ts";
import type { AlertRule, Severity } from "./alert-rule.ts";
import { sendTest } from "./deliveries.ts";
import { type Destination, type Format, shownUrl } from "./destination.ts";
import type { Mute } from "./mutes.ts";
import { ruleText } from "./rule-text.ts";

/** A rule as it is shown. Times are ms since 1970, durations ms. */
export type ShownRule = {
  readonly name: string;
  readonly rule: string;
  readonly select: string | null;
  readonly severity: Severity;
  readonly to: readonly string[];
  readonly repeatMs: number | null;
  readonly isEnabled: boolean;
  readonly created: number;
};

/** A destination without its secrets, and what became of the message that was tried last; null if there was none. */
export type ShownDestination = {
  readonly name: string;
  readonly url: string;
  readonly format: Format;
  /** The names of its headers. */
  readonly headers: readonly string[];
  readonly last: { readonly at: number; readonly status: string } | null;
};

export type ShownMute = {
  readonly name: string;
  readonly rule: string | null;
  readonly select: string | null;
  readonly until: number;
  readonly note: string;
};

/** The result of a test. */
export type TestResult = { readonly isDone: boolean; readonly status: string; readonly ms: number };

export interface AlertOperations {
  rules(): Promise<readonly ShownRule[]>;
  destinations(): Promise<readonly ShownDestination[]>;
  mutes(): Promise<readonly ShownMute[]>;
  /** Alerts, newest first. */
  alerts(query: AlertQuery): Promise<readonly AlertRow[]>;
  /** @throws OperatingError as `AlertDesk.putRule` */
  putRule(name: string, given: GivenRule): Promise<ShownRule>;
  /** @throws OperatingError as `AlertDesk.putDestination` */
  putDestination(name: string, given: GivenDestination): Promise<ShownDestination>;
  /** @throws OperatingError as `AlertDesk.mute` */
  mute(given: GivenMute): Promise<ShownMute>;
  /** @returns whether it was there @throws OperatingError as `AlertDesk.remove` */
  remove(of: AlertSetting["kind"], name: string): Promise<boolean>;
  /** Sends a message that only shows that messages arrive. @throws OperatingError `unknown-destination` */
  test(name: string): Promise<TestResult>;
}

/** The names of the operations: those that may be called from another process. */
export const operationNames = [
  "rules",
  "destinations",
  "mutes",
  "alerts",
  "putRule",
  "putDestination",
  "mute",
  "remove",
  "test",
] as const satisfies readonly (keyof AlertOperations)[];

/**
 * Operations on a store.
 * @param ports sends tests
 * @param ends alerts that are over, and are stored so a little later
 */
export function operationsOn(
  desk: AlertDesk,
  ports: Pick<AlertPorts, "now" | "post" | "sender">,
  ends: () => readonly AlertRow[] = () => [],
): AlertOperations {
  const { store } = desk;
  return {
    rules: async () => (await desk.settings()).rules.map(shownRule),
    destinations: async () => {
      const last = new Map((await store.lastTried()).map((row) => [row.destination, row]));
      return (await desk.settings()).destinations.map((one) => {
        const row = last.get(one.name);
        return shownDestination(one, row === undefined ? null : outcomeOf(row));
      });
    },
    mutes: async () =>
      (await desk.settings()).mutes
        .toSorted((one, other) => Number(one.name) - Number(other.name))
        .map(shownMute),
    alerts: async (query) => withEnds(await store.alerts(query), ends(), query),
    putRule: async (name, given) => shownRule(await desk.putRule(name, given)),
    putDestination: async (name, given) =>
      shownDestination(await desk.putDestination(name, given), null),
    mute: async (given) => shownMute(await desk.mute(given)),
    remove: (of, name) => desk.remove(of, name),
    test: async (name) => {
      const { outcome, ms } = await sendTest(ports, await desk.destination(name));
      return { isDone: outcome.kind === "done", status: outcome.status, ms };
    },
  };
}

/** Stored alerts of a query, as they are once the ends are stored. */
function withEnds(
  stored: readonly AlertRow[],
  ends: readonly AlertRow[],
  { state, rule, device, before, limit }: AlertQuery,
): readonly AlertRow[] {
  if (ends.length === 0) return stored;
  const isMeant = (row: AlertRow) =>
    (state === null || state === row.state) &&
    (rule === null || rule === row.rule) &&
    (device === null || device === row.device) &&
    row.number < before;
  const over = new Set(ends.map(({ number }) => number));
  const rows = [...stored.filter(({ number }) => !over.has(number)), ...ends.filter(isMeant)];
  return rows.sort((a, b) => b.number - a.number).slice(0, limit);
}

/** A call that came from another process. @throws OperatingError of the operation, or `bad-call` */
export async function callOperation(
  operations: AlertOperations,
  name: string,
  args: readonly unknown[],
): Promise<unknown> {
  const operation = operationNames.find((one) => one === name);
  if (operation === undefined) {
    throw new OperatingError(
      "bad-call",
      `There is no call ${name}.`,
      "Use the same release for both.",
    );
  }
  const call = operations[operation] as (...given: readonly unknown[]) => Promise<unknown>;
  return call(...args);
}

function shownRule(rule: AlertRule): ShownRule {
  const { name, selector, severity, to, repeatMs, isEnabled, created } = rule;
  const select = selector?.text ?? null;
  return { name, rule: ruleText(rule), select, severity, to, repeatMs, isEnabled, created };
}

function shownDestination(
  { name, url, format, headers }: Destination,
  last: ShownDestination["last"],
): ShownDestination {
  const names = headers.map(([header]) => header);
  return { name, url: shownUrl(url), format, headers: names, last };
}

/** What became of a message; of one that waits for another try, since when. */
function outcomeOf({ ended, created, tries, status }: DeliveryRow) {
  if (ended !== null) return { at: ended, status };
  return {
    at: created,
    status: `not delivered yet (${tries} ${tries === 1 ? "try" : "tries"}): ${status}`,
  };
}

function shownMute({ name, rule, selector, until, note }: Mute): ShownMute {
  return { name, rule, select: selector?.text ?? null, until, note };
}
