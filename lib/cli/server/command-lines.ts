// Formats commands for people and programs: lines of a table, JSON, sentences. Never decides in which state a command is.

import { stateOf, toldCommand } from "../../server/commands/command-rows.ts";
import type { CommandRow } from "../../server/rows.ts";
import type { Column } from "./columns.ts";
import { stamp } from "./presence.ts";
import { printable } from "./printable.ts";

/** The columns of the list. */
export const commandColumns: readonly Column[] = [
  { heading: "NUMBER", widest: 16 },
  { heading: "DEVICE", widest: 40 },
  { heading: "QUEUED", widest: 20 },
  { heading: "STATE", widest: 9 },
  { heading: "EXPIRES", widest: 20 },
  { heading: "MESSAGE", widest: 40 },
  { heading: "RESULT", widest: Number.POSITIVE_INFINITY },
];

/** A command as a row of the list. */
export function commandCells(row: CommandRow): string[] {
  const { number, device, created, expires, message, ended } = row;
  return [
    String(number),
    printable(device),
    stamp(created),
    stateOf(row),
    ended === null ? stamp(expires) : "-",
    printable(message),
    resultOf(row),
  ];
}

/** A command as one line of JSON. */
export function commandJson(row: CommandRow): string {
  return JSON.stringify(toldCommand(row));
}

/** How a command ended, in a sentence: `42 done by pi1: relay on`. */
export function outcomeWords(row: CommandRow): string {
  const { number, device } = row;
  const result = resultOf(row);
  const state = stateOf(row);
  const who = state === "done" || state === "failed" ? "by" : "for";
  return `${number} ${state} ${who} ${printable(device)}${result === "" ? "" : `: ${result}`}`;
}

function resultOf({ code, result, late }: CommandRow): string {
  const known = code === null || code === "01" || code === "15" ? "" : `${code} `;
  return `${known}${printable(result ?? "")}${late ? " (late)" : ""}`.trim();
}
