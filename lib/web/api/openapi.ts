// Owns the description of the HTTP interface for programs (OpenAPI 3.1), written from the table. Never tells anything that
// the table does not.

import { type Content, type Endpoint, Media } from "./endpoint.ts";
import type { Form } from "./forms.ts";
import { type ProblemCode, problems } from "./problem-codes.ts";
import { type Schema, text } from "./schema.ts";
import * as commandShapes from "./command-shapes.ts";
import * as alertShapes from "./alert-shapes.ts";
import * as serverShapes from "./server-shapes.ts";
import * as bulkShapes from "./bulk-shapes.ts";
import * as shapes from "./shapes.ts";
import { api } from "./table.ts";

type Told = Record<string, unknown>;

/** The shapes that are told once in the document, by their names in it. */
const named: Readonly<Record<string, Schema>> = {
  Problem: shapes.problem,
  Health: serverShapes.health,
  Rights: serverShapes.rights,
  Login: serverShapes.login,
  PresenceChange: shapes.presenceChange,
  Device: shapes.device,
  LabelChanges: shapes.labelChanges,
  Labelled: shapes.labelled,
  BulkResult: bulkShapes.bulkResult,
  DevicePage: shapes.devicePage,
  Session: shapes.session,
  SessionPage: shapes.sessionPage,
  Report: shapes.report,
  ReportPage: shapes.reportPage,
  Field: shapes.field,
  Fields: shapes.fields,
  Series: shapes.series,
  Question: shapes.question,
  Answer: shapes.answer,
  KeptQuestion: shapes.keptQuestion,
  QuestionPage: shapes.questionPage,
  Command: commandShapes.command,
  BulkQueued: bulkShapes.bulkQueued,
  CommandPage: commandShapes.commandPage,
  Line: serverShapes.line,
  Lines: serverShapes.lines,
  Alert: alertShapes.alert,
  AlertPage: alertShapes.alertPage,
  AlertRule: alertShapes.rule,
  AlertRules: alertShapes.rules,
  AlertDestination: alertShapes.destination,
  AlertDestinations: alertShapes.destinations,
  AlertTest: alertShapes.tested,
  Mute: alertShapes.mute,
  Mutes: alertShapes.mutes,
  Node: serverShapes.node,
  NodeList: serverShapes.nodeList,
  Status: serverShapes.status,
};
const names = new Map<unknown, string>(Object.entries(named).map(([name, one]) => [one, name]));

const description = `Devices, sessions and reports of one iot-server.

Each operation tells who may use it. An unknown parameter is refused with 400, and a method that a path does not have with 405
and \`Allow\`. Every error is a problem document with a \`code\` for programs. Whatever a device sent is plain text and not to
be trusted.`;
const whoMay: Readonly<Record<Endpoint["access"], string>> = {
  open: "Needs no login.",
  local: "Needs a login, or a request from this machine.",
  read: "Needs a login, or with `--http-public-read` a request from this machine.",
  change: "Needs a login.",
};
const times = "RFC 3339, ms since 1970 (12 to 15 digits), or an age such as 24h";

/** The OpenAPI document. */
export function openApi(version: string) {
  const paths: Record<string, Told> = {};
  for (const [name, endpoint] of Object.entries<Endpoint>(api)) {
    const { path, method } = endpoint;
    paths[path] ??= parametersOf(path);
    paths[path][method.toLowerCase()] = operation(name, endpoint);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "iot-server",
      version,
      description,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    security: [{ token: [] }, { cookie: [] }],
    paths,
    components: {
      schemas: Object.fromEntries(
        Object.entries(named).map(([name, schema]) => [name, withReferences({ ...schema })]),
      ),
      securitySchemes: {
        token: { type: "http", scheme: "bearer" },
        cookie: {
          type: "apiKey",
          in: "cookie",
          name: "iot_session_xxxxxxxx",
          description:
            "The name ends in digits that go with the admin token: `Set-Cookie` tells it.",
        },
      },
    },
  };
}

const idParameter = {
  name: "id",
  in: "path",
  required: true,
  schema: text,
  description: "of a registered device",
};

const nameParameter = { ...idParameter, name: "name", description: "of what is meant" };
const numberParameter = { ...nameParameter, name: "number" };

/** The parts of a path that have names. */
function parametersOf(path: string): Told {
  const all = [idParameter, nameParameter, numberParameter].filter(({ name }) =>
    path.includes(`{${name}}`),
  );
  return all.length === 0 ? {} : { parameters: all };
}

function operation(operationId: string, endpoint: Endpoint): Told {
  const { summary, details, access, query = {}, body } = endpoint;
  return {
    operationId,
    summary,
    description: [details ?? [], whoMay[access]].flat().join(" "),
    ...(access === "open" ? { security: [] } : {}),
    ...(access === "local" ? { security: [{}, { token: [] }, { cookie: [] }] } : {}),
    parameters: Object.entries(query).map(([name, form]) => parameter(name, form)),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: contentOf(body.schema) } }),
    responses: responsesOf(endpoint),
  };
}

function parameter(name: string, form: Form): Told {
  const { kind, words = "" } = form;
  const told = kind === "time" ? `${words}: ${times}` : words;
  const isList = kind === "choices" || kind === "texts";
  const list = isList ? { style: "form", explode: kind === "texts" } : {};
  return { name, in: "query", required: false, ...list, schema: schemaOf(form), description: told };
}

function schemaOf(form: Form): Schema {
  switch (form.kind) {
    case "text":
      return { type: "string", maxLength: form.charsMax, ...defaultOf(form.otherwise || null) };
    case "texts": {
      const items = { type: "string", maxLength: form.charsMax };
      return { type: "array", items, maxItems: form.most };
    }
    case "choice":
      return { type: "string", enum: form.choices, ...defaultOf(form.otherwise) };
    case "choices":
      return {
        type: "array",
        items: { type: "string", enum: form.choices },
        default: form.otherwise,
      };
    case "integer":
      return { type: "integer", minimum: form.from, maximum: form.to, default: form.otherwise };
    case "time":
    case "cursor":
      return text;
    case "by":
      return eitherOf(Object.values(form.forms).map(schemaOf));
  }
}

/** What is in one of some schemas, without their defaults: those depend on another parameter, and are in the words. */
function eitherOf(schemas: readonly Schema[]): Schema {
  const plain = schemas.map((schema) => JSON.stringify({ ...schema, default: undefined }));
  const different = [...new Set(plain)].map((one) => JSON.parse(one) as Schema);
  return different.length === 1 ? { ...different[0] } : { anyOf: different };
}

function defaultOf(otherwise: string | null): Told {
  return otherwise === null ? {} : { default: otherwise };
}

function responsesOf(endpoint: Endpoint): Told {
  const told: Record<string, { words: string[]; content: Told }> = {};
  for (const [status, content] of Object.entries(endpoint.answers)) {
    const words = typeof content === "string" ? [content] : [];
    told[status] = { words, content: typeof content === "string" ? {} : contentOf(content) };
  }
  for (const code of problemsOf(endpoint)) {
    const [status, title] = problems[code];
    const { words, content } = (told[status] ??= { words: [], content: {} });
    words.push(`\`${code}\`: ${title}`);
    Object.assign(content, problemContent);
  }
  const responses = Object.entries(told).map(([status, { words, content }]) => [
    status,
    {
      description: words.join(". ") || "The answer",
      ...(Object.keys(content).length === 0 ? {} : { content }),
    },
  ]);
  const other = { description: "Any other problem", content: problemContent };
  return { ...Object.fromEntries(responses), default: other };
}

const problemContent = {
  "application/problem+json": { schema: withReferences(shapes.problem) },
};

/** The problems of a route, with those that follow from what it takes and who may use it. */
function problemsOf({ path, method, access, body, problems: own = [] }: Endpoint): ProblemCode[] {
  const codes: ProblemCode[] = ["bad-parameter"];
  if (body !== undefined) codes.push("bad-body", "body-too-large", "not-json");
  if (access !== "open") codes.push("login-required", "too-many", "storage-failed");
  if (access !== "open" || method !== "GET") codes.push("foreign-origin");
  if (path.includes("{id}")) codes.push("unknown-device");
  return [...new Set([...codes, ...own])];
}

function contentOf(content: Exclude<Content, string>): Told {
  const all = Array.isArray(content) ? (content as readonly (Schema | Media)[]) : [content];
  return Object.fromEntries(
    all.map((one) =>
      one instanceof Media
        ? [one.type, mediaOf(one)]
        : ["application/json", { schema: withReferences(one) }],
    ),
  );
}

function mediaOf({ schema, events }: Media): Told {
  if (events === null) return { schema };
  return { schema, "x-events": withReferences(events) };
}

/** A schema in which the shapes with a name are references. */
function withReferences(value: unknown): unknown {
  const name = names.get(value);
  if (name !== undefined) return { $ref: `#/components/schemas/${name}` };
  if (Array.isArray(value)) return value.map(withReferences);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withReferences(one)]));
}
