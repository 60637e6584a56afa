// The rules of commands (protocol §4.14): what is queued, how a command ends, what becomes of it when a device registers. Pure
// functions over the rows.

import { result } from "../../protocol/commands.ts";
import { comparableMac } from "../../protocol/fields.ts";
import type { CommandEnd, CommandOrigin, CommandRow, CommandTouch } from "../rows.ts";
import type { CommandKey, Decision, Rule, Write } from "../store-port.ts";
import { openCommandsMax } from "./command-rows.ts";

/** How long a command is kept for its device, ms. */
export const commandTtl = { usual: 86_400_000, least: 1_000, most: 30 * 86_400_000 } as const;

/** Whether a text can be the request of a command: what repeats it is known by it, so it is plain enough for every store. */
export function isRequest(text: string): boolean {
  return /^[\x21-\x7e]{1,128}$/.test(text);
}

/** A command to queue. */
export type Ordered = {
  readonly device: string;
  /** `commandFault` finds nothing wrong with it. */
  readonly message: string;
  readonly ttlMs: number;
  readonly origin: CommandOrigin;
  /** As `NewCommand.request`. */
  readonly request: string | null;
};

/** What became of it. `repeated`: it was queued before, under the same request. */
export type Queued =
  | { readonly kind: "queued" | "repeated"; readonly command: CommandRow }
  | { readonly kind: "unknown-device" | "queue-full" };

/**
 * The rule that queues a command; the number of its result is that of the command.
 * @param service the time of service, ms
 * @param at ms since 1970
 */
export function queueing(ordered: Ordered, service: number, at: number): Rule<Queued> {
  const { device: id, message, ttlMs, origin, request } = ordered;
  const key = request === null ? {} : { command: { device: id, request } };
  return {
    kind: "rule",
    keys: { device: id, withCommands: true, withService: true, ...key },
    decide: ({ device, commands, command: before, service: noted }) => {
      if (device === null) return { outcome: { kind: "unknown-device" }, writes: [] };
      if (before !== null) return { outcome: { kind: "repeated", command: before }, writes: [] };
      const open = noted?.open ?? 0;
      if (commands.length >= openCommandsMax.device || open >= openCommandsMax.all) {
        return { outcome: { kind: "queue-full" }, writes: [] };
      }
      const due = Math.max(service, noted?.ms ?? 0) + ttlMs;
      const times = { created: at, expires: at + ttlMs, due };
      const macKey = comparableMac(device.mac);
      const command = { device: id, macKey, message, origin, request, ...times };
      return {
        outcome: { kind: "queued", command: newRow(command) },
        writes: [{ kind: "add-command", command }],
      };
    },
  };
}

/** What became of a command, with the number that the store gave it. */
export function numbered(queued: Queued, number: number): Queued {
  if (queued.kind !== "queued") return queued;
  return { kind: "queued", command: { ...queued.command, number } };
}

/** The row of a command that is queued now; its number is that of the result. */
function newRow(command: Omit<CommandRow, keyof typeof unsent | "number">): CommandRow {
  return { ...command, ...unsent, number: 0 };
}

const unsent = {
  sendings: 0,
  sent: null,
  delivered: null,
  ended: null,
  end: null,
  code: null,
  result: null,
  late: false,
} as const;

/** How a command ends that has no result. */
export type Ending = {
  readonly end: CommandEnd;
  readonly at: number;
  /** Why, for people and programs; null if the end says it. */
  readonly why: string | null;
  /** What memory knows of the command, which its row may lack; null for nothing. */
  readonly known?: CommandTouch | null;
};

function ended(row: CommandRow, { end, at, why, known = null }: Ending): CommandRow {
  return { ...row, ...known, end, ended: at, code: null, result: why };
}

function endWrites({ number }: CommandRow, { end, at, why, known = null }: Ending): Write[] {
  const write = { kind: "end-command", number, end, at, code: null, result: why } as const;
  return known === null ? [write] : [{ kind: "touch-commands", touches: [known] }, write];
}

/** The rule that finds a command, whatever its device. */
export function findingCommand(number: number): Rule<CommandRow | null> {
  const keys = { command: { number } };
  return { kind: "rule", keys, decide: ({ command }) => ({ outcome: command, writes: [] }) };
}

/**
 * The rule that ends a command of a device if it is open.
 * @param dueBy only if it is due by then, a time of service in ms; null: whatever the time
 * @returns the row as it is then; null if there is none, or it is open and not due
 */
export function ending(
  device: string,
  number: number,
  how: Ending,
  dueBy: number | null = null,
): Rule<{ readonly row: CommandRow; readonly isNow: boolean } | null> {
  return {
    kind: "rule",
    keys: { device, command: { number } },
    decide: ({ command: row }) => {
      if (row === null || row.device !== device) return { outcome: null, writes: [] };
      if (row.ended !== null) return { outcome: { row, isNow: false }, writes: [] };
      if (dueBy !== null && row.due > dueBy) return { outcome: null, writes: [] };
      return { outcome: { row: ended(row, how), isNow: true }, writes: endWrites(row, how) };
    },
  };
}

/** The rule that ends all open commands of a device. Its outcome: those that it ended. */
export function endingAll(device: string, how: Ending): Rule<readonly CommandRow[]> {
  return {
    kind: "rule",
    keys: { device, withCommands: true },
    decide: ({ commands }) => ({
      outcome: commands.map((row) => ended(row, how)),
      writes: commands.flatMap((row) => endWrites(row, how)),
    }),
  };
}

/**
 * What becomes of the open commands of an id when a device registers under it: they stay with the MAC that they were for.
 * @param open those that the id has
 * @param at ms since 1970
 */
export function commandsFor(
  mac: string,
  open: readonly CommandRow[],
  at: number,
): { readonly cancelled: readonly CommandRow[]; readonly writes: readonly Write[] } {
  const macKey = comparableMac(mac);
  const how = { end: "cancelled", at, why: "another-device" } as const;
  const others = open.filter((row) => row.macKey !== macKey);
  return {
    cancelled: others.map((row) => ended(row, how)),
    writes: others.flatMap((row) => endWrites(row, how)),
  };
}

/** The open commands that are due, and how many are open. */
export type Swept = { readonly due: readonly CommandKeyed[]; readonly open: number };
type CommandKeyed = Pick<CommandRow, "number" | "device">;

/**
 * The rule that notes the time of service and finds commands that are due; the number of its result is the time that is noted
 * then, ms, 0 without any open command.
 */
export function sweeping(service: number, at: number, limit: number): Rule<Swept> {
  return {
    kind: "rule",
    keys: { openCommands: { due: service, limit }, withService: true },
    decide: ({ openCommands, service: noted }) => {
      const open = noted?.open ?? 0;
      const due = openCommands.map(({ number, device }) => ({ number, device }));
      const note: Write = { kind: "note-service", ms: service, wall: at };
      return { outcome: { due, open }, writes: open === 0 ? [] : [note] };
    },
  };
}

/** A DATA whose time is the number of a command. */
export type Resulting = {
  readonly device: string;
  readonly number: number;
  /** The session that it belongs to: only while that is open, and this node's, it counts. */
  readonly session: number;
  readonly node: string;
  readonly code: string;
  readonly message: string;
  /** ms since 1970. */
  readonly at: number;
  /** As `Ending.known`. */
  readonly known: CommandTouch | null;
};

/** What it is. `report`: of no command of this device. */
export type Resulted =
  | { readonly kind: "ended" | "late" | "repeated"; readonly row: CommandRow }
  | { readonly kind: "report" | "no-session" };

/** The rule of a DATA whose time is the number of a command. */
export function resulting(of: Resulting): Rule<Resulted> {
  const key: CommandKey = { number: of.number };
  return {
    kind: "rule",
    keys: { device: of.device, withSession: true, command: key },
    decide: ({ device, session, command: row }) => {
      const isOpen = session?.session === of.session && session.ended === null;
      if (!isOpen || session.node !== of.node)
        return { outcome: { kind: "no-session" }, writes: [] };
      const isOwn =
        row?.device === of.device && device !== null && row.macKey === comparableMac(device.mac);
      return isOwn ? decideResult(of, row) : { outcome: { kind: "report" }, writes: [] };
    },
  };
}

function decideResult(of: Resulting, row: CommandRow): Decision<Resulted> {
  const { number, code, message, at, known } = of;
  const said = { code, result: message };
  if (row.ended === null) {
    const end = code === result.done ? "done" : "failed";
    const { sendings, sent, delivered } = known ?? row;
    // An answer says that the device has it, too.
    const touch = { number, sendings, sent, delivered: delivered ?? at };
    return {
      outcome: { kind: "ended", row: { ...row, ...touch, ...said, end, ended: at } },
      writes: [
        { kind: "touch-commands", touches: [touch] },
        { kind: "end-command", number, end, at, ...said },
      ],
    };
  }
  if (row.code !== null) return { outcome: { kind: "repeated", row }, writes: [] };
  const outcome = { kind: "late", row: { ...row, ...said, late: true } } as const;
  return { outcome, writes: [{ kind: "keep-late-result", number, ...said }] };
}
