// The part of the table of the HTTP interface that is about alerts: all that is to be told of each route, once. Never answers a
// request.

import * as shapes from "./alert-shapes.ts";
import type { Endpoint } from "./endpoint.ts";
import { body, choice, cursor, integer, textForm } from "./forms.ts";
import { alertStates } from "./words.ts";

const wrongText = "must be a text.";
const ruleName = textForm(64, null, "only those of the rule with this name");

/** The routes of alerts, by the names of their handlers. */
export const alertApi = {
  alerts: {
    method: "GET",
    path: "/api/v1/alerts",
    access: "read",
    summary: "The alerts, newest first",
    query: {
      state: choice(
        alertStates,
        "open",
        "open are pending and firing; all has those that are over, too",
      ),
      rule: ruleName,
      device: textForm(64, null, "only those of this device"),
      limit: integer(1, 1_000, 100),
      cursor: cursor("number"),
    },
    answers: { 200: shapes.alertPage },
  },
  alertRules: {
    method: "GET",
    path: "/api/v1/alert-rules",
    access: "read",
    summary: "The rules of alerts",
    query: { device: textForm(64, null, "only those that mean this device") },
    answers: { 200: shapes.rules },
  },
  putAlertRule: {
    method: "PUT",
    path: "/api/v1/alert-rules/{name}",
    access: "change",
    summary: "Makes a rule, or puts it in the place of the one with its name",
    details: "`rule` is needed; what else is left out is as usual.",
    body: body(
      shapes.givenRule,
      {
        rule: `rule ${wrongText}`,
        select: `select ${wrongText}`,
        severity: `severity ${wrongText}`,
        to: "to must be a list of names.",
        repeat: `repeat ${wrongText}`,
        enabled: `enabled ${wrongText}`,
      },
      "Only rule, select, severity, to, repeat and enabled are known here.",
    ),
    answers: { 200: shapes.rule },
    problems: ["bad-rule", "no-room", "unknown-alert", "storage-failed"],
  },
  removeAlertRule: {
    method: "DELETE",
    path: "/api/v1/alert-rules/{name}",
    access: "change",
    summary: "Removes a rule; its alerts are over",
    answers: { 204: "Removed" },
    problems: ["unknown-alert", "storage-failed"],
  },
  alertDestinations: {
    method: "GET",
    path: "/api/v1/alert-destinations",
    access: "change",
    summary: "Who is told",
    answers: { 200: shapes.destinations },
  },
  putAlertDestination: {
    method: "PUT",
    path: "/api/v1/alert-destinations/{name}",
    access: "change",
    summary: "Makes a destination, or puts it in the place of the one with its name",
    details:
      "`url` is needed. Values of headers, and the password and the query of the URL are never shown again.",
    body: body(
      shapes.givenDestination,
      { url: `url ${wrongText}`, format: `format ${wrongText}`, headers: `headers ${wrongText}` },
      "Only url, format and headers are known here.",
    ),
    answers: { 200: shapes.destination },
    problems: ["no-room", "storage-failed"],
  },
  removeAlertDestination: {
    method: "DELETE",
    path: "/api/v1/alert-destinations/{name}",
    access: "change",
    summary: "Removes a destination; what waits for it is dropped",
    answers: { 204: "Removed" },
    problems: ["unknown-alert", "in-use", "storage-failed"],
  },
  testAlertDestination: {
    method: "POST",
    path: "/api/v1/alert-destinations/{name}/test",
    access: "change",
    summary: "Sends a message that only shows that messages arrive, and waits for the answer",
    answers: { 200: shapes.tested },
    problems: ["unknown-alert"],
  },
  mutes: {
    method: "GET",
    path: "/api/v1/mutes",
    access: "read",
    summary: "What nobody is told of for a while",
    answers: { 200: shapes.mutes },
  },
  mute: {
    method: "POST",
    path: "/api/v1/mutes",
    access: "change",
    summary: "Mutes alerts for a while",
    body: body(
      shapes.givenMute,
      {
        rule: `rule ${wrongText}`,
        select: `select ${wrongText}`,
        for: `for ${wrongText}`,
        note: `note ${wrongText}`,
        expected: "expected must be the number of devices that are meant.",
      },
      "Only rule, select, for, note and expected are known here.",
    ),
    answers: { 201: shapes.mute },
    problems: ["no-room", "unknown-alert", "count-changed", "storage-failed"],
  },
  unmute: {
    method: "DELETE",
    path: "/api/v1/mutes/{name}",
    access: "change",
    summary: "Ends a mute; what still fires is told",
    answers: { 204: "Ended" },
    problems: ["unknown-alert", "storage-failed"],
  },
} as const satisfies Record<string, Endpoint>;
