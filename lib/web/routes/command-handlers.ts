// Owns the handlers of commands: queues, lists and cancels them, and waits for the end of one. Never stores or sends anything itself.

import type { Roster } from "../../fleet/roster.ts";
import { commandFault } from "../../protocol/commands.ts";
import { isId } from "../../protocol/fields.ts";
import { toldCommand } from "../../server/commands/command-rows.ts";
import { commandTtl, isRequest, type Ordered } from "../../server/commands/command-rules.ts";
import { typedDuration } from "../../server/duration-text.ts";
import type { CommandRow } from "../../server/rows.ts";
import type { CommandJson } from "../api/command-shapes.ts";
import { changeAll, meantBy } from "./bulk-handlers.ts";
import type { CommandWaits } from "./command-waits.ts";
import { askerOf, unknown } from "../devices/device-values.ts";
import { type CallOf, type Handlers, HttpReply, type RouteAnswer } from "../handlers.ts";
import { encodeCursor } from "../parameters.ts";
import type { WebPorts } from "../ports.ts";
import { Problem } from "../problem.ts";

type Names = "giveCommand" | "giveCommands" | "deviceCommands" | "command" | "cancelCommand";
type Ports = Pick<WebPorts, "commands" | "devices" | "openCommands">;

/** For how long the end of a command is waited for at most, ms. */
const waitMsMax = 60_000;

/** The handlers of commands. */
export function commandHandlers(
  ports: Ports,
  roster: Roster,
  waits: CommandWaits,
): Pick<Handlers, Names> {
  return {
    giveCommand: (call) => give(ports, call),
    giveCommands: (call) => giveMany(ports, roster, call),
    deviceCommands: (call) => list(ports, call),
    command: (call) => one(ports, waits, call),
    cancelCommand: (call) => cancel(ports, call),
  };
}

async function give(
  { commands }: Ports,
  call: CallOf<"giveCommand">,
): Promise<RouteAnswer<"giveCommand">> {
  const { id } = call.names;
  if (!isId(id)) throw unknown(id);
  const result = await commands.queue({ ...orderIn(call.request, await call.body()), device: id });
  switch (result.kind) {
    case "queued":
      return new HttpReply(202, toldCommand(result.command));
    case "repeated":
      return commandOf({ commands }, result.command);
    case "unknown-device":
      throw unknown(id);
    case "queue-full":
      throw new Problem("queue-full", "64 commands of the device are open, or 65536 in all.");
    case "storage-failed":
      throw new Problem("storage-failed", "Nothing was queued; error.log says why.");
  }
}

async function giveMany(
  { commands }: Ports,
  roster: Roster,
  call: CallOf<"giveCommands">,
): Promise<RouteAnswer<"giveCommands">> {
  const body = await call.body();
  const order = orderIn(call.request, body);
  const ids = await meantBy(roster, body);
  const { changed: queued, refused } = await changeAll(ids, body.expected, async (device) => {
    const { kind } = await commands.queue({ ...order, device });
    return kind === "queued" || kind === "repeated" ? true : kind;
  });
  return new HttpReply(202, { queued, refused });
}

/**
 * What a request orders, but for the device.
 * @throws Problem `bad-message`, `bad-ttl`, `bad-parameter`
 */
function orderIn(
  request: Request,
  { message, ttl = "24h" }: { readonly message: string; readonly ttl?: string },
): Omit<Ordered, "device"> {
  const fault = commandFault(message);
  if (fault !== null) throw new Problem("bad-message", `message ${fault}.`);
  const ttlMs = typedDuration(ttl);
  if (ttlMs === null || ttlMs < commandTtl.least || ttlMs > commandTtl.most) {
    throw new Problem("bad-ttl", "ttl must be a time from 1s to 30d, such as 2h.");
  }
  const key = request.headers.get("idempotency-key");
  if (key !== null && !isRequest(key)) {
    throw new Problem("bad-parameter", "Idempotency-Key must be 1 to 128 visible characters.");
  }
  return { message, ttlMs, origin: askerOf(request), request: key };
}

async function list(
  ports: Ports,
  call: CallOf<"deviceCommands">,
): Promise<RouteAnswer<"deviceCommands">> {
  const { id: device } = call.names;
  const { state, limit, cursor } = call.parameters();
  if ((await ports.devices.facts(device)) === null) throw unknown(device);
  const before = cursor ?? Number.MAX_SAFE_INTEGER;
  const rows = await ports.devices.commands({ device, state, before, limit: limit + 1 });
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const next = rows.length > limit && last !== undefined ? encodeCursor(last.number) : null;
  return { commands: page.map((row) => commandOf(ports, row)), next };
}

async function one(
  ports: Ports,
  waits: CommandWaits,
  call: CallOf<"command">,
): Promise<RouteAnswer<"command">> {
  const number = numberIn(call.names.number);
  const ms = typedDuration(call.parameters().wait);
  if (ms === null || ms > waitMsMax) {
    throw new Problem("bad-parameter", "wait must be a time up to 60s, such as 30s.");
  }
  if (ms === 0) return commandOf(ports, await read(ports, number));
  // Before that, an end at another server is not heard.
  await ports.openCommands.load();
  const wait = waits.begin(number, ms, call.request.signal);
  try {
    const row = await read(ports, number);
    if (row.ended !== null) return toldCommand(row);
    return commandOf(ports, (await wait.over) ?? (await read(ports, number)));
  } finally {
    wait.end();
  }
}

async function read({ devices }: Ports, number: number): Promise<CommandRow> {
  const row = number === 0 ? null : await devices.command(number);
  if (row === null) throw unknownCommand();
  return row;
}

async function cancel(
  { commands }: Ports,
  { names }: CallOf<"cancelCommand">,
): Promise<RouteAnswer<"cancelCommand">> {
  const number = numberIn(names.number);
  const result =
    number === 0 ? { kind: "unknown-command" as const } : await commands.cancel(number);
  switch (result.kind) {
    case "cancelled":
      return new HttpReply(204, null);
    case "unknown-command":
      throw unknownCommand();
    case "already-ended":
      throw new Problem("already-ended", `Command ${number} is ${result.command.end}.`);
    case "storage-failed":
      throw new Problem("storage-failed", "Nothing was changed; error.log says why.");
  }
}

/** The number in a path; 0, which no command has, if it is none. */
function numberIn(text: string): number {
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : 0;
}

function unknownCommand(): Problem {
  return new Problem("unknown-command", "There is no command with this number, or not any more.");
}

/** The JSON form of a command, of which memory may know more than its row. */
function commandOf({ commands }: Pick<Ports, "commands">, row: CommandRow): CommandJson {
  return toldCommand(row.ended === null ? commands.current(row) : row);
}
