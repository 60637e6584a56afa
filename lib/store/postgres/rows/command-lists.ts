// Reads the commands for operators, and those that a server finds at its start. Never writes.

import { openCommandsMax } from "../../../server/commands/command-rows.ts";
import type { CommandRow, ServiceTime, StoredCommands } from "../../../server/rows.ts";
import type { CommandQuery } from "../../../server/store-reads.ts";
import { listing, readingService } from "../batch/command-statements.ts";
import type { Readers } from "../connection/readers.ts";
import { commandColumns, commandOf } from "./columns.ts";

const conditions = { open: "ended IS NULL", ended: "ended IS NOT NULL", all: "true" } as const;

/** Commands, newest first. */
export async function listCommands(
  readers: Pick<Readers, "read">,
  { device, state, before, limit }: CommandQuery,
): Promise<readonly CommandRow[]> {
  const rows = await readers.read(
    `SELECT ${commandColumns} FROM command
     WHERE ${conditions[state]} AND ${device === null ? "$1::text IS NULL" : "device = $1"}
       AND number < $2::float8::bigint ORDER BY command.number DESC LIMIT $3::int`,
    [device, Math.min(before, Number.MAX_SAFE_INTEGER), limit],
  );
  return rows.map(commandOf);
}

/** A command, or null. */
export async function readCommand(
  readers: Pick<Readers, "read">,
  number: number,
): Promise<CommandRow | null> {
  const [raw] = await readers.read(
    `SELECT ${commandColumns} FROM command WHERE number = $1::float8::bigint`,
    [number],
  );
  return raw === undefined ? null : commandOf(raw);
}

/** The open commands of all devices, and how long the database has been in service. */
export async function readOpenCommands(readers: Pick<Readers, "read">): Promise<StoredCommands> {
  const [service] = await readers.read(readingService[0]);
  const [text, values] = listing({ due: null, limit: openCommandsMax.all });
  const open = await readers.read(text, values);
  return { service: service as unknown as ServiceTime, open: open.map(commandOf) };
}
