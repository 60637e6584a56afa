// Owns the HTTP routes of devices: the list, one device, its sessions, deregistering it, and asking it a question.
// Never reads the database itself: everything comes from the ports and the roster.

import { isId } from "../protocol/fields.ts";
import type { WebPorts } from "./ports.ts";
import type { DeviceRow } from "../server/rows.ts";
import { encodeCursor, timeText, timeTextOrNull } from "./parameters.ts";
import { Problem } from "./problem.ts";
import { presenceFields, reportOf, unknown } from "./shapes.ts";
import { readJson } from "./request-body.ts";
import { presenceFilters, type Roster, type RosterEntry, type RosterPlace } from "./roster.ts";
import { type Call, json, type Route } from "./router.ts";
import { Slice } from "./slice.ts";

const listMax = 1_000;
const sorts = ["id", "-id", "lastSeen", "-lastSeen"] as const;
const devicePath = "/api/v1/devices/{id}";

/** The routes of devices. */
export function deviceRoutes(ports: WebPorts, roster: Roster): Route[] {
  return [
    {
      method: "GET",
      path: "/api/v1/devices",
      query: ["q", "presence", "sort", "limit", "cursor"],
      access: "read",
      answer: (call) => list(ports, roster, call),
    },
    {
      method: "GET",
      path: devicePath,
      query: [],
      access: "read",
      answer: async ({ names }) => {
        await roster.load();
        const { entry, facts } = known(ports, roster, names["id"]);
        return json(deviceOf(ports, roster, entry, facts, ports.reports.latest(entry.id)));
      },
    },
    {
      method: "DELETE",
      path: devicePath,
      query: [],
      access: "change",
      answer: ({ names }) => remove(ports, names["id"] ?? ""),
    },
    {
      method: "GET",
      path: `${devicePath}/sessions`,
      query: ["limit", "cursor"],
      access: "read",
      answer: (call) => sessions(ports, call),
    },
    {
      method: "GET",
      path: `${devicePath}/questions`,
      query: ["limit", "cursor"],
      access: "read",
      answer: (call) => questions(ports, call),
    },
    {
      method: "POST",
      path: `${devicePath}/query`,
      query: [],
      access: "change",
      answer: (call) => query(ports, call),
    },
  ];
}

async function list(ports: WebPorts, roster: Roster, { parameters }: Call): Promise<Response> {
  const sort = parameters.choice("sort", sorts, "id");
  const page = await roster.page({
    contains: parameters.text("q", 64).toLowerCase(),
    presence: parameters.choice("presence", presenceFilters, null),
    key: sort.endsWith("id") ? "id" : "lastSeen",
    descending: sort.startsWith("-"),
    limit: parameters.integer("limit", 1, listMax, 100),
    after: parameters.cursor(placeOf),
  });
  const devices: unknown[] = [];
  const slice = new Slice();
  for (const entry of page.entries) {
    await slice.breathe();
    const facts = ports.devices.facts(entry.id);
    if (facts === null) continue;
    const last = ports.presence.get(entry.id)?.lastReport ?? 0;
    const report = last > 0 ? ports.reports.at(last) : null;
    devices.push(deviceOf(ports, roster, entry, facts, report));
  }
  const next = page.next === null ? null : encodeCursor(page.next);
  return json({ devices, total: page.total, next });
}

function deviceOf(
  ports: WebPorts,
  roster: Roster,
  entry: RosterEntry,
  facts: DeviceRow,
  report: Parameters<typeof reportOf>[0] | null,
) {
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

function sessions(ports: WebPorts, { names, parameters }: Call): Response {
  const id = names["id"] ?? "";
  if (ports.devices.facts(id) === null) throw unknown(id);
  const limit = parameters.integer("limit", 1, listMax, 50);
  const rows = ports.devices.sessions(id, beforeOf(parameters), limit + 1);
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
  return json({ sessions: page, next });
}

function questions(ports: WebPorts, { names, parameters }: Call): Response {
  const id = names["id"] ?? "";
  if (ports.devices.facts(id) === null) throw unknown(id);
  const limit = parameters.integer("limit", 1, listMax, 50);
  const rows = ports.devices.questions(id, beforeOf(parameters), limit + 1);
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
  return json({ questions: page, next });
}

/** The number that the cursor names: the page has only lower ones. */
function beforeOf(parameters: Call["parameters"]): number {
  const before = parameters.cursor((value) =>
    Number.isSafeInteger(value) ? (value as number) : null,
  );
  return before ?? Number.MAX_SAFE_INTEGER;
}

async function remove(ports: WebPorts, id: string): Promise<Response> {
  if (!isId(id)) throw unknown(id);
  let removed: boolean;
  try {
    removed = await ports.operator.remove(id);
  } catch (error) {
    throw new Problem("storage-failed", error instanceof Error ? error.message : String(error));
  }
  if (!removed) throw unknown(id);
  return new Response(null, { status: 204 });
}

async function query(ports: WebPorts, { names, request }: Call): Promise<Response> {
  const id = names["id"] ?? "";
  if (!isId(id)) throw unknown(id);
  const { code = "01", target = id, ...rest } = await readJson(request);
  if (typeof code !== "string" || !/^\d\d$/.test(code))
    throw new Problem("bad-body", "code must be two digits.");
  if (typeof target !== "string" || !isId(target))
    throw new Problem("bad-body", "target must be 1 to 64 of A-Z a-z 0-9 . _ : -");
  if (Object.keys(rest).length > 0)
    throw new Problem("bad-body", "Only code and target are known here.");
  // The dashboard logs in with a cookie, programs send the token.
  const by = request.headers.has("authorization") ? "api" : "dashboard";
  const result = await ports.operator.ask(id, code, target, by);
  switch (result.kind) {
    case "answer":
      return json({ code: result.code, time: result.time, message: result.message });
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

function known(ports: WebPorts, roster: Roster, id = "") {
  const entry = roster.get(id);
  const facts = entry === undefined ? null : ports.devices.facts(id);
  if (entry === undefined || facts === null) throw unknown(id);
  return { entry, facts };
}

function placeOf(value: unknown): RosterPlace | null {
  const { id, lastSeen } = (value ?? {}) as Partial<RosterPlace>;
  return typeof id === "string" && typeof lastSeen === "number" ? { id, lastSeen } : null;
}
