// Owns the table of the HTTP interface: all that is to be told of each route, once. The router, the types of the handlers and
// of the page's requests, and the OpenAPI document follow from it. Never answers a request: `handlers.ts` gives each route
// its handler.

import { alertApi } from "./alert-table.ts";
import { commandApi } from "./command-table.ts";
import { doorApi } from "./door-table.ts";
import { deviceApi, exported, listMax } from "./device-table.ts";
import { type Endpoint, Media } from "./endpoint.ts";
import {
  body,
  by,
  choice,
  choices,
  cursor,
  type Form,
  integer,
  textForm,
  textsForm,
  timeForm,
} from "./forms.ts";
import { about, anything, text } from "./schema.ts";
import * as serverShapes from "./server-shapes.ts";
import * as shapes from "./shapes.ts";
import { chartFieldsMax, levels, topics } from "./words.ts";

const formats = ["json", "csv", "ndjson"] as const;
const orders = ["newest", "oldest"] as const;
type PerFormat = Readonly<Record<(typeof formats)[number], Form>>;

const fromTo = {
  from: timeForm("measured then or later"),
  to: timeForm("measured then or before"),
};

const reportQuery = {
  format: choice(formats, "json", "csv and ndjson stream all reports of the range"),
  order: by(
    "format",
    {
      json: choice(orders, "newest"),
      csv: choice(orders, "oldest"),
      ndjson: choice(orders, "oldest"),
    } satisfies PerFormat,
    "newest by default; with csv and ndjson oldest",
  ),
  ...fromTo,
  cursor: cursor("number"),
  limit: by(
    "format",
    { json: integer(1, listMax, 100), csv: exported, ndjson: exported } satisfies PerFormat,
    "how many at most: 100 by default and up to 1000; with csv and ndjson all by default",
  ),
};
const reportAnswer = [
  shapes.reportPage,
  new Media(
    "text/csv",
    about(text, "a header and rows as in RFC 4180: sequence,device,time,received,code,message,at"),
  ),
  new Media("application/x-ndjson", about(text, "a report a line, as in JSON")),
] as const;

const serverApi = {
  health: {
    method: "GET",
    path: "/healthz",
    access: "open",
    summary: "Whether the server can store",
    answers: { 200: serverShapes.health, 503: serverShapes.health },
  },
  metrics: {
    method: "GET",
    path: "/metrics",
    access: "local",
    summary: "Metrics for Prometheus",
    answers: { 200: new Media("text/plain") },
  },
  openLink: {
    method: "GET",
    path: "/login",
    access: "open",
    summary: "A one-time login link from `iot-server open`",
    details: "Valid for five minutes. A browser gets a page that explains why one is refused.",
    query: { code: textForm(128, "", "of the link") },
    answers: {
      204: "To a HEAD request, which does not use up the link",
      303: "Logged in: the cookie is set; redirects to the dashboard",
      401: new Media("text/html"),
      429: new Media("text/html"),
    },
    problems: ["login-refused", "too-many"],
  },
  openApi: {
    method: "GET",
    path: "/api/v1/openapi.json",
    access: "open",
    summary: "This document",
    answers: { 200: new Media("application/json", anything) },
  },
  rights: {
    method: "GET",
    path: "/api/v1/session",
    access: "open",
    summary: "What this request may do",
    answers: { 200: serverShapes.rights },
    problems: ["too-many"],
  },
  logIn: {
    method: "POST",
    path: "/api/v1/session",
    access: "open",
    summary: "Logs in with the admin token",
    details:
      "The right token is always accepted; of wrong ones five, then one in ten seconds from an address.",
    body: body(serverShapes.login, { token: "token must be a text." }, null),
    answers: { 204: "Logged in: the cookie is set" },
    problems: ["login-refused", "too-many"],
  },
  logOut: {
    method: "DELETE",
    path: "/api/v1/session",
    access: "open",
    summary: "Logs out",
    answers: { 204: "Logged out" },
  },
  status: {
    method: "GET",
    path: "/api/v1/status",
    access: "read",
    summary: "How the server is doing",
    answers: { 200: serverShapes.status },
  },
  nodes: {
    method: "GET",
    path: "/api/v1/nodes",
    access: "read",
    summary: "The servers of its store, with this one",
    answers: { 200: serverShapes.nodeList },
  },
  activity: {
    method: "GET",
    path: "/api/v1/activity",
    access: "read",
    summary: "The latest lines of Activity.log and error.log",
    details:
      "Those of error.log have the level `error`: datagrams that were malformed or refused, and errors of the server.",
    query: {
      q: textForm(200, "", "a part of the peer or the words, in any case"),
      level: choice(levels, "debug", "this level and above"),
      limit: integer(1, 1_000, 200, "how many lines at most"),
    },
    answers: { 200: serverShapes.lines },
    problems: ["storage-failed"],
  },
  events: {
    method: "GET",
    path: "/api/v1/events",
    access: "read",
    summary: "Live events (server-sent)",
    details:
      "Events are not repeated after a reconnect: load the lists again on every `hello`. A client that does not read is " +
      "disconnected.",
    query: {
      topics: choices(
        topics,
        ["devices", "reports", "seen", "status"],
        "names of events besides `hello`, separated by commas; all but activity, pending, commands and alerts by default",
      ),
      device: textForm(
        64,
        null,
        "only the `devices`, `reports`, `seen` and `commands` events of this device, with each of its reports",
      ),
    },
    answers: { 200: new Media("text/event-stream", text, shapes.events) },
    problems: ["too-many"],
  },
} as const satisfies Record<string, Endpoint>;

const reportApi = {
  reports: {
    method: "GET",
    path: "/api/v1/reports",
    access: "read",
    summary: "Reports of all devices",
    query: reportQuery,
    answers: { 200: reportAnswer },
    problems: ["too-many"],
  },
  deviceReports: {
    method: "GET",
    path: "/api/v1/devices/{id}/reports",
    access: "read",
    summary: "Reports of a device",
    query: reportQuery,
    answers: { 200: reportAnswer },
    problems: ["too-many"],
  },
  fields: {
    method: "GET",
    path: "/api/v1/devices/{id}/fields",
    access: "read",
    summary: "The numbers and the states in its newest 100 reports",
    answers: { 200: shapes.fields },
  },
  series: {
    method: "GET",
    path: "/api/v1/devices/{id}/series",
    access: "read",
    summary: "One of its numbers over time, with the minimum and maximum of each point",
    query: {
      field: textForm(128, "value", "a name of `fields`"),
      to: timeForm("now by default"),
      from: timeForm("a day before `to` by default"),
      points: integer(1, 4_000, 600, "how many at most"),
    },
    answers: { 200: shapes.series },
  },
  chart: {
    method: "GET",
    path: "/api/v1/devices/{id}/chart",
    access: "read",
    summary: "Several of its numbers and states over time",
    details: `At most ${chartFieldsMax} of both.`,
    query: {
      field: textsForm(128, chartFieldsMax, "a name of `fields`"),
      state: textsForm(128, chartFieldsMax, "a name of `states`"),
      to: timeForm("now by default"),
      from: timeForm("a day before `to` by default"),
      points: integer(1, 4_000, 600, "how many at most, of each"),
    },
    answers: { 200: shapes.chart },
  },
} as const satisfies Record<string, Endpoint>;

/** All routes, by the names of their handlers. */
export const api = {
  ...serverApi,
  ...alertApi,
  ...doorApi,
  ...deviceApi,
  ...commandApi,
  ...reportApi,
};
export type Api = typeof api;
