// Owns the metrics: their names, units and help texts. Never uses a device as a label, so that their number is bounded.

import { Exposition } from "./exposition.ts";
import type { Gauges, WebPorts } from "./ports.ts";
import type { Roster } from "./roster.ts";
import type { LiveCount } from "./status.ts";

/** The answer to `GET /metrics`. */
export function metrics(ports: WebPorts, roster: Roster, live: LiveCount): Response {
  const page = new Exposition();
  const gauges = ports.gauges();
  page.gauge("iot_build_info", "The version that runs; always 1.", [
    [{ version: ports.version }, 1],
  ]);
  page.gauge("iot_start_time_seconds", "When the server started, seconds since 1970.", [
    [{}, gauges.started / 1000],
  ]);
  addPackets(page, gauges);
  addPresence(page, roster, gauges);
  addQueues(page, gauges, live);
  page.gauge("iot_database_bytes", "Size of the database's files.", [
    [{ file: "main" }, gauges.databaseBytes],
    [{ file: "wal" }, gauges.walBytes],
  ]);
  page.gauge("iot_resident_memory_bytes", "Memory of the process.", [
    [{}, process.memoryUsage.rss()],
  ]);
  return new Response(page.toString(), {
    headers: {
      "content-type": "text/plain; version=0.0.4; charset=utf-8",
      "cache-control": "no-store",
    },
  });
}

function addPackets(page: Exposition, gauges: Gauges): void {
  page.counter(
    "iot_datagrams_total",
    "Datagrams from devices, by verb, transport and outcome.",
    gauges.traffic.map(({ verb, transport, outcome, count }) => [
      { verb, transport, outcome },
      count,
    ]),
  );
  page.counter("iot_datagrams_received_total", "Datagrams taken from the socket.", [
    [{}, gauges.datagrams],
  ]);
  page.counter("iot_replies_total", "Datagrams sent in reply.", [[{}, gauges.replies]]);
  page.counter("iot_drops_total", "Datagrams that were dropped, by reason.", [
    [{ reason: "inbox_full" }, gauges.packetsShed],
    [{ reason: "send_failed" }, gauges.sendsDropped],
    [{ reason: "reply_too_long_for_a_stranger" }, gauges.silenced],
  ]);
  page.counter("iot_reports_total", "Reports that came, by whether they were stored before.", [
    [{ repeated: "no" }, gauges.reports],
    [{ repeated: "yes" }, gauges.reportsRepeated],
  ]);
  page.counter("iot_commits_total", "Batches given to the store, by result.", [
    [{ result: "stored" }, gauges.batches],
    [{ result: "failed" }, gauges.batchesFailed],
  ]);
  page.histogram(
    "iot_commit_duration_seconds",
    "Time a batch took to reach the disk.",
    gauges.commitLatency,
  );
  page.histogram(
    "iot_request_duration_seconds",
    "Time from receipt to reply; each datagram counts with the oldest of its batch. Password checks come on top.",
    gauges.requestLatency,
  );
  page.counter("iot_argon2_total", "Passwords given to be hashed or checked with argon2.", [
    [{}, gauges.passwords],
  ]);
  page.counter("iot_log_lines_lost_total", "Log lines lost to a slow or full disk.", [
    [{}, gauges.logLinesLost],
  ]);
}

function addPresence(page: Exposition, roster: Roster, gauges: Gauges): void {
  const { registered, online, offline, never } = roster.counts;
  page.gauge("iot_devices", "Registered devices.", [[{}, registered]]);
  page.gauge("iot_devices_by_presence", "Registered devices, by presence.", [
    [{ presence: "online" }, online],
    [{ presence: "offline" }, offline],
    [{ presence: "never" }, never],
  ]);
  const sealed = gauges.sealedSessions;
  page.gauge("iot_sessions", "Open sessions, by transport.", [
    [{ transport: "text" }, Math.max(0, online - sealed)],
    [{ transport: "sealed" }, sealed],
  ]);
  page.gauge("iot_contested_ids", "Ids that two devices use in turn.", [
    [{}, gauges.contestedIds.length],
  ]);
}

function addQueues(page: Exposition, gauges: Gauges, live: LiveCount): void {
  const queue = (name: string) => ({ queue: name });
  page.gauge("iot_queue_length", "What waits now, by queue.", [
    [queue("packets"), gauges.packetsWaiting],
    [queue("argon2"), gauges.passwordsWaiting],
    [queue("asks"), gauges.asks],
    [queue("live_clients"), live.clients],
  ]);
  page.gauge("iot_queue_limit", "How much may wait, by queue.", [
    [queue("packets"), gauges.packetsWaitingMax],
    [queue("argon2"), gauges.passwordsWaitingMax],
    [queue("asks"), gauges.asksMax],
    [queue("live_clients"), live.clientsMax],
  ]);
}
