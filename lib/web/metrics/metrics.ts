// Owns the metrics: their names, units and help texts, and which are a node's own. Never uses a device as a label, so that
// their number is bounded.

import type { BridgeState } from "../../server/bridge-state.ts";
import { counterFamilies, counters } from "../../server/counters.ts";
import { Exposition } from "./exposition.ts";
import type { Gauges, WebPorts } from "../ports.ts";
import type { Roster } from "../../fleet/roster.ts";
import type { LiveCount } from "../server-status.ts";

/** The answer to `GET /metrics`. */
export function metrics(ports: WebPorts, roster: Roster, live: LiveCount): Response {
  const page = new Exposition(ports.node);
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
  addCommands(page, ports, gauges);
  addAlerts(page, ports);
  addBridge(page, ports.bridge());
  page.commonGauge("iot_database_bytes", "Size of the database's files.", [
    [{ file: "main" }, gauges.size.bytes],
    [{ file: "wal" }, gauges.size.logBytes],
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

function addCommands(page: Exposition, { openCommands }: WebPorts, gauges: Gauges): void {
  page.commonGauge("iot_commands_open", "Commands that are open, of all devices.", [
    [{}, openCommands.size],
  ]);
  page.histogram(
    "iot_command_seconds",
    "Time from the queueing of a command to the answer of its device, which may have slept.",
    gauges.commandTimes,
  );
}

function addAlerts(page: Exposition, { alerts }: WebPorts): void {
  const { leads, firing, waiting, dropped, refused } = alerts.status();
  // The server that leads tells of all.
  if (!leads) return;
  const counts = firing.map(({ rule, severity, count }) => [{ rule, severity }, count] as const);
  page.gauge("iot_alerts", "Alerts that fire, by rule.", counts);
  page.gauge("iot_alert_messages_waiting", "Messages that wait for delivery.", [[{}, waiting]]);
  page.counter("iot_alert_messages_lost_total", "Messages that were not delivered, by why.", [
    [{ why: "dropped" }, dropped],
    [{ why: "refused" }, refused],
  ]);
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
  addCounters(page, gauges);
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

function addCounters(page: Exposition, gauges: Gauges): void {
  for (const [family, help] of Object.entries(counterFamilies)) {
    const own = counters.filter(([, facts]) => facts.family === family);
    const samples: [labels: Readonly<Record<string, string>>, value: number][] = own.map(
      ([name, { labels }]) => [labels ?? {}, gauges.counters[name]],
    );
    if (family === "iot_drops_total") {
      samples.push([{ reason: "inbox_full" }, gauges.packetsShed]);
      samples.push([{ reason: "send_failed" }, gauges.sendsDropped]);
    }
    page.counter(family, help, samples);
  }
}

function addPresence(page: Exposition, roster: Roster, gauges: Gauges): void {
  const { registered, online, offline, never } = roster.counts;
  page.commonGauge("iot_devices", "Registered devices.", [[{}, registered]]);
  page.commonGauge("iot_devices_by_presence", "Registered devices, by presence.", [
    [{ presence: "online" }, online],
    [{ presence: "offline" }, offline],
    [{ presence: "never" }, never],
  ]);
  const { sessions, sealedSessions: sealed } = gauges;
  page.gauge("iot_sessions", "Open sessions, by transport.", [
    [{ transport: "text" }, sessions - sealed],
    [{ transport: "sealed" }, sealed],
  ]);
  page.gauge("iot_contested_ids", "Ids that two devices use in turn.", [
    [{}, gauges.contestedIds.length],
  ]);
}

function addBridge(page: Exposition, bridge: BridgeState | null): void {
  if (bridge === null) return;
  const { state, published, dropped } = bridge;
  page.gauge("iot_mqtt_connected", "Whether the MQTT broker is connected.", [
    [{}, state === "connected" ? 1 : 0],
  ]);
  page.counter("iot_mqtt_published_total", "What was published to the MQTT broker.", [
    [{}, published],
  ]);
  page.counter("iot_mqtt_dropped_total", "What was to be published there and was not.", [
    [{}, dropped],
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
