// Owns the handlers of devices: one device, its sessions, deregistering it, and asking it a question.
// Never reads the database itself: everything comes from the ports and the roster.

import { isId } from "../../protocol/fields.ts";
import type { AlertMarks } from "../live/alert-marks.ts";
import { availabilityOfDevice } from "../devices/availability-reading.ts";
import { DeviceListing, deviceOf } from "../devices/device-listing.ts";
import type { ExportSlots } from "../exports/export-slots.ts";
import { DeviceReading } from "../devices/device-reading.ts";
import { type RouteAnswer, type CallOf, type Handlers, HttpReply } from "../handlers.ts";
import { encodeCursor, timeText, timeTextOrNull } from "../parameters.ts";
import type { WebPorts } from "../ports.ts";
import { Problem } from "../problem.ts";
import { isOf } from "../../fleet/presence-of.ts";
import type { Roster } from "../../fleet/roster.ts";
import { askerOf, unknown } from "../devices/device-values.ts";

type Names =
  "devices" | "device" | "availability" | "removeDevice" | "sessions" | "questions" | "ask";

/** The handlers of devices. */
export function deviceHandlers(
  ports: WebPorts,
  roster: Roster,
  marks: AlertMarks,
  exports: ExportSlots,
): Pick<Handlers, Names> {
  const listing = new DeviceListing(ports, roster, marks, exports);
  return {
    devices: (call) => listing.answer(call.parameters()),
    device: ({ names }) => device(ports, roster, marks, names.id),
    availability: async ({ names: { id } }) => {
      const facts = await ports.devices.facts(id);
      if (facts === null) throw unknown(id);
      return availabilityOfDevice(ports.devices, facts, ports.now());
    },
    removeDevice: ({ names }) => remove(ports, names.id),
    sessions: (call) => sessions(ports, call),
    questions: (call) => questions(ports, call),
    ask: (call) => ask(ports, roster, call),
  };
}

async function device(
  ports: WebPorts,
  roster: Roster,
  marks: AlertMarks,
  id: string,
): Promise<RouteAnswer<"device">> {
  await Promise.all([roster.load(), ports.openCommands.load()]);
  await marks.renew();
  const entry = roster.get(id);
  if (entry === undefined) throw unknown(id);
  const read = new DeviceReading(ports);
  await read.take([entry]);
  await read.renew();
  const facts = read.facts.get(id);
  // It may have been deregistered meanwhile, and even registered again, as another one.
  if (facts === undefined || !roster.has(entry)) throw unknown(id);
  return {
    ...deviceOf(ports, roster, entry, facts, read),
    alerts: marks.of(id),
    availability: null,
  };
}

async function sessions(
  ports: WebPorts,
  call: CallOf<"sessions">,
): Promise<RouteAnswer<"sessions">> {
  const { id } = call.names;
  if ((await ports.devices.facts(id)) === null) throw unknown(id);
  const { limit, cursor } = call.parameters();
  const rows = await ports.devices.sessions(id, cursor ?? Number.MAX_SAFE_INTEGER, limit + 1);
  const page = rows.slice(0, limit).map((row) => {
    // The row of an open session is updated with a delay; the session in memory is current.
    const current = row.ended === null ? ports.presence.get(id) : undefined;
    // The device may have logged in again since the row was read.
    const live = current?.row === row.session ? current : undefined;
    return {
      session: row.session,
      started: timeText(row.started),
      ended: timeTextOrNull(row.ended),
      lastSeen: timeText(live?.lastSeen ?? row.lastSeen),
      reason: row.reason,
      ip: live?.source.ip ?? row.source.ip,
      port: live?.source.port ?? row.source.port,
      node: row.node || null,
    };
  });
  const last = page.at(-1);
  const next = rows.length > limit && last !== undefined ? encodeCursor(last.session) : null;
  return { sessions: page, next };
}

async function questions(
  ports: WebPorts,
  call: CallOf<"questions">,
): Promise<RouteAnswer<"questions">> {
  const { id } = call.names;
  if ((await ports.devices.facts(id)) === null) throw unknown(id);
  const { limit, cursor } = call.parameters();
  const rows = await ports.devices.questions(id, cursor ?? Number.MAX_SAFE_INTEGER, limit + 1);
  const page = rows.slice(0, limit).map((row) => ({
    question: row.number,
    code: row.code,
    target: row.target,
    by: row.by,
    asked: timeText(row.asked),
    answered: timeTextOrNull(row.answer?.received ?? null),
    answer:
      row.answer === null
        ? null
        : { code: row.answer.code, time: row.answer.time, message: row.answer.message },
  }));
  const last = page.at(-1);
  const next = rows.length > limit && last !== undefined ? encodeCursor(last.question) : null;
  return { questions: page, next };
}

async function remove(ports: WebPorts, id: string): Promise<RouteAnswer<"removeDevice">> {
  if (!isId(id)) throw unknown(id);
  let removed: boolean;
  try {
    removed = await ports.operator.remove(id);
  } catch (error) {
    throw new Problem("storage-failed", error instanceof Error ? error.message : String(error));
  }
  if (!removed) throw unknown(id);
  return new HttpReply(204, null);
}

async function ask(
  ports: WebPorts,
  roster: Roster,
  call: CallOf<"ask">,
): Promise<RouteAnswer<"ask">> {
  const { id } = call.names;
  if (!isId(id)) throw unknown(id);
  const { code = "01", target = id } = await call.body();
  const by = askerOf(call.request);
  const result = await ports.operator.ask(id, code, target, by);
  const entry = roster.get(id);
  const isElsewhere =
    entry !== undefined && isOf("online", entry) && ports.presence.get(id) === undefined;
  switch (result.kind) {
    case "answer":
      return { code: result.code, time: result.time, message: result.message };
    case "unknown":
      throw unknown(id);
    case "not-logged-in":
      throw new Problem(
        "not-logged-in",
        isElsewhere ? nobodyHears : "The device is not logged in.",
      );
    case "no-answer":
      throw new Problem("no-answer", "The device was asked and did not answer.");
    case "busy":
      throw new Problem("busy", isElsewhere ? notReached : "Too many questions are under way.", {
        "retry-after": "2",
      });
  }
}

const nobodyHears =
  "No server hears the device: the one that did is gone. It can be asked when it has reached another.";
const notReached =
  "Another server hears the device and cannot be asked now: too many questions are under way, or the servers do not hear each other.";
