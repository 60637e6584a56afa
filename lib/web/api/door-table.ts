// The part of the table of the HTTP interface that is about the door, who may register: all that is to be told of each route,
// once. Never answers a request.

import type { Endpoint } from "./endpoint.ts";
import { bulkBytesMax, wrongMeant } from "./device-table.ts";
import { body } from "./forms.ts";
import {
  about,
  count,
  type Infer,
  listOf,
  mapOf,
  object,
  objectWith,
  options,
  orNull,
  text,
  time,
  word,
  yes,
} from "./schema.ts";
import { bulkResult, expected, meant } from "./bulk-shapes.ts";
import { namedMax, selectorCharsMax } from "./words.ts";

const labels = mapOf(text);
const wrongLabels = "labels must be an object of texts.";
const wrongFlag = "must be true or false, as a text.";
const seenBy = about(
  time,
  "only those whose `firstSeen` is not later: another device may have come under an id since `/pending` was read",
);
const wrongSeenBy = "seenBy must be a time, as firstSeen is.";
const flag = word("true", "false");

const pending = object({
  id: text,
  mac: text,
  ip: about(text, "in its REGISTER, as the port"),
  port: count,
  source: about(text, "where its first REGISTER came from"),
  fingerprint: about(orNull(text), "of its key; null if it speaks text"),
  firstSeen: time,
  lastSeen: time,
  tries: count,
  state: word("waiting", "approved", "rejected"),
  labels: about(labels, "what it gets when it registers"),
});
export type PendingJson = Infer<typeof pending>;

const token = object({
  number: count,
  state: word("valid", "expired", "used-up", "revoked"),
  created: time,
  expires: orNull(time),
  used: count,
  usesLeft: about(orNull(count), "null for any number"),
  lastUsed: orNull(time),
  ids: about(orNull(text), "the ids that it is for, as `th-*|pi1`; null for all"),
  labels,
  approve: about(yes, "whether its devices wait for approval"),
  text: about(yes, "whether it may come in text"),
  note: text,
});
export type TokenJson = Infer<typeof token>;

const window = object({
  join: about(word("open", "approve", "closed"), "what the server does about unknown devices"),
  open: yes,
  secondsLeft: count,
  labels: about(labels, "what those get that register in it"),
  command: about(
    text,
    "what runs on a device's machine: NAME is its id, HOST the server; a join token comes before it, as `IOT_JOIN=…`",
  ),
  host: about(text, "the server as its machine calls itself"),
  sharedIp: about(yes, "whether several devices may have one IP"),
});
export type WindowJson = Infer<typeof window>;

/** The routes of the door, by the names of their handlers. */
export const doorApi = {
  pending: {
    method: "GET",
    path: "/api/v1/pending",
    access: "read",
    summary:
      "The devices that wait for approval, and those that were judged and have not asked since",
    answers: { 200: object({ pending: listOf(pending) }) },
    problems: ["storage-failed"],
  },
  approve: {
    method: "POST",
    path: "/api/v1/pending/{id}/approve",
    access: "change",
    summary: "Approves a device: it registers when it asks again",
    body: body(
      options({ labels, seenBy }),
      { labels: wrongLabels, seenBy: wrongSeenBy },
      "Only labels and seenBy are known here.",
    ),
    answers: { 204: "Approved" },
    problems: ["unknown-device", "storage-failed"],
  },
  reject: {
    method: "POST",
    path: "/api/v1/pending/{id}/reject",
    access: "change",
    summary: "Rejects a device: it is refused when it asks again",
    answers: { 204: "Rejected" },
    problems: ["unknown-device", "storage-failed"],
  },
  judgeMany: {
    method: "POST",
    path: "/api/v1/pending/bulk",
    access: "change",
    summary: "Approves or rejects many devices that wait",
    details:
      `Those that \`select\` means among those that wait, all with \`id=*\`, or up to ${namedMax} of \`devices\`. Nothing is done ` +
      `unless they are \`expected\` in number. Each ${namedMax} are one transaction.`,
    body: body(
      objectWith(
        { action: word("approve", "reject"), expected },
        {
          ...meant(namedMax, selectorCharsMax),
          labels: about(labels, "with `approve`: what they get when they register"),
          seenBy,
        },
      ),
      {
        ...wrongMeant,
        action: "action must be approve or reject.",
        labels: wrongLabels,
        seenBy: wrongSeenBy,
      },
      "Only action, select, devices, labels, seenBy and expected are known here.",
      bulkBytesMax,
    ),
    answers: { 200: bulkResult },
    problems: ["count-changed", "storage-failed"],
  },
  joinTokens: {
    method: "GET",
    path: "/api/v1/join-tokens",
    access: "read",
    summary: "The join tokens; not the tokens themselves, which the server does not know",
    answers: { 200: object({ tokens: listOf(token) }) },
    problems: ["storage-failed"],
  },
  addJoinToken: {
    method: "POST",
    path: "/api/v1/join-tokens",
    access: "change",
    summary: "Makes a join token, which only this answer has",
    body: body(
      options({
        uses: about(text, "how many devices, or `unlimited`; default `1`"),
        for: about(text, "as `90m`, `24h`, `30d`, or `never`; default `24h`"),
        ids: about(text, "the ids that it is for, as `th-*|pi1`; default all"),
        labels,
        approve: about(flag, "whether its devices wait for approval; default `false`"),
        text: about(flag, "whether it may come in text; default `false`"),
        note: text,
      }),
      {
        uses: "uses must be a text.",
        for: "for must be a text.",
        ids: "ids must be a text.",
        labels: wrongLabels,
        approve: `approve ${wrongFlag}`,
        text: `text ${wrongFlag}`,
        note: "note must be a text.",
      },
      "Only uses, for, ids, labels, approve, text and note are known here.",
    ),
    answers: { 201: object({ number: count, token: text }) },
    problems: ["no-room", "storage-failed"],
  },
  revokeJoinToken: {
    method: "DELETE",
    path: "/api/v1/join-tokens/{number}",
    access: "change",
    summary: "Revokes a join token; devices that it has registered stay",
    answers: { 204: "Revoked" },
    problems: ["unknown-token", "storage-failed"],
  },
  joinWindow: {
    method: "GET",
    path: "/api/v1/join-window",
    access: "read",
    summary: "The time in which all devices may register",
    answers: { 200: window },
    problems: ["storage-failed"],
  },
  setJoinWindow: {
    method: "PUT",
    path: "/api/v1/join-window",
    access: "change",
    summary: "Opens it for some seconds, or closes it",
    body: body(
      options({
        seconds: about(count, "1 to 2592000; 0 closes it, as does none"),
        labels,
      }),
      { seconds: "seconds must be a whole number.", labels: wrongLabels },
      "Only seconds and labels are known here.",
    ),
    answers: { 200: window },
    problems: ["storage-failed"],
  },
} as const satisfies Readonly<Record<string, Endpoint>>;
