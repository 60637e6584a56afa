// Owns the shapes of what the HTTP interface takes and gives: each as a schema, for the OpenAPI document, and as its type,
// for the handlers and the page. Whatever a device sent is plain text in them. Never builds a value.

import { command } from "./command-shapes.ts";
import { alertChanges, deviceAlerts } from "./alert-shapes.ts";
import { problems } from "./problem-codes.ts";
import {
  about,
  count,
  type Infer,
  listOf,
  mapOf,
  number,
  object,
  options,
  orNull,
  pairOf,
  type Schema,
  text,
  time,
  word,
  yes,
} from "./schema.ts";
import { line, status } from "./server-shapes.ts";
import type { Topic } from "./words.ts";

export const id: Schema<string> = {
  type: "string",
  pattern: "^(?!\\.{1,2}$)[A-Za-z0-9._:-]{1,64}$",
};
const code: Schema<string> = { type: "string", pattern: "^[0-9]{2}$" };
const port: Schema<number> = { type: "integer", minimum: 0, maximum: 65_535 };
const next = about(orNull(text), "the `cursor` for the next page; null at the end");

export const problem = object({
  type: text,
  title: text,
  status: count,
  detail: about(text, "what is wrong in this case, for people"),
  code: about(word(...Object.keys(problems)), "the kind of problem, for programs"),
});

const address = { ip: text, port };
const source = object(address);
export type Address = Infer<typeof source>;

const reason = about(
  word("logoff", "offline", "replaced", "deregistered", null),
  "why the session ended; null while it is open",
);
export type EndReason = NonNullable<Infer<typeof reason>>;

const presence = {
  presence: word("online", "offline", "never"),
  since: about(
    orNull(time),
    "when it came online, or its session ended; null if it never logged in",
  ),
  reason: about(reason, "why its last session ended; null while it is online"),
  lastSeen: about(orNull(time), "when its last packet came; null if it never logged in"),
};
export type Presence = Infer<typeof presence.presence>;

const labels = about(
  mapOf(text),
  'what the operator notes of it, as `{"name": "Cold room", "area": "Kitchen"}`',
);
export const changes = {
  set: about(
    mapOf(text),
    "keys of 1 to 32 of a-z 0-9 . _ -, values of at most 64 characters without , | =",
  ),
  remove: about(listOf(text), "keys"),
};
export const labelChanges = options(changes);
export const labelled = object({ labels });

const openCommands = about(count, "how many commands wait for it or for its answer");

export const presenceChange = object({ id, ...presence, labels, openCommands });
export type PresenceChange = Infer<typeof presenceChange>;

export const report = object({
  sequence: about(count, "in the order of receipt, which is that of lists"),
  device: id,
  time: about(text, "the device's own time, as it sent it"),
  received: about(time, "when the server received it"),
  at: about(
    time,
    "when it was measured: the device's time, corrected by the server (PROTOCOL 4.6). `from` and `to`, charts and " +
      "`lastReport` go by it",
  ),
  code,
  message: text,
});
export type ReportJson = Infer<typeof report>;

export const availability = object({
  from: time,
  to: time,
  share: about(
    orNull(number),
    "of the time in which it was logged in, from 0 to 1; a device that fell silent was so until its last packet; null if it was " +
      "not registered yet",
  ),
  parts: about(listOf(orNull(number)), "the same of equal parts of the time, oldest first"),
});
export type AvailabilityJson = Infer<typeof availability>;
export const availabilities = object({
  day: about(availability, "the last 24 hours, in half hours"),
  month: about(availability, "the last 30 days, in half days"),
});
export type AvailabilitiesJson = Infer<typeof availabilities>;

export const device = object({
  id,
  mac: text,
  ...address,
  registered: time,
  ...presence,
  labels,
  openCommands,
  transport: about(word("text", "sealed", null), "null unless it is online"),
  everySeconds: about(orNull(number), "the heartbeat interval that it stated"),
  source: about(
    orNull(source),
    "the source address of its last packet, also of a device that is gone; null if it never logged in",
  ),
  node: about(
    orNull(text),
    "the name of the server that hears it, of several on one store; null unless it is online",
  ),
  lastReport: orNull(report),
  repeats: about(
    count,
    "how many of its reports repeated one that was stored before, and were not stored again",
  ),
  alerts: deviceAlerts,
  availability: about(
    orNull(availability),
    "of the last 24 hours, in half hours, in a list with `availability=24h`; else null",
  ),
});
export type DeviceJson = Infer<typeof device>;

export const devicePage = object({
  devices: listOf(device),
  total: about(count, "how many devices match, on all pages"),
  next,
});
export type DevicesJson = Infer<typeof devicePage>;

export const session = object({
  session: count,
  started: time,
  ended: about(orNull(time), "null while it is open"),
  lastSeen: time,
  reason,
  ...address,
  node: about(orNull(text), "the server that heard it last, of several on one store"),
});
export type SessionJson = Infer<typeof session>;

export const sessionPage = object({ sessions: listOf(session), next });
export type SessionsJson = Infer<typeof sessionPage>;

export const reportPage = object({ reports: listOf(report), next });

export const field = object({
  name: about(text, "a JSON path is `a.b`; a message that is a single number is `value`"),
  latest: number,
  unit: about(
    orNull(text),
    "behind the number in the last message that has it, as in `temp=21.5°C`; else the device's label `unit.` + the name in " +
      "lower case",
  ),
});
export type FieldJson = Infer<typeof field>;
export const fields = object({
  fields: listOf(field),
  states: about(
    listOf(object({ name: text, latest: about(text, "a word, as in `door=open`") })),
    "words in place of numbers, of JSON also booleans",
  ),
});
export type FieldsJson = Infer<typeof fields>;

const points = {
  reports: about(count, "how many readings the points come from"),
  last: about(orNull(number), "the latest reading in the range"),
  times: about(
    listOf(number),
    "ms since 1970, each of the first reading of its point; there are no empty points",
  ),
  min: listOf(number),
  max: listOf(number),
  mean: about(listOf(number), "with few reports each is a point of its own, with min = max = mean"),
  count: listOf(count),
};
export const series = object({ device: id, field: text, from: time, to: time, ...points });

const stateSeries = object({
  field: text,
  reports: points.reports,
  last: about(orNull(text), "the latest state in the range"),
  words: about(
    listOf(text),
    "the different states; with more than 64 the last one is `…`, for all others",
  ),
  times: about(
    listOf(number),
    "ms since 1970, each of the first report of its point that has a state",
  ),
  state: about(listOf(count), "the place in `words` of the first state of each point"),
  changes: about(listOf(count), "how often it changed from then until the next point"),
});
export type StateSeriesJson = Infer<typeof stateSeries>;
export const chart = object({
  device: id,
  from: time,
  to: time,
  series: listOf(object({ field: text, ...points })),
  states: listOf(stateSeries),
});
export type ChartJson = Infer<typeof chart>;

export const question = options({
  code: { ...code, default: "01" },
  target: about(id, "a word that the device understands; its id by default"),
});

export const answer = object({ code, time: text, message: text });

export const keptQuestion = object({
  question: count,
  code,
  target: id,
  by: word("cli", "api", "dashboard"),
  asked: time,
  answered: about(orNull(time), "null if it did not answer"),
  answer: orNull(answer),
});
export type KeptQuestion = Infer<typeof keptQuestion>;
export const questionPage = object({ questions: listOf(keptQuestion), next });

/** The data of each live event, by its name. */
export const events = {
  hello: about(
    object({
      time,
      version: text,
      node: about(text, "as in `status`"),
      devicePort: about(port, "the UDP port that devices send to"),
    }),
    "the first event of each stream",
  ),
  devices: about(
    object({ changes: listOf(presenceChange), removed: listOf(id) }),
    "twice a second if something changed, also labels; a new device counts as a change",
  ),
  reports: about(
    object({ reports: listOf(report), more: yes }),
    "twice a second, only the newest of each device; messages are cut to 256 characters; at most 500, then `more` is " +
      "true and the others follow; of devices of other servers at most 200, then `more` is true",
  ),
  seen: about(
    object({ seen: listOf(pairOf(id, about(number, "ms since 1970"))) }),
    "every 2 s, devices with newer packets; those of other servers of the store about every 10 s; at most 2,000, the others " +
      "follow",
  ),
  activity: about(
    object({ lines: listOf(line), skipped: about(count, "how many lines were left out") }),
    "twice a second, at most 100 lines",
  ),
  status,
  pending: about(
    object({
      waiting: about(count, "devices that wait for approval"),
      open: about(yes, "whether the window is open"),
      secondsLeft: count,
    }),
    "the door has changed: a device waits or was judged, or the window was opened or closed",
  ),
  commands: about(
    object({ changes: listOf(command) }),
    "twice a second, the commands that were queued, sent for the first time, delivered or answered, or have ended, as they are " +
      "now; at most 500, the others follow. Of devices that other servers hear only when one is queued and has ended",
  ),
  alerts: alertChanges,
} satisfies Readonly<Record<Topic | "hello", Schema>>;
export type LiveEvents = { readonly [Name in keyof typeof events]: Infer<(typeof events)[Name]> };
