// Owns the description of the HTTP interface for programs (OpenAPI 3.1). A test compares every route with it. Never
// answers a request itself.

import { problems, type ProblemCode } from "./problem.ts";
import { count, ref, type Schema, schemas, text } from "./openapi-schemas.ts";

type Operation = { readonly [key: string]: unknown };

const problemType = "application/problem+json";

/** The OpenAPI document. */
export function openApi(version: string) {
  return {
    openapi: "3.1.0",
    info: {
      title: "iot-server",
      version,
      description:
        "Devices, sessions and reports of one iot-server. All but health and, on the same machine, metrics needs a login.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    security: [{ token: [] }, { cookie: [] }],
    paths: { ...serverPaths, ...devicePaths, ...reportPaths },
    components: {
      schemas,
      securitySchemes: {
        token: { type: "http", scheme: "bearer" },
        cookie: { type: "apiKey", in: "cookie", name: "iot_session" },
      },
    },
  };
}

const idParameter = { name: "id", in: "path", required: true, schema: text };
const fromTo = [
  parameter("from", text, "RFC 3339, ms since 1970 (12 to 15 digits), or an age such as 24h"),
  parameter("to", text, "the same"),
];
const paging = [
  parameter("limit", count, "how many at most"),
  parameter("cursor", text, "`next` of the previous page"),
];

const serverPaths = {
  "/healthz": {
    get: operation("Whether the server can store", [], {
      200: jsonBody(ref("Health")),
      503: jsonBody(ref("Health")),
    }),
  },
  "/metrics": {
    get: operation("Metrics for Prometheus", [], {
      200: body("text/plain", text),
      ...refusals("login-required"),
    }),
  },
  "/login": {
    get: operation(
      "A one-time login link; a browser gets a page if it is refused",
      [parameter("code", text)],
      {
        303: { description: "Logged in; redirects to the dashboard" },
        ...refusals("login-refused", "too-many"),
      },
    ),
  },
  "/api/v1/openapi.json": {
    get: operation("This document", [], { 200: jsonBody({ type: "object" }) }),
  },
  "/api/v1/session": {
    get: operation("What this request may do", [], { 200: jsonBody(ref("Rights")) }),
    post: {
      ...operation("Logs in", [], {
        204: { description: "Logged in; the cookie is set" },
        ...refusals("bad-body", "login-refused", "foreign-origin", "not-json", "too-many"),
      }),
      requestBody: { required: true, ...jsonBody(ref("Login")) },
    },
    delete: operation("Logs out", [], {
      204: { description: "Logged out" },
      ...refusals("foreign-origin"),
    }),
  },
  "/api/v1/status": {
    get: operation("How the server is doing", [], {
      200: jsonBody(ref("Status")),
      ...refusals("login-required"),
    }),
  },
  "/api/v1/activity": {
    get: operation(
      "The end of Activity.log",
      [
        parameter("q", text, "a part of the peer or the words"),
        parameter("level", { enum: ["debug", "info", "warn", "error"] }, "this level and above"),
        parameter("limit", count, "how many lines at most"),
      ],
      { 200: jsonBody(ref("Lines")), ...refusals("bad-parameter", "login-required") },
    ),
  },
  "/api/v1/events": {
    get: operation(
      "Live events (server-sent)",
      [
        parameter(
          "topics",
          text,
          "some of devices, reports, seen, activity, status, separated by commas",
        ),
        parameter("device", text, "only this device"),
      ],
      {
        200: body("text/event-stream", text),
        ...refusals("bad-parameter", "login-required", "too-many"),
      },
    ),
  },
};

const devicePaths = {
  "/api/v1/devices": {
    get: operation(
      "The devices",
      [
        parameter("q", text, "a part of the id, any case"),
        parameter(
          "presence",
          { enum: ["online", "offline", "silent", "left", "never"] },
          "silent and left are the parts of offline: fell silent, or ended otherwise",
        ),
        parameter("sort", { enum: ["id", "-id", "lastSeen", "-lastSeen"] }),
        ...paging,
      ],
      { 200: jsonBody(ref("DevicePage")), ...refusals("bad-parameter", "login-required") },
    ),
  },
  "/api/v1/devices/{id}": {
    parameters: [idParameter],
    get: operation("A device", [], {
      200: jsonBody(ref("Device")),
      ...refusals("login-required", "unknown-device"),
    }),
    delete: operation("Deregisters a device", [], {
      204: { description: "Deregistered; its reports stay" },
      ...refusals("login-required", "foreign-origin", "unknown-device", "storage-failed"),
    }),
  },
  "/api/v1/devices/{id}/sessions": {
    parameters: [idParameter],
    get: operation("Its sessions, newest first", paging, {
      200: jsonBody(ref("SessionPage")),
      ...refusals("bad-parameter", "login-required", "unknown-device"),
    }),
  },
  "/api/v1/devices/{id}/questions": {
    parameters: [idParameter],
    get: operation("The questions that it was asked, with its answers, newest first", paging, {
      200: jsonBody(ref("QuestionPage")),
      ...refusals("bad-parameter", "login-required", "unknown-device"),
    }),
  },
  "/api/v1/devices/{id}/query": {
    parameters: [idParameter],
    post: {
      ...operation("Asks the device", [], {
        200: jsonBody(ref("Answer")),
        ...refusals(
          "bad-body",
          "login-required",
          "foreign-origin",
          "unknown-device",
          "not-logged-in",
          "not-json",
          "busy",
          "no-answer",
        ),
      }),
      requestBody: { required: true, ...jsonBody(ref("Question")) },
    },
  },
};

const reportParameters = [
  ...fromTo,
  parameter("order", { enum: ["newest", "oldest"] }),
  ...paging,
  parameter("format", { enum: ["json", "csv", "ndjson"] }, "csv and ndjson stream the whole range"),
];
const reportBody = {
  description: "A page, or the whole range",
  content: {
    "application/json": { schema: ref("ReportPage") },
    "text/csv": { schema: text },
    "application/x-ndjson": { schema: text },
  },
};

const reportPaths = {
  "/api/v1/reports": {
    get: operation("Reports of all devices", reportParameters, {
      200: reportBody,
      ...refusals("bad-parameter", "login-required", "too-many"),
    }),
  },
  "/api/v1/devices/{id}/reports": {
    parameters: [idParameter],
    get: operation("Reports of a device", reportParameters, {
      200: reportBody,
      ...refusals("bad-parameter", "login-required", "unknown-device", "too-many"),
    }),
  },
  "/api/v1/devices/{id}/fields": {
    parameters: [idParameter],
    get: operation("The numbers in its newest reports", [], {
      200: jsonBody(ref("Fields")),
      ...refusals("login-required", "unknown-device"),
    }),
  },
  "/api/v1/devices/{id}/series": {
    parameters: [idParameter],
    get: operation(
      "One of its numbers over time, with the minimum and maximum of each point",
      [
        parameter("field", text, "a name of `fields`; value by default"),
        ...fromTo,
        parameter("points", count, "how many at most"),
      ],
      {
        200: jsonBody(ref("Series")),
        ...refusals("bad-parameter", "login-required", "unknown-device"),
      },
    ),
  },
};

function operation(
  summary: string,
  parameters: readonly unknown[],
  responses: Record<number, unknown>,
): Operation {
  return { summary, parameters, responses };
}

function parameter(name: string, schema: Schema, description = "") {
  return { name, in: "query", required: false, schema, description };
}

function body(type: string, schema: Schema) {
  return { description: "The answer", content: { [type]: { schema } } };
}

function jsonBody(schema: Schema) {
  return body("application/json", schema);
}

/** The responses for problems, by HTTP status. */
function refusals(...codes: ProblemCode[]): Record<number, unknown> {
  const responses: Record<number, unknown> = {};
  for (const code of codes) {
    const [status, title] = problems[code];
    responses[status] = {
      description: title,
      content: { [problemType]: { schema: ref("Problem") } },
    };
  }
  return responses;
}
