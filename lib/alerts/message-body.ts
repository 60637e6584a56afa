// The bodies of messages, in the form that each kind of destination wants. Pure; sends nothing.

import type { AlertRow } from "../server/alert-store.ts";
import type { AlertRule, Severity } from "./alert-rule.ts";
import { type Destination, topicOf } from "./destination.ts";
import { ruleText } from "./rule-text.ts";
import { firingSummary, resolvedSummary, type Told } from "./wording.ts";

/** What a destination is told of one rule. */
export type Message = {
  readonly rule: AlertRule;
  readonly firing: readonly Told[];
  readonly resolved: readonly Told[];
};

/** What bodies need of the server. */
export type Sender = {
  /** The address of the dashboard, without a slash at its end; empty if there is none. */
  readonly url: string;
};

/** How many alerts a body has at most. */
const alertsMax = 100;
const apiAlertsMax = 200;
const never = "0001-01-01T00:00:00Z";
/** How long an alert of `alertmanager-api` lasts without being told again, ms; and how often it is. */
const apiLastsMs = 180_000;
export const apiRepeatMs = 60_000;

const priorities: Readonly<Record<Severity, number>> = { info: 3, warning: 4, critical: 5 };

/** The bodies of a message: mostly one. */
export function bodiesOf(destination: Destination, message: Message, sender: Sender): string[] {
  switch (destination.format) {
    case "alertmanager":
      return [JSON.stringify(webhookOf(destination, message, sender))];
    case "alertmanager-api":
      return chunks(apiAlertsOf(message, sender), apiAlertsMax).map((some) => JSON.stringify(some));
    case "ntfy":
      return [JSON.stringify(ntfyOf(destination, message, sender))];
    case "text":
      return [JSON.stringify({ text: linesOf(message).join("\n") })];
    case "json":
      return [JSON.stringify(jsonOf(message, sender))];
  }
}

/**
 * A body as it is sent at a moment: of `alertmanager-api` those that fire last a while from then on.
 * @param wall ms since 1970
 */
export function sentBody({ format }: Destination, body: string, wall: number): string {
  if (format !== "alertmanager-api") return body;
  const alerts = JSON.parse(body) as { endsAt: string | null }[];
  const endsAt = timeOf(wall + apiLastsMs);
  for (const alert of alerts) alert.endsAt ??= endsAt;
  return JSON.stringify(alerts);
}

/** A body that only shows that messages arrive. */
export function testBodies(destination: Destination, wall: number, sender: Sender): string[] {
  const rule: AlertRule = {
    name: "test",
    condition: { kind: "offline" },
    forMs: 0,
    selector: null,
    severity: "info",
    to: [],
    repeatMs: null,
    isEnabled: true,
    created: wall,
  };
  const alert: AlertRow = {
    number: 0,
    rule: "test",
    device: "test",
    state: "firing",
    value: null,
    since: wall,
    fired: wall,
    resolved: null,
    notified: null,
    notices: 0,
  };
  const device = {
    id: "test",
    labels: new Map([["name", "This is a test: a device that is not there"]]),
  };
  return bodiesOf(destination, { rule, firing: [{ alert, device }], resolved: [] }, sender);
}

/** The lines for people: what fires, and what is over. */
export function linesOf({ rule, firing, resolved }: Message): string[] {
  return [
    ...(firing.length > 0 ? [firingSummary(rule, firing)] : []),
    ...(resolved.length > 0 ? [resolvedSummary(rule, resolved)] : []),
  ];
}

function ntfyOf({ url }: Destination, message: Message, sender: Sender) {
  const { rule, firing, resolved } = message;
  const isOver = firing.length === 0;
  const [only] = [...firing, ...resolved];
  const isOne = firing.length + resolved.length === 1;
  const click = sender.url === "" ? null : isOne && only ? pageOf(sender, only) : sender.url;
  return {
    topic: topicOf(new URL(url)),
    title: rule.name,
    message: linesOf(message).join("\n"),
    priority: isOver ? priorities.info : priorities[rule.severity],
    tags: [isOver ? "white_check_mark" : "warning"],
    ...(click === null ? {} : { click }),
  };
}

function jsonOf({ rule, firing, resolved }: Message, sender: Sender) {
  const alerts = [...firing, ...resolved];
  return {
    rule: rule.name,
    condition: ruleText(rule),
    severity: rule.severity,
    text: linesOf({ rule, firing, resolved }).join("\n"),
    alerts: alerts.slice(0, alertsMax).map(({ alert, device }) => ({
      number: alert.number,
      device: device.id,
      labels: Object.fromEntries(device.labels),
      state: alert.state,
      value: alert.value,
      since: timeOf(alert.since),
      fired: alert.fired === null ? null : timeOf(alert.fired),
      resolved: alert.resolved === null ? null : timeOf(alert.resolved),
      url: sender.url === "" ? null : pageOf(sender, { alert, device }),
    })),
    left: Math.max(0, alerts.length - alertsMax),
  };
}

/** As Alertmanager's webhook tells, version 4. */
function webhookOf({ name }: Destination, message: Message, sender: Sender) {
  const told = [...message.firing, ...message.resolved];
  const alerts = told.slice(0, alertsMax).map((one) => webhookAlertOf(message.rule, one, sender));
  return {
    receiver: name,
    status: message.firing.length > 0 ? "firing" : "resolved",
    alerts,
    groupLabels: { alertname: message.rule.name },
    commonLabels: commonOf(alerts.map(({ labels }) => labels)),
    commonAnnotations: commonOf(alerts.map(({ annotations }) => annotations)),
    externalURL: sender.url,
    version: "4",
    groupKey: `{}:{alertname=${JSON.stringify(message.rule.name)}}`,
    truncatedAlerts: told.length - alerts.length,
  };
}

function webhookAlertOf(rule: AlertRule, told: Told, sender: Sender) {
  const { alert } = told;
  const labels = labelsOf(rule, told);
  return {
    status: alert.state === "resolved" ? "resolved" : "firing",
    labels,
    annotations: annotationsOf(rule, told),
    startsAt: timeOf(alert.fired ?? alert.since),
    endsAt: alert.resolved === null ? never : timeOf(alert.resolved),
    generatorURL: sender.url === "" ? "" : pageOf(sender, told),
    fingerprint: fingerprintOf(labels),
  };
}

function apiAlertsOf({ rule, firing, resolved }: Message, sender: Sender) {
  return [...firing, ...resolved].map((told) => ({
    labels: labelsOf(rule, told),
    annotations: annotationsOf(rule, told),
    startsAt: timeOf(told.alert.fired ?? told.alert.since),
    endsAt: told.alert.resolved === null ? null : timeOf(told.alert.resolved),
    generatorURL: sender.url === "" ? undefined : pageOf(sender, told),
  }));
}

/** The labels of an alert for Alertmanager, whose names have no `.` and no `-`; an operator's own cannot hide these. */
function labelsOf({ name, severity }: AlertRule, { device }: Told): Record<string, string> {
  const own = [...device.labels].map(([key, value]) => [
    key.replaceAll(/[^a-zA-Z0-9_]/g, "_"),
    value,
  ]);
  const named = own.map(([key = "", value]) => [/^\d/.test(key) ? `_${key}` : key, value]);
  const all = { ...Object.fromEntries(named), alertname: name, device: device.id, severity };
  return Object.fromEntries(sorted(all as Record<string, string>));
}

function annotationsOf(rule: AlertRule, told: Told): Record<string, string> {
  const summary = told.alert.state === "resolved" ? resolvedSummary : firingSummary;
  return { description: ruleText(rule), summary: summary(rule, [told]) };
}

/** What all have the same. */
function commonOf(all: readonly Record<string, string>[]): Record<string, string> {
  const [first = {}, ...others] = all;
  return Object.fromEntries(
    Object.entries(first).filter(([key, value]) => others.every((other) => other[key] === value)),
  );
}

/** FNV-1a of 64 bits over the sorted labels: the same alert has the same one. */
function fingerprintOf(labels: Readonly<Record<string, string>>): string {
  let hash = 0xcbf29ce484222325n;
  const text = sorted(labels).flat().join("\0");
  for (const byte of Buffer.from(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, "0");
}

function sorted(labels: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
}

function pageOf({ url }: Sender, { device }: Told): string {
  return `${url}/#/devices/${encodeURIComponent(device.id)}`;
}

/** A time without fractions, as Alertmanager writes it. */
function timeOf(ms: number): string {
  const clamped = Math.min(Math.max(ms, 0), 253_402_300_799_000);
  return `${new Date(clamped).toISOString().slice(0, 19)}Z`;
}

function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}
