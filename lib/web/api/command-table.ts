// The part of the table of the HTTP interface that is about commands: all that is to be told of each route, once.
// Never answers a request.

import { bulkCommand, bulkQueued } from "./bulk-shapes.ts";
import * as shapes from "./command-shapes.ts";
import { bulkBytesMax, meantMax, wrongMeant } from "./device-table.ts";
import type { Endpoint } from "./endpoint.ts";
import { body, choice, cursor, integer, textForm } from "./forms.ts";
import { objectWith } from "./schema.ts";
import { commandStates, namedMax, selectorCharsMax } from "./words.ts";

const given = objectWith({ message: shapes.message }, { ttl: shapes.ttl });

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
    answers: { 200: shapes.command, 202: shapes.command },
    problems: ["bad-message", "bad-ttl", "queue-full", "storage-failed"],
  },
  giveCommands: {
    method: "POST",
    path: "/api/v1/commands",
    access: "change",
    summary: "Queues a command for many devices",
    details:
      `Those that \`select\` means, at most ${meantMax}, or up to ${namedMax} of \`devices\`. Nothing is queued unless they are ` +
      `\`expected\` in number. Each ${namedMax} are one transaction. With \`Idempotency-Key\` it is queued once for each device.`,
    body: body(
      bulkCommand(namedMax, selectorCharsMax),
      { ...wrong, ...wrongMeant },
      "Only message, ttl, select, devices and expected are known here.",
      bulkBytesMax,
    ),
    answers: { 202: bulkQueued },
    problems: ["bad-message", "bad-ttl", "count-changed"],
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
    answers: { 200: shapes.commandPage },
  },
  command: {
    method: "GET",
    path: "/api/v1/commands/{number}",
    access: "read",
    summary: "A command",
    details: "With `wait` the answer comes when the command has ended, or when that time is over.",
    mayTakeLong: true,
    query: { wait: textForm(16, "0s", "for how long its end is waited for, up to `60s`") },
    answers: { 200: shapes.command },
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
