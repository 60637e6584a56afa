// Gives devices commands, waits for a result, lists and cancels commands: through a port, a running server or the store. Never opens
// a socket or a store.

import type { CommandsAsked, Commanded } from "../../config/command-arguments.ts";
import { exitCode, type ExitCode, OperatingError } from "../../operating-error.ts";
import type { CancelResult, QueueResult } from "../../server/commands/commanding.ts";
import type { Ordered } from "../../server/commands/command-rules.ts";
import type { CommandRow, ListedDevice } from "../../server/rows.ts";
import { aligned } from "./columns.ts";
import { commandCells, commandColumns, commandJson, outcomeWords } from "./command-lines.ts";
import { questionAbout } from "./label-run.ts";
import { describeWaiting } from "./presence.ts";
import { printable } from "./printable.ts";

/** What it needs from its caller. */
export type CommandPort = {
  /** The devices that are meant. */
  devices(): Promise<readonly ListedDevice[]>;
  /** Whether a server runs. */
  readonly isServed: boolean;
  /** Queues and cancels: a result for each, in the same order. */
  readonly commands: {
    queue(all: readonly Ordered[]): Promise<readonly QueueResult[]>;
    cancel(numbers: readonly number[]): Promise<readonly CancelResult[]>;
    cancelAll(device: string): Promise<readonly CommandRow[] | null>;
  };
  command(number: number): Promise<CommandRow | null>;
  /** Asks a person; null: nobody is there to be asked. */
  readonly confirm: ((question: string) => Promise<boolean>) | null;
  pause(ms: number): Promise<void>;
  /** The wall clock, and the monotonic one, ms. */
  now(): number;
  monotonic(): number;
  write(line: string): void;
  onRefused(words: string): void;
};

/** How many devices one transaction has at most, and how often a result is looked for, ms. */
const groupSize = 500;
const lookEveryMs = 500;
/** How many commands are read at once. */
const pageSize = 500;

/**
 * Gives the devices that are meant a command.
 * @throws OperatingError `unknown-device`, `none-selected`, `not-confirmed`
 */
export async function giveCommand(
  asked: Commanded & { readonly waitMs: number; readonly yes: boolean; readonly json: boolean },
  port: CommandPort,
): Promise<ExitCode> {
  const devices = await port.devices();
  if (devices.length === 0) throw nobody(asked);
  const ids = devices.map(({ id }) => id);
  if (asked.select !== null && !asked.yes) await agree(ids, port);
  const queued: CommandRow[] = [];
  let refused = 0;
  for (let from = 0; from < devices.length; from += groupSize) {
    const group = devices.slice(from, from + groupSize);
    const results = await port.commands.queue(group.map(({ id }) => orderedOf(asked, id)));
    for (const [i, device] of group.entries()) {
      const result = results[i] ?? ({ kind: "storage-failed" } as const);
      if ("command" in result) queued.push(result.command);
      else refused++;
      tellQueued(device, result, asked, port);
    }
  }
  if (!asked.json && asked.select !== null)
    port.write(`${queued.length} queued, ${refused} refused.`);
  const left = asked.waitMs === 0 ? [] : await waitFor(queued, asked, port);
  if (left.length > 0) {
    port.onRefused(stillOpen(left));
    return exitCode.noAnswer;
  }
  const rows =
    asked.waitMs === 0 ? [] : await Promise.all(queued.map(({ number }) => port.command(number)));
  const isDone = refused === 0 && rows.every((row) => row?.end === "done");
  return isDone ? exitCode.done : exitCode.refused;
}

function orderedOf({ message, ttlMs }: Commanded, device: string): Ordered {
  return { device, message, ttlMs, origin: "cli", request: null };
}

function nobody({ id, select }: Commanded): OperatingError {
  return select === null
    ? new OperatingError(
        "unknown-device",
        `No device ${id} is registered.`,
        "See iot-server devices.",
      )
    : new OperatingError(
        "none-selected",
        `No device is meant by --select '${select.text}'.`,
        "See iot-server devices --json for the labels that there are.",
      );
}

async function agree(ids: readonly string[], { confirm }: CommandPort): Promise<void> {
  const question = questionAbout(ids);
  if (confirm !== null && (await confirm(question))) return;
  throw new OperatingError(
    "not-confirmed",
    confirm === null ? question.slice(0, question.indexOf(" Go on?")) : "Nothing was queued.",
    confirm === null ? "To go on without being asked, add --yes." : "Answer y to go on.",
  );
}

function tellQueued(
  device: ListedDevice,
  result: QueueResult,
  { json, select }: { readonly json: boolean; readonly select: unknown },
  port: CommandPort,
): void {
  const { id, session } = device;
  if ("command" in result) {
    if (json) return port.write(commandJson(result.command));
    if (select !== null) return;
    const presence = describeWaiting(session, port.isServed, port.now());
    return port.write(`${result.command.number} queued for ${printable(id)}, ${presence}`);
  }
  if (json) port.write(JSON.stringify({ device: id, error: result.kind }));
  else port.onRefused(`${printable(id)}: ${refusals[result.kind] ?? ""}`);
}

const refusals: Readonly<Record<string, string>> = {
  "unknown-device": "is not registered; see iot-server devices",
  "queue-full": "too many commands are open; see iot-server commands",
  "storage-failed": "nothing was queued; the server's error.log says why",
};

/** Waits until all have ended, and prints each that has; returns those that have not. */
async function waitFor(
  queued: readonly CommandRow[],
  { waitMs, json }: { readonly waitMs: number; readonly json: boolean },
  port: CommandPort,
): Promise<readonly CommandRow[]> {
  const until = port.monotonic() + waitMs;
  let open = queued;
  for (;;) {
    const still: CommandRow[] = [];
    for (const row of open) {
      const now = await port.command(row.number);
      if (now === null || now.ended === null) still.push(row);
      else port.write(json ? commandJson(now) : outcomeWords(now));
    }
    open = still;
    if (open.length === 0 || port.monotonic() >= until) return open;
    await port.pause(Math.min(lookEveryMs, until - port.monotonic()));
  }
}

/** What has no result after the time of --wait. */
function stillOpen(left: readonly CommandRow[]): string {
  const [one] = left;
  if (left.length > 1 || one === undefined)
    return `${left.length} have no result yet and stay queued; iot-server commands lists them`;
  const { number, device } = one;
  return `${number} has no result yet and stays queued; see iot-server commands ${printable(device)}`;
}

/** Prints commands, newest first. */
export async function listCommands(
  {
    json,
    all,
    device,
  }: { readonly json: boolean; readonly all: boolean; readonly device: string | null },
  read: (before: number, limit: number) => Promise<readonly CommandRow[]>,
  write: (line: string) => void,
): Promise<ExitCode> {
  const rows = pages(read);
  let count = 0;
  const lines = json ? each(rows, commandJson) : aligned(commandColumns, each(rows, commandCells));
  for await (const line of lines) {
    write(line);
    count++;
  }
  if (count > 0 || json) return exitCode.done;
  const of = device === null ? "" : ` of ${printable(device)}`;
  write(all ? `No commands${of}.` : `No open commands${of}; --all has those that have ended.`);
  return exitCode.done;
}

async function* pages(
  read: (before: number, limit: number) => Promise<readonly CommandRow[]>,
): AsyncGenerator<CommandRow> {
  for (let before: number | undefined = Number.MAX_SAFE_INTEGER; before !== undefined;) {
    const page: readonly CommandRow[] = await read(before, pageSize);
    yield* page;
    before = page.at(-1)?.number;
  }
}

async function* each<To>(
  rows: AsyncIterable<CommandRow>,
  to: (row: CommandRow) => To,
): AsyncGenerator<To> {
  for await (const row of rows) yield to(row);
}

/** Cancels commands. */
export async function cancelCommands(
  asked: Exclude<CommandsAsked, { what: "list" }> & { readonly json: boolean },
  { commands, write, onRefused }: Pick<CommandPort, "commands" | "write" | "onRefused">,
): Promise<ExitCode> {
  const { json } = asked;
  if (asked.what === "cancel-all") {
    const cancelled = await commands.cancelAll(asked.id);
    if (cancelled === null) {
      onRefused(refusals["storage-failed"] ?? "");
      return exitCode.refused;
    }
    for (const row of cancelled) write(json ? commandJson(row) : outcomeWords(row));
    if (!json && cancelled.length === 0) write(`No open commands of ${printable(asked.id)}.`);
    return exitCode.done;
  }
  const results = await commands.cancel(asked.numbers);
  let isDone = true;
  for (const [i, number] of asked.numbers.entries()) {
    const result = results[i] ?? ({ kind: "storage-failed" } as const);
    if (result.kind !== "cancelled") isDone = false;
    if (json)
      write(
        "command" in result
          ? commandJson(result.command)
          : JSON.stringify({ number, error: result.kind }),
      );
    else if (result.kind === "cancelled") write(outcomeWords(result.command));
    else if (result.kind === "already-ended")
      onRefused(`had ended: ${outcomeWords(result.command)}`);
    else
      onRefused(
        `${number}: ${result.kind === "unknown-command" ? "there is no such command" : (refusals[result.kind] ?? "")}`,
      );
  }
  return isDone ? exitCode.done : exitCode.refused;
}
