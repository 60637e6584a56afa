// Owns the status of the server: rates of the last second, latencies of the last minute, and warnings for the operator.
// Never changes a counter.

import { bridgeWords } from "../server/bridge-state.ts";
import { shownCounters } from "../server/counters.ts";
import type { Spread, StatusJson } from "./api/server-shapes.ts";
import type { NodeRow } from "../server/nodes.ts";
import { LastKnown } from "./devices/last-known.ts";
import { NodeList, type Others, othersOf } from "./node-list.ts";
import { timeText } from "./parameters.ts";
import type { Gauges, HistogramReading, WebPorts } from "./ports.ts";
import type { Roster } from "../fleet/roster.ts";

const sampleMs = 1_000;
const latencySampleMs = 10_000;
const latencySamples = 6;

/** `at` is by the monotonic clock, ms. */
type Sample = { readonly at: number; readonly gauges: Gauges };
type Latencies = { readonly commit: HistogramReading; readonly request: HistogramReading };

export type LiveCount = { readonly clients: number; readonly clientsMax: number };

export class ServerStatus {
  #before: Sample;
  #last: Sample;
  readonly #latencies: Latencies[] = [];
  #latencyAt: number;
  #dropsAt = Number.NEGATIVE_INFINITY;
  readonly #timer: ReturnType<typeof setInterval>;
  /** The servers of the store. */
  readonly nodes: NodeList;
  readonly #nodes: LastKnown<readonly NodeRow[]>;
  readonly #reports: LastKnown<number>;
  readonly #firing: LastKnown<number>;

  constructor(
    private readonly ports: WebPorts,
    private readonly roster: Roster,
    private readonly live: LiveCount,
    private readonly overHttp: boolean,
  ) {
    this.nodes = new NodeList(ports);
    const isLost = () => ports.loss() !== null;
    this.#nodes = new LastKnown([], () => this.nodes.read(), isLost);
    this.#reports = new LastKnown(0, () => ports.reports.count(), isLost);
    this.#firing = new LastKnown(0, () => ports.alerts.firing(), isLost);
    this.#last = { at: ports.uptimeMs(), gauges: ports.gauges() };
    this.#before = this.#last;
    this.#latencyAt = this.#last.at;
    this.#latencies.push(latenciesOf(this.#last.gauges));
    this.#timer = setInterval(() => this.sample(), sampleMs);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Takes a sample of the counters; called once a second. */
  sample(): void {
    this.#before = this.#last;
    this.#last = { at: this.ports.uptimeMs(), gauges: this.ports.gauges() };
    const { at, gauges } = this.#last;
    if (dropsOf(gauges) > dropsOf(this.#before.gauges)) this.#dropsAt = at;
    if (at - this.#latencyAt < latencySampleMs) return;
    this.#latencyAt = at;
    this.#latencies.push(latenciesOf(gauges));
    if (this.#latencies.length > latencySamples) this.#latencies.shift();
  }

  /** The JSON form of the status. */
  async read(): Promise<StatusJson> {
    const { ports, live } = this;
    // First, so that all else is of one moment.
    const [reports, nodes, firing] = await Promise.all([
      this.#reports.read(),
      this.#nodes.read(),
      this.#firing.read(),
    ]);
    const others = othersOf(nodes, ports.node);
    const rates = this.#rates();
    const gauges = ports.gauges();
    const bridge = ports.bridge();
    const uptimeMs = ports.uptimeMs();
    const oldest = this.#latencies[0] as Latencies;
    return {
      version: ports.version,
      node: ports.node,
      time: timeText(ports.now()),
      started: timeText(gauges.started),
      uptimeSeconds: Math.round(uptimeMs / 1000),
      devices: this.roster.counts,
      rates,
      fleet: {
        nodes: 1 + others.count,
        datagramsPerSecond: tenth(rates.datagramsPerSecond + others.received),
        reportsPerSecond: tenth(rates.reportsPerSecond + others.reports),
      },
      latency: {
        commit: spread(oldest.commit, gauges.commitLatency),
        request: spread(oldest.request, gauges.requestLatency),
      },
      queues: {
        packets: gauges.packetsWaiting,
        packetsMax: gauges.packetsWaitingMax,
        passwords: gauges.passwordsWaiting,
        passwordsMax: gauges.passwordsWaitingMax,
        asks: gauges.asks,
        asksMax: gauges.asksMax,
        liveClients: live.clients,
        liveClientsMax: live.clientsMax,
      },
      totals: {
        ...shownCounters("total", (name) => gauges.counters[name]),
        dropped: dropsOf(gauges),
      },
      database: {
        bytes: gauges.size.bytes,
        walBytes: gauges.size.logBytes,
        reports,
      },
      memoryBytes: process.memoryUsage.rss(),
      alerts: { firing },
      mqtt: bridge === null ? "" : bridgeWords(bridge),
      warnings: this.#warnings(gauges, uptimeMs, others),
    };
  }

  #rates(): StatusJson["rates"] {
    const { at, gauges: last } = this.#last;
    const { at: since, gauges: first } = this.#before;
    const seconds = (at - since) / 1000;
    // The first sample has none before it.
    const rate = (later: number, earlier: number) =>
      seconds <= 0 ? 0 : tenth((later - earlier) / seconds);
    return {
      ...shownCounters("rate", (name) => rate(last.counters[name], first.counters[name])),
      dropsPerSecond: rate(dropsOf(last), dropsOf(first)),
    };
  }

  #warnings(gauges: Gauges, uptimeMs: number, atOthers: Others): StatusJson["warnings"] {
    const warnings: StatusJson["warnings"][number][] = [];
    const warn = (code: string, text: string, count: number) => {
      if (count > 0) warnings.push({ code, text, count });
    };
    const { online } = this.roster.counts;
    // Of the others it is known as of their last sign of life.
    const text = Math.min(online, gauges.sessions - gauges.sealedSessions + atOthers.text);
    warn("text-devices", `${text} of ${online} online devices speak unencrypted text`, text);
    const loss = this.ports.loss();
    const why = loss?.kind === "unsure" ? loss.why : `Nothing can be stored: ${loss?.why}`;
    warn(`store-${loss?.kind}`, why, loss === null ? 0 : 1);
    const drops = uptimeMs - this.#dropsAt <= 60_000 ? dropsOf(gauges) : 0;
    warn("drops", `Datagrams were dropped in the last minute; ${drops} since the start`, drops);
    const failed = gauges.counters.batchesFailed;
    warn("storage-failed", `${failed} batches could not be stored since the start`, failed);
    const damage = this.ports.damage();
    const damaged = `The database is damaged (${damage}): see iot-server check, and restore a backup`;
    warn("database-damaged", damaged, damage === null ? 0 : 1);
    if (gauges.size.logGrows !== null) warn("log-grows", capital(gauges.size.logGrows), 1);
    const [contested = "", ...others] = gauges.contestedIds;
    const more = others.length === 0 ? "" : ` and ${others.length} more`;
    const twice = `Two devices seem to use the id ${contested}${more} in turn: give each an id of its own`;
    warn("ids-contested", twice, gauges.contestedIds.length);
    const { failing } = this.ports.alerts.status();
    const untold = `Alerts do not arrive at ${failing.join(", ")}: error.log says why, and the page Alerts tries it`;
    warn("alert-refused", untold, failing.length);
    const hold = this.ports.retentionHold();
    if (hold !== null) warn("retention-waits", `${hold.message} ${hold.nextStep}`, 1);
    const bridge = this.ports.bridge();
    const isLost = bridge?.state === "down" || bridge?.state === "refused";
    if (bridge !== null && isLost) {
      const code = bridge.state === "refused" ? "mqtt-refused" : "mqtt-down";
      warn(code, `The MQTT bridge is ${bridgeWords(bridge)}`, 1);
    }
    const lost = gauges.logLinesLost;
    warn("log-lines-lost", `${lost} log lines were lost to a slow or full disk`, lost);
    const bare =
      "The dashboard is served without TLS beyond this machine: use ssh -L or a TLS proxy";
    warn("login-over-http", bare, this.overHttp ? 1 : 0);
    return warnings;
  }
}

function tenth(rate: number): number {
  return Math.round(rate * 10) / 10;
}

function capital(words: string): string {
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

function dropsOf(gauges: Gauges): number {
  return gauges.packetsShed + gauges.sendsDropped;
}

function latenciesOf({ commitLatency, requestLatency }: Gauges): Latencies {
  return { commit: copy(commitLatency), request: copy(requestLatency) };
}

function copy({ bounds, counts, sum }: HistogramReading): HistogramReading {
  return { bounds, counts: counts.slice(), sum };
}

/** Quantiles of the values between two readings of a histogram, in ms: the upper bounds of their buckets. */
function spread(before: HistogramReading, after: HistogramReading): Spread {
  const counts = after.counts.map((count, i) => count - (before.counts[i] ?? 0));
  const total = counts.reduce((sum, count) => sum + count, 0);
  const at = (share: number) => {
    let seen = 0;
    for (const [i, count] of counts.entries()) {
      seen += count;
      if (count > 0 && seen >= total * share) return boundMs(after, i);
    }
    return 0;
  };
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** The upper bound of a bucket in ms; twice the last bound for the bucket above all bounds. */
function boundMs({ bounds }: HistogramReading, i: number): number {
  const seconds = bounds[i] ?? (bounds.at(-1) ?? 0) * 2;
  return Math.round(seconds * 1e6) / 1e3;
}
