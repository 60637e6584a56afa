// Owns the handlers of alerts: turns what is asked into operations, and their refusals into problems. Never judges or sends.

import type { ShownDestination, ShownMute, ShownRule } from "../../alerts/alert-operations.ts";
import { selectableOf } from "../../fleet/presence-of.ts";
import type { Roster } from "../../fleet/roster.ts";
import { OperatingError } from "../../operating-error.ts";
import type { AlertRow } from "../../server/alert-store.ts";
import { durationToType, typedDuration } from "../../server/duration-text.ts";
import { isSelected, readSelector } from "../../server/selector.ts";
import type { AlertJson, DestinationJson, MuteJson, RuleJson } from "../api/alert-shapes.ts";
import type { ProblemCode } from "../api/problem-codes.ts";
import { checkCount, countSelected } from "./bulk-handlers.ts";
import { selectIn } from "../devices/device-listing.ts";
import { type CallOf, type Handlers, HttpReply, type RouteAnswer } from "../handlers.ts";
import { encodeCursor, timeText, timeTextOrNull } from "../parameters.ts";
import type { WebPorts } from "../ports.ts";
import { Problem } from "../problem.ts";

type Names =
  | "alerts"
  | "alertRules"
  | "putAlertRule"
  | "removeAlertRule"
  | "alertDestinations"
  | "putAlertDestination"
  | "removeAlertDestination"
  | "testAlertDestination"
  | "mutes"
  | "mute"
  | "unmute";
type Ports = Pick<WebPorts, "alerts">;

/** The handlers of alerts. */
export function alertHandlers(ports: Ports, roster: Roster): Pick<Handlers, Names> {
  const { operations } = ports.alerts;
  const removal =
    (of: "rule" | "destination" | "mute") =>
    async ({ names }: { readonly names: { readonly name: string } }) => {
      const isGone = await refusing(() => operations.remove(of, names.name));
      if (isGone) return new HttpReply(204, null);
      throw new Problem("unknown-alert", `There is no ${of} with this name.`);
    };
  return {
    alerts: (call) => list(ports, call),
    alertRules: async (call) => {
      const { device } = call.parameters();
      const rules = await operations.rules();
      await roster.load();
      const meant = device === null ? rules : rules.filter((rule) => isMeant(rule, roster, device));
      return { rules: meant.map(ruleOf) };
    },
    putAlertRule: (call) => putRule(ports, call),
    removeAlertRule: removal("rule"),
    alertDestinations: async () => ({
      destinations: (await operations.destinations()).map(destinationOf),
    }),
    putAlertDestination: async ({ names, body }) => {
      const { url = "", ...given } = await body();
      return destinationOf(
        await refusing(() => operations.putDestination(names.name, { url, ...given })),
      );
    },
    removeAlertDestination: removal("destination"),
    testAlertDestination: async ({ names }) => {
      const { isDone: done, status, ms } = await refusing(() => operations.test(names.name));
      return { done, status, ms };
    },
    mutes: async () => ({ mutes: (await operations.mutes()).map(muteOf) }),
    mute: async ({ body }) => {
      const { for: time = "", rule = null, select = null, note = "", expected } = await body();
      const forMs = durationIn("for", time);
      if (expected !== undefined) {
        checkCount(await countSelected(roster, selectIn(select ?? "")), expected);
      }
      const made = await refusing(() => operations.mute({ rule, select, forMs, note }));
      return new HttpReply(201, muteOf(made));
    },
    unmute: removal("mute"),
  };
}

/** Whether a rule means a device; none means one that is not registered. */
function isMeant({ select }: ShownRule, roster: Roster, device: string): boolean {
  const entry = roster.get(device);
  const read = select === null ? null : readSelector(select);
  if (entry === undefined || read?.ok === false) return false;
  return read === null || isSelected(read.value, selectableOf(entry));
}

async function list({ alerts }: Ports, call: CallOf<"alerts">): Promise<RouteAnswer<"alerts">> {
  const { state, rule, device, limit, cursor } = call.parameters();
  const before = cursor ?? Number.MAX_SAFE_INTEGER;
  const query = { state: state === "all" ? null : state, rule, device, before, limit: limit + 1 };
  const rows = await alerts.operations.alerts(query);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const next = rows.length > limit && last !== undefined ? encodeCursor(last.number) : null;
  return { alerts: page.map(alertOf), next };
}

async function putRule(
  { alerts }: Ports,
  { names, body }: CallOf<"putAlertRule">,
): Promise<RouteAnswer<"putAlertRule">> {
  const { rule = "", repeat, enabled, ...given } = await body();
  if (enabled !== undefined && enabled !== "true" && enabled !== "false") {
    throw new Problem("bad-body", "enabled must be true or false.");
  }
  const repeatMs = repeat === undefined || repeat === "never" ? null : durationIn("repeat", repeat);
  const made = await refusing(() =>
    alerts.operations.putRule(names.name, {
      rule,
      ...given,
      ...(repeat === undefined ? {} : { repeatMs }),
      isEnabled: enabled !== "false",
    }),
  );
  return ruleOf(made);
}

function durationIn(name: string, text: string): number {
  const ms = typedDuration(text);
  if (ms !== null) return ms;
  throw new Problem("bad-body", `${name} must be a time such as 90s, 5m, 4h or 2d.`);
}

/** What an operation refuses, by its code. */
const problemOf: Readonly<Record<string, ProblemCode>> = {
  "bad-rule": "bad-rule",
  "too-many": "no-room",
  "in-use": "in-use",
  "unknown-destination": "unknown-alert",
  "unknown-rule": "unknown-alert",
};

async function refusing<Value>(operate: () => Promise<Value>): Promise<Value> {
  try {
    return await operate();
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    const isGiven = error.code.startsWith("bad-");
    const code = problemOf[error.code] ?? (isGiven ? "bad-body" : null);
    if (code === null) throw error;
    throw new Problem(code, `${error.message} ${error.nextStep}`);
  }
}

function alertOf({ since, fired, resolved, notified, ...alert }: AlertRow): AlertJson {
  return {
    ...alert,
    since: timeText(since),
    fired: timeTextOrNull(fired),
    resolved: timeTextOrNull(resolved),
    notified: timeTextOrNull(notified),
  };
}

function ruleOf({ repeatMs, isEnabled: enabled, created, ...rule }: ShownRule): RuleJson {
  const repeat = repeatMs === null ? null : durationToType(repeatMs);
  return { ...rule, repeat, enabled, created: timeText(created) };
}

function destinationOf({ last, ...destination }: ShownDestination): DestinationJson {
  const told = last === null ? null : { time: timeText(last.at), status: last.status };
  return { ...destination, last: told };
}

function muteOf({ name: number, until, ...mute }: ShownMute): MuteJson {
  return { ...mute, number, until: timeText(until) };
}
