// The part of the table of the HTTP interface that is about devices: all that is to be told of each route, once. Never answers
// a request.

import { type Endpoint, Media } from "./endpoint.ts";
import { body, by, choice, cursor, integer, textForm, timeForm } from "./forms.ts";
import * as bulkShapes from "./bulk-shapes.ts";
import { about, text } from "./schema.ts";
import * as shapes from "./shapes.ts";
import { deviceOrders, namedMax, presenceFilters, selectorCharsMax } from "./words.ts";

/** How many entries of a list one answer has at most. */
export const listMax = 1_000;
/** A limit of what is exported, which has none by default. */
export const exported = integer(1, 1e12, 1e12);
/** How many devices the selector of a change may mean. */
export const meantMax = 10_000;
/** What is said of a body that does not tell which devices are meant. */
export const wrongMeant = {
  expected: "expected must be the number of devices that are meant.",
  select: `select must be a text of at most ${selectorCharsMax} characters.`,
  devices: `devices must be a list of 1 to ${namedMax} ids.`,
};
/** Room for as many of the longest ids, with labels. */
export const bulkBytesMax = 49_152;
const shortPage = { limit: integer(1, listMax, 50), cursor: cursor("number") };

const deviceLines = new Media(
  "text/csv",
  about(
    text,
    "a header and rows as in RFC 4180; behind what there is of each device a column `label.KEY` for each label and `field.NAME` " +
      "for each number or state of the last reports, up to 200 of either",
  ),
);

/** The routes of devices, by the names of their handlers. */
export const deviceApi = {
  devices: {
    method: "GET",
    path: "/api/v1/devices",
    access: "read",
    summary: "The devices",
    query: {
      sort: choice(
        deviceOrders,
        "id",
        "with - in descending order; by status the silent ones come first; `name` is the id where there is none; without an " +
          "area or a value always last",
      ),
      field: textForm(
        128,
        "value",
        `whose number in the last report \`sort=value\` compares, a name of \`fields\`; of at most ${meantMax} devices`,
      ),
      q: textForm(
        64,
        "",
        "a part of the id, of a label's value, of the MAC or the IP, in any case",
      ),
      select: textForm(
        selectorCharsMax,
        "",
        "a selector, whose terms all apply: `area=Kitchen|Cellar`, `area!=Kitchen`, `area`, `!area`, `id=th-*`, " +
          "`presence=silent`, with commas between them",
      ),
      presence: choice(
        presenceFilters,
        null,
        "silent and left are the parts of offline: fell silent, or ended otherwise",
      ),
      alerts: choice(["firing"], null, "only devices with an alert that fires"),
      unheard: timeForm(
        "only devices whose last packet came before then: `2h` for those not heard for 2 hours; those that never logged in " +
          "are not among them",
      ),
      availability: choice(
        ["24h"],
        null,
        "adds for how much of the last 24 hours each was logged in",
      ),
      format: choice(
        ["json", "csv"],
        "json",
        "csv streams all devices that match, in the order of `sort`",
      ),
      limit: by(
        "format",
        { json: integer(1, listMax, 100), csv: exported },
        "how many at most: 100 by default and up to 1000; with csv all by default",
      ),
      cursor: cursor("device"),
    },
    answers: { 200: [shapes.devicePage, deviceLines] },
    problems: ["too-many"],
  },
  device: {
    method: "GET",
    path: "/api/v1/devices/{id}",
    access: "read",
    summary: "A device",
    answers: { 200: shapes.device },
  },
  label: {
    method: "PATCH",
    path: "/api/v1/devices/{id}/labels",
    access: "change",
    summary: "Changes its labels",
    details: "All changes or none. A device has at most 32 labels; no key is `id` or `presence`.",
    body: body(
      shapes.labelChanges,
      { set: "set must be an object of texts.", remove: "remove must be a list of keys." },
      "Only set and remove are known here.",
    ),
    answers: { 200: shapes.labelled },
    problems: ["storage-failed"],
  },
  bulk: {
    method: "POST",
    path: "/api/v1/devices/bulk",
    access: "change",
    summary: "Labels or deregisters many devices",
    details:
      `Those that \`select\` means, at most ${meantMax}, or up to ${namedMax} of \`devices\`. ` +
      `Nothing is done unless they are \`expected\` in number. Each ${namedMax} are one transaction; of a device that is refused ` +
      "nothing is changed.",
    body: body(
      bulkShapes.bulkChange(namedMax, selectorCharsMax),
      {
        action: "action must be label or deregister.",
        ...wrongMeant,
        set: "set must be an object of texts.",
        remove: "remove must be a list of keys.",
      },
      "Only action, select, devices, set, remove and expected are known here.",
      bulkBytesMax,
    ),
    answers: { 200: bulkShapes.bulkResult },
    problems: ["count-changed"],
  },
  removeDevice: {
    method: "DELETE",
    path: "/api/v1/devices/{id}",
    access: "change",
    summary: "Deregisters a device",
    answers: { 204: "Deregistered; its reports stay" },
    problems: ["storage-failed"],
  },
  availability: {
    method: "GET",
    path: "/api/v1/devices/{id}/availability",
    access: "read",
    summary: "For how much of the last 24 hours and 30 days it was logged in",
    details: "From its latest 3000 sessions; of what is before them nothing is known.",
    answers: { 200: shapes.availabilities },
  },
  sessions: {
    method: "GET",
    path: "/api/v1/devices/{id}/sessions",
    access: "read",
    summary: "Its sessions, newest first",
    query: shortPage,
    answers: { 200: shapes.sessionPage },
  },
  questions: {
    method: "GET",
    path: "/api/v1/devices/{id}/questions",
    access: "read",
    summary: "The questions that it was asked, with its answers, newest first",
    details:
      "Answers are no reports. Kept for 30 days of the server's running, the latest 100 of a device and 10,000 in all.",
    query: shortPage,
    answers: { 200: shapes.questionPage },
  },
  ask: {
    method: "POST",
    path: "/api/v1/devices/{id}/query",
    access: "change",
    summary: "Asks the device, and waits for its answer",
    body: body(
      shapes.question,
      {
        code: "code must be two digits.",
        target: "target must be 1 to 64 of A-Z a-z 0-9 . _ : -",
      },
      "Only code and target are known here.",
    ),
    answers: { 200: shapes.answer },
    problems: ["not-logged-in", "busy", "no-answer"],
  },
} as const satisfies Record<string, Endpoint>;
