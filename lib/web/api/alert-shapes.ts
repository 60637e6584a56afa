// Owns the shapes of alerts over HTTP: alerts, rules, destinations and mutes, and what is sent to change them. Never checks a
// value.

import {
  about,
  count,
  type Infer,
  listOf,
  number,
  object,
  options,
  orNull,
  text,
  time,
  word,
  yes,
} from "./schema.ts";
import { alertFormats, severities } from "./words.ts";

const name = about(text, "1 to 64 of A-Z a-z 0-9 . _ - and spaces within");
const selector = about(orNull(text), "the devices that are meant, as in `select`; null for all");
const duration = "as `90s`, `5m`, `4h`, `2d`";

export const alert = object({
  number: about(count, "increases; never used twice"),
  rule: about(text, "the name of its rule, which may be gone"),
  device: about(text, "an id, which may be gone"),
  state: word("pending", "firing", "resolved"),
  value: about(orNull(number), "the number that was out of bounds last; null if the rule has none"),
  since: about(time, "when its condition began to hold"),
  fired: orNull(time),
  resolved: orNull(time),
  notified: about(orNull(time), "when it was last told of; null if never"),
  notices: about(count, "how often it was told of"),
});
export type AlertJson = Infer<typeof alert>;
export const alertPage = object({ alerts: listOf(alert), next: orNull(text) });

export const deviceAlerts = about(
  orNull(
    object({
      firing: about(count, "how many fire"),
      severity: word(...severities),
      rule: about(text, "the name of its rule"),
      condition: about(text, "as `temp > 30 for 5m`"),
      value: about(orNull(number), "the number that was out of bounds last"),
      since: about(time, "when its condition began to hold"),
    }),
  ),
  "the gravest alert of it that fires; null if none does. Not older than some seconds",
);
export type DeviceAlerts = NonNullable<Infer<typeof deviceAlerts>>;

/** The data of the live event `alerts`. */
export const alertChanges = about(
  object({ changes: listOf(object({ id: text, alerts: deviceAlerts })) }),
  "every 2 s, devices whose `alerts` have changed; at most 1,200, the others follow. Also of ids that are not registered",
);

export const rule = object({
  name,
  rule: about(text, "one condition on one line, as `temp > 30 until < 28 for 5m`"),
  select: selector,
  severity: word(...severities),
  to: about(listOf(text), "names of destinations; none for all"),
  repeat: about(orNull(text), `how often it is told again, ${duration}; null for never`),
  enabled: yes,
  created: time,
});
export type RuleJson = Infer<typeof rule>;
export const rules = object({ rules: listOf(rule) });

export const givenRule = options({
  rule: text,
  select: text,
  severity: text,
  to: listOf(text),
  repeat: about(text, `${duration}, or \`never\`; default \`4h\``),
  enabled: about(text, "`true` or `false`; default `true`"),
});

export const destination = object({
  name,
  url: about(text, "without its password and its query"),
  format: word(...alertFormats),
  headers: about(listOf(text), "the names of its headers; their values are not shown"),
  last: about(
    orNull(object({ time, status: text })),
    "what became of the message that was tried last, or why that waits; null if there was none",
  ),
});
export type DestinationJson = Infer<typeof destination>;
export const destinations = object({ destinations: listOf(destination) });

export const givenDestination = options({
  url: text,
  format: text,
  headers: about(text, "`Name: value`, one a line"),
});

export const tested = object({
  done: about(yes, "whether it took the message"),
  status: about(text, "the HTTP status, or why there was none"),
  ms: count,
});
export type TestedJson = Infer<typeof tested>;

export const mute = object({
  number: text,
  rule: about(orNull(text), "null for all rules"),
  select: selector,
  until: time,
  note: text,
});
export type MuteJson = Infer<typeof mute>;
export const mutes = object({ mutes: listOf(mute) });

export const givenMute = options({
  rule: text,
  select: text,
  for: about(text, `how long, ${duration}`),
  note: text,
  expected: about(
    count,
    "how many registered devices `select` means; if they are more or fewer, nothing is muted. Left out: any number",
  ),
});
