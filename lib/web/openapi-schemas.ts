// Owns the shapes of the HTTP interface as JSON Schema (OpenAPI 3.1); API.md has the same in short form. Never builds a
// value.

export type Schema = { readonly [key: string]: unknown };

export const text: Schema = { type: "string" };
export const time: Schema = { type: "string", format: "date-time" };
export const count: Schema = { type: "integer", minimum: 0 };
export const amount: Schema = { type: "number", minimum: 0 };
const yes: Schema = { type: "boolean" };
const id: Schema = { type: "string", pattern: "^[A-Za-z0-9._:-]{1,64}$" };
const code: Schema = { type: "string", pattern: "^[0-9]{2}$" };
const port: Schema = { type: "integer", minimum: 0, maximum: 65_535 };
const presence: Schema = { type: "string", enum: ["online", "offline", "never"] };
const reason: Schema = { enum: ["logoff", "offline", "replaced", "deregistered", null] };

/** A reference to a shape by its name. */
export function ref(name: keyof typeof schemas): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

/** An array of items of a shape. */
export function listOf(items: Schema): Schema {
  return { type: "array", items };
}

/** A shape, or null. */
export function orNull(schema: Schema): Schema {
  return { anyOf: [schema, { type: "null" }] };
}

/** An object with exactly these properties, all of them required. */
export function object(properties: Record<string, Schema>): Schema {
  return {
    type: "object",
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  };
}

const componentRef = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
const spread = object({ p50: amount, p99: amount, max: amount });

const device = {
  id,
  mac: text,
  ip: text,
  port,
  registered: time,
  presence,
  since: orNull(time),
  reason,
  lastSeen: orNull(time),
  transport: { enum: ["text", "sealed", null] },
  everySeconds: orNull({ type: "number" }),
  source: orNull(object({ ip: text, port })),
  lastReport: orNull(componentRef("Report")),
  repeats: count,
};

const status = {
  version: text,
  time,
  started: time,
  uptimeSeconds: count,
  devices: object({
    registered: count,
    online: count,
    offline: count,
    never: count,
    silent: count,
  }),
  rates: object({
    datagramsPerSecond: amount,
    repliesPerSecond: amount,
    reportsPerSecond: amount,
    commitsPerSecond: amount,
    dropsPerSecond: amount,
  }),
  latency: object({ commit: spread, request: spread }),
  queues: object({
    packets: count,
    packetsMax: count,
    passwords: count,
    passwordsMax: count,
    asks: count,
    asksMax: count,
    liveClients: count,
    liveClientsMax: count,
  }),
  totals: object({
    datagrams: count,
    replies: count,
    malformed: count,
    refused: count,
    busy: count,
    silenced: count,
    dropped: count,
    reports: count,
  }),
  database: object({ bytes: count, walBytes: count, reports: count }),
  memoryBytes: count,
  warnings: listOf(object({ code: text, text, count })),
};

export const schemas = {
  Problem: object({ type: text, title: text, status: count, detail: text, code: text }),
  Health: object({ status: { enum: ["ok", "damaged", "failing"] } }),
  Rights: object({ loggedIn: yes, mayRead: yes, mayChange: yes, version: text }),
  Login: object({ token: text }),
  Device: object(device),
  DevicePage: object({
    devices: listOf(componentRef("Device")),
    total: count,
    next: orNull(text),
  }),
  Session: object({
    session: count,
    started: time,
    ended: orNull(time),
    lastSeen: time,
    reason,
    ip: text,
    port,
  }),
  SessionPage: object({ sessions: listOf(componentRef("Session")), next: orNull(text) }),
  Report: object({
    sequence: count,
    device: id,
    time: text,
    received: time,
    at: time,
    code,
    message: text,
  }),
  ReportPage: object({ reports: listOf(componentRef("Report")), next: orNull(text) }),
  Fields: object({ fields: listOf(object({ name: text, latest: { type: "number" } })) }),
  Series: object({
    device: id,
    field: text,
    from: time,
    to: time,
    reports: count,
    last: orNull({ type: "number" }),
    times: listOf({ type: "number" }),
    min: listOf({ type: "number" }),
    max: listOf({ type: "number" }),
    mean: listOf({ type: "number" }),
    count: listOf(count),
  }),
  Question: {
    type: "object",
    properties: { code, target: id },
    additionalProperties: false,
  } as Schema,
  Answer: object({ code, time: text, message: text }),
  KeptQuestion: object({
    question: count,
    code,
    target: id,
    by: { enum: ["cli", "api", "dashboard"] },
    asked: time,
    answered: orNull(time),
    answer: orNull(componentRef("Answer")),
  }),
  QuestionPage: object({ questions: listOf(componentRef("KeptQuestion")), next: orNull(text) }),
  Line: object({
    time: text,
    level: { enum: ["debug", "info", "warn", "error"] },
    peer: text,
    direction: { enum: ["RECV", "SEND", "-"] },
    words: text,
  }),
  Lines: object({ lines: listOf(componentRef("Line")) }),
  Status: object(status),
} satisfies Record<string, Schema>;
