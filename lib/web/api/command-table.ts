// The part of the table of the HTTP interface that is about commands, with their shapes: all that is to be told of each route, once.
// Never answers a request.

import type { Endpoint } from "./endpoint.ts";
import { body, choice, cursor, integer, textForm } from "./forms.ts";
import {
  about,
  count,
  type Infer,
  listOf,
  object,
  objectWith,
  orNull,
  text,
  time,
  word,
  yes,
} from "./schema.ts";
import { commandStates } from "./words.ts";

export const command = object({
  number: about(count, "increases; never used twice"),
  device: about(text, "an id, which may be gone"),
  message: text,
  state: about(
    word("queued", "sent", "delivered", "done", "failed", "expired", "cancelled"),
    "`queued`, `sent` and `delivered` are open: it was sent, the device said that it has it",
  ),
  origin: about(word("cli", "api", "dashboard", "mqtt", "alert"), "who queued it"),
  created: time,
  expires: about(time, "when it will probably be too late"),
  sent: about(orNull(time), "when it was last sent"),
  sendings: about(count, "how often it was sent"),
  delivered: about(orNull(time), "when the device said that it has it"),
  ended: about(orNull(time), "null while it is open"),
  code: about(orNull(text), "the code of the result: 01 done, 16 not understood, any other failed"),
  result: about(orNull(text), "what the device answered, or why it was cancelled"),
  late: about(yes, "whether the result came after the end"),
});
export type CommandJson = Infer<typeof command>;
export const commandPage = object({
  commands: listOf(command),
  next: about(orNull(text), "the `cursor` for the next page; null at the end"),
});
const message = about(text, "1 to 1024 bytes; no control characters but TAB and LF");
const ttl = about(text, "for how long it is kept, `1s` to `30d`; default `24h`");
const given = objectWith({ message }, { ttl });

const wrong = { message: "message must be a text.", ttl: "ttl must be a text." };

/** The routes of commands, by the names of their handlers. */
export const commandApi = {
  giveCommand: {
    method: "POST",
    path: "/api/v1/devices/{id}/commands",
    access: "change",
    summary: "Queues a command for a device, which may sleep",
    details:
      "It is on the disk when this is answered. With the header `Idempotency-Key`, 1 to 128 visible characters, it is queued " +
      "once: a repeat is answered with 200 and the command of the first time.",
    body: body(given, wrong, "Only message and ttl are known here."),
    answers: { 200: command, 202: command },
    problems: ["bad-message", "bad-ttl", "queue-full", "storage-failed"],
  },
  deviceCommands: {
    method: "GET",
    path: "/api/v1/devices/{id}/commands",
    access: "read",
    summary: "Its commands, newest first",
    details:
      "Those that have ended are kept for 30 days of the server's running, the latest 100,000 of all.",
    query: {
      state: choice(commandStates, "all"),
      limit: integer(1, 1_000, 50),
      cursor: cursor("number"),
    },
    answers: { 200: commandPage },
  },
  command: {
    method: "GET",
    path: "/api/v1/commands/{number}",
    access: "read",
    summary: "A command",
    details: "With `wait` the answer comes when the command has ended, or when that time is over.",
    mayTakeLong: true,
    query: { wait: textForm(16, "0s", "for how long its end is waited for, up to `60s`") },
    answers: { 200: command },
    problems: ["unknown-command", "busy"],
  },
  cancelCommand: {
    method: "DELETE",
    path: "/api/v1/commands/{number}",
    access: "change",
    summary: "Cancels a command that is open",
    details: "It is not sent again; the device may have it already.",
    answers: { 204: "Cancelled" },
    problems: ["unknown-command", "already-ended", "storage-failed"],
  },
} as const satisfies Record<string, Endpoint>;
