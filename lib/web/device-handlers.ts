// Owns the handlers of devices: the list, one device, its sessions, deregistering it, and asking it a question.
// Never reads the database itself: everything comes from the ports and the roster.

import { isId } from "../protocol/fields.ts";
import type { DeviceRow, ReportRow } from "../server/rows.ts";
import type { Device } from "./api/shapes.ts";
import { type Answer, type CallOf, type Handlers, Reply } from "./handlers.ts";
import { encodeCursor, timeText, timeTextOrNull } from "./parameters.ts";
import type { WebPorts } from "./ports.ts";
import { Problem } from "./problem.ts";
import type { Roster, RosterEntry } from "./roster.ts";
import { presenceFields, reportOf, unknown } from "./device-values.ts";
import { Slice } from "./slice.ts";

/** How many devices of a page are read at once: about 1 ms. */
const devicesPerRead = 100;

type Names = "devices" | "device" | "removeDevice" | "sessions" | "questions" | "ask";

/** The handlers of devices. */
export function deviceHandlers(ports: WebPorts, roster: Roster): Pick<Handlers, Names> {
  return {
    devices: (call) => list(ports, roster, call),
    device: async ({ names }) => {
      await roster.load();
      const { entry, facts } = known(ports, roster, names.id);
      return deviceOf(ports, roster, entry, facts, ports.reports.latest(entry.id));
    },
    removeDevice: ({ names }) => remove(ports, names.id),
    sessions: (call) => sessions(ports, call),
    questions: (call) => questions(ports, call),
    ask: (call) => ask(ports, call),
  };
}

async function list(
  ports: WebPorts,
  roster: Roster,
  call: CallOf<"devices">,
): Promise<Answer<"devices">> {
  const { sort, q, presence, limit, cursor } = call.parameters();
  const page = await roster.page({
    contains: q.toLowerCase(),
    presence,
    key: sort.endsWith("id") ? "id" : "lastSeen",
    descending: sort.startsWith("-"),
    limit,
    after: cursor,
  });
  const devices: Device[] = [];
  const slice = new Slice();
  for (let begin = 0; begin < page.entries.length; begin += devicesPerRead) {
    const entries = page.entries.slice(begin, begin + devicesPerRead);
    const ids = entries.map(({ id }) => id);
    const facts = ports.devices.factsOf(ids);
    const reports = lastReportsOf(ports, ids);
    for (const [i, entry] of entries.entries()) {
      const own = facts[i] ?? null;
      if (own === null) continue;
      devices.push(deviceOf(ports, roster, entry, own, reports.get(entry.id) ?? null));
    }
    await slice.breathe();
  }
  const next = page.next === null ? null : encodeCursor(page.next);
  return { devices, total: page.total, next };
}

/** The last report of each of some devices that is logged in, by its id. */
function lastReportsOf({ presence, reports }: WebPorts, ids: readonly string[]) {
  const last = ids.map((id) => presence.get(id)?.lastReport ?? 0).filter((number) => number > 0);
  const found = reports.reportsAt(last).filter((report) => report !== null);
  return new Map(found.map((report) => [report.device, report]));
}

function deviceOf(
  ports: WebPorts,
  roster: Roster,
  entry: RosterEntry,
  facts: DeviceRow,
  report: ReportRow | null,
): Device {
  const { id, mac, ip, port, registered, repeats } = facts;
  const live = entry.ended === null ? ports.presence.get(id) : undefined;
  return {
    id,
    mac,
    ip,
    port,
    registered: timeText(registered),
    ...presenceFields(roster, entry),
    transport: live === undefined ? null : live.sealed ? "sealed" : "text",
    everySeconds: live?.everySeconds ?? null,
    source: live === undefined ? null : { ip: live.source.ip, port: live.source.port },
    lastReport: report === null ? null : reportOf(report),
    repeats,
  };
}

function sessions(ports: WebPorts, call: CallOf<"sessions">): Answer<"sessions"> {
  const { id } = call.names;
  if (ports.devices.facts(id) === null) throw unknown(id);
  const { limit, cursor } = call.parameters();
  const rows = ports.devices.sessions(id, cursor ?? Number.MAX_SAFE_INTEGER, limit + 1);
  const page = rows.slice(0, limit).map((row) => {
    // The row of an open session is updated with a delay; the session in memory is current.
    const live = row.ended === null ? ports.presence.get(id) : undefined;
    return {
      session: row.session,
      started: timeText(row.started),
      ended: timeTextOrNull(row.ended),
      lastSeen: timeText(live?.lastSeen ?? row.lastSeen),
      reason: row.reason,
      ip: live?.source.ip ?? row.source.ip,
      port: live?.source.port ?? row.source.port,
    };
  });
  const last = page.at(-1);
  const next = rows.length > limit && last !== undefined ? encodeCursor(last.session) : null;
  return { sessions: page, next };
}

function questions(ports: WebPorts, call: CallOf<"questions">): Answer<"questions"> {
  const { id } = call.names;
  if (ports.devices.facts(id) === null) throw unknown(id);
  const { limit, cursor } = call.parameters();
  const rows = ports.devices.questions(id, cursor ?? Number.MAX_SAFE_INTEGER, limit + 1);
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

async function remove(ports: WebPorts, id: string): Promise<Answer<"removeDevice">> {
  if (!isId(id)) throw unknown(id);
  let removed: boolean;
  try {
    removed = await ports.operator.remove(id);
  } catch (error) {
    throw new Problem("storage-failed", error instanceof Error ? error.message : String(error));
  }
  if (!removed) throw unknown(id);
  return new Reply(204, null);
}

async function ask(ports: WebPorts, call: CallOf<"ask">): Promise<Answer<"ask">> {
  const { id } = call.names;
  if (!isId(id)) throw unknown(id);
  const { code = "01", target = id } = await call.body();
  // The dashboard logs in with a cookie, programs send the token.
  const by = call.request.headers.has("authorization") ? "api" : "dashboard";
  const result = await ports.operator.ask(id, code, target, by);
  switch (result.kind) {
    case "answer":
      return { code: result.code, time: result.time, message: result.message };
    case "unknown":
      throw unknown(id);
    case "not-logged-in":
      throw new Problem("not-logged-in", "The device is not logged in.");
    case "no-answer":
      throw new Problem("no-answer", "The device was asked and did not answer.");
    case "busy":
      throw new Problem("busy", "Too many questions are under way.", { "retry-after": "2" });
  }
}

function known(ports: WebPorts, roster: Roster, id: string) {
  const entry = roster.get(id);
  const facts = entry === undefined ? null : ports.devices.facts(id);
  if (entry === undefined || facts === null) throw unknown(id);
  return { entry, facts };
}
