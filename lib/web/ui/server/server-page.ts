// The state of the server: warnings, rates, latencies, queues, memory and totals.

import type { Spread, StatusJson } from "../../api/server-shapes.ts";
import { get } from "../api.ts";
import { type Child, element, setAttribute, setText } from "../parts/element.ts";
import { bytes, count, latency, rate, span } from "../parts/formats.ts";
import { icon } from "../parts/icons.ts";
import { NodesCard } from "./nodes-card.ts";
import type { Page } from "../page.ts";
import { activityHash } from "../places.ts";
import { Sparkline } from "../parts/sparkline.ts";
import type { RateName, StatusHistory } from "../status-history.ts";

type QueueName = Exclude<keyof StatusJson["queues"], `${string}Max`>;

const rates: readonly { readonly name: RateName; readonly words: string }[] = [
  { name: "datagramsPerSecond", words: "Datagrams" },
  { name: "repliesPerSecond", words: "Replies" },
  { name: "reportsPerSecond", words: "Reports" },
  { name: "commitsPerSecond", words: "Disk commits" },
  { name: "dropsPerSecond", words: "Dropped" },
];
const queues: readonly { readonly name: QueueName; readonly words: string }[] = [
  { name: "packets", words: "Incoming packets" },
  { name: "passwords", words: "Password checks" },
  { name: "asks", words: "Queries in progress" },
  { name: "liveClients", words: "Open dashboards" },
];
/** The lines of `log` say which ones they were. */
const totals: readonly {
  readonly name: keyof StatusJson["totals"];
  readonly words: string;
  readonly log?: "error";
}[] = [
  { name: "datagrams", words: "Datagrams" },
  { name: "replies", words: "Replies" },
  { name: "reports", words: "Reports" },
  { name: "malformed", words: "Malformed", log: "error" },
  { name: "refused", words: "Refused", log: "error" },
  { name: "busy", words: "Answered “busy”" },
  { name: "silenced", words: "Not answered" },
  { name: "dropped", words: "Dropped" },
];

export class ServerPage implements Page {
  readonly title = "Server";
  readonly topics = ["status"] as const;
  readonly #warnings = element("div", { class: "warnings", role: "status" });
  readonly #nodes = new NodesCard();
  /** Of several servers, which one the rest is about. */
  readonly #scope = element("h2", { class: "scope", hidden: true });
  readonly #databaseWords = element("span", {}, "Database");
  readonly #rates = rates.map(({ name, words }) => {
    const number = element("span", { class: "number" }, "–");
    const spark = new Sparkline();
    const view = element(
      "div",
      { class: "tile rate", "data-rate": name },
      element("span", { class: "tile-name" }, `${words} / s`),
      number,
      spark.view,
    );
    return { name, number, spark, view };
  });
  readonly #latencies = (["request", "commit"] as const).map((name) => ({
    name,
    cells: (["p50", "p99", "max"] as const).map((key) => ({ key, view: element("td", {}, "–") })),
  }));
  readonly #queues = queues.map(({ name, words }) => {
    const meter = element("meter", { min: 0, max: 1, "aria-label": words });
    return { name, words, meter, text: element("span", { class: "figure-text" }, "–") };
  });
  readonly #totals = totals.map(({ name, words, log }) => {
    const number =
      log === undefined ? element("span") : element("a", { href: activityHash("", log) });
    setText(number, "–");
    return { name, words, number, view: element("dd", {}, number) };
  });
  readonly #facts = {
    version: element("dd", {}, "–"),
    uptime: element("dd", {}, "–"),
    memory: element("dd", {}, "–"),
    database: element("dd", {}, "–"),
    wal: element("dd", {}, "–"),
    reports: element("dd", {}, "–"),
    mqtt: element("dd", {}, "–"),
  };
  readonly view: HTMLElement;
  #warned = "-";

  constructor(private readonly statuses: StatusHistory) {
    this.view = element(
      "div",
      { class: "page server" },
      element("h1", { class: "unseen" }, "Server"),
      this.#warnings,
      this.#nodes.view,
      this.#scope,
      element(
        "section",
        {
          class: "tiles rates",
          "aria-label": "Rates of the last second, and of the last two minutes",
        },
        ...this.#rates.map(({ view }) => view),
      ),
      element("div", { class: "thirds" }, this.#latencyCard(), this.#queueCard(), this.#factCard()),
      card("Totals since this server started", "totals-title", list(this.#totals, "totals")),
    );
  }

  readonly receiver: Page["receiver"] = {
    hello: () => {
      // The first status event may take a second: fetch the status at once.
      void get("/status", {}).then(
        (status) => this.#show(status),
        () => {},
      );
    },
    status: (status) => this.#show(status),
  };

  onShown(): void {
    if (this.statuses.latest !== null) this.#show(this.statuses.latest);
  }

  close(): void {
    this.#nodes.close();
  }

  #show(status: StatusJson): void {
    this.#showWarnings(status);
    this.#showScope(status);
    for (const { name, number, spark } of this.#rates) {
      setText(number, rate(status.rates[name]));
      spark.draw(this.statuses.rates(name));
    }
    for (const { name, cells } of this.#latencies) {
      const spread: Spread = status.latency[name];
      for (const { key, view } of cells) setText(view, latency(spread[key]));
    }
    for (const { name, meter, text } of this.#queues) {
      const most = status.queues[`${name}Max`];
      meter.max = Math.max(1, most);
      meter.high = meter.max * 0.8;
      meter.optimum = 0;
      meter.value = status.queues[name];
      setText(text, `${count(status.queues[name])} of ${count(most)}`);
    }
    for (const { name, number } of this.#totals) setText(number, count(status.totals[name]));
    const { version, uptime, memory, database, wal, reports, mqtt } = this.#facts;
    setText(version, status.version);
    setText(uptime, span(status.uptimeSeconds * 1000));
    setText(memory, bytes(status.memoryBytes));
    setText(database, bytes(status.database.bytes));
    setText(wal, bytes(status.database.walBytes));
    setText(reports, count(status.database.reports));
    setText(mqtt, status.mqtt);
    mqtt.parentElement?.toggleAttribute("hidden", status.mqtt === "");
  }

  #showScope({ node, fleet }: StatusJson): void {
    const { nodes } = fleet;
    // One of a file is alone.
    if (node !== "") this.#nodes.renew();
    this.#scope.hidden = node === "";
    setText(this.#scope, `This node, ${node}`);
    setText(this.#databaseWords, nodes > 1 ? "Database of all nodes" : "Database");
    this.#facts.wal.parentElement?.toggleAttribute("hidden", node !== "");
  }

  #showWarnings({ warnings }: StatusJson): void {
    const warned = warnings.map(({ code, text }) => `${code} ${text}`).join("\n");
    if (warned === this.#warned) return;
    this.#warned = warned;
    setAttribute(this.#warnings, "data-calm", warnings.length === 0 ? "" : null);
    this.#warnings.replaceChildren(
      ...(warnings.length === 0
        ? [
            element(
              "p",
              {},
              element("span", { class: "mark", "data-kind": "online" }),
              "No warnings",
            ),
          ]
        : warnings.map(({ code, text }) =>
            element("p", { class: "warning", "data-code": code }, icon("warning"), text),
          )),
    );
  }

  #latencyCard(): HTMLElement {
    const words = { request: "Request", commit: "Commit" };
    return card(
      "Latency",
      "latency-title",
      element(
        "table",
        { class: "small-table", "aria-labelledby": "latency-title" },
        element(
          "thead",
          {},
          element(
            "tr",
            {},
            element("td"),
            ...["Median", "99 % within", "Slowest"].map((head) =>
              element("th", { scope: "col" }, head),
            ),
          ),
        ),
        element(
          "tbody",
          {},
          ...this.#latencies.map(({ name, cells }) =>
            element(
              "tr",
              {},
              element("th", { scope: "row" }, words[name]),
              ...cells.map(({ view }) => view),
            ),
          ),
        ),
      ),
      element(
        "p",
        { class: "muted small" },
        "Of the last minute. Request: from the arrival of a packet to its reply. Commit: one write to the disk.",
      ),
    );
  }

  #queueCard(): HTMLElement {
    return card(
      "Load and limits",
      "queues-title",
      element(
        "ul",
        { class: "queues" },
        ...this.#queues.map(({ words, meter, text }) =>
          element("li", {}, element("span", {}, words), text, meter),
        ),
      ),
    );
  }

  #factCard(): HTMLElement {
    const { version, uptime, memory, database, wal, reports, mqtt } = this.#facts;
    return card(
      "Server",
      "facts-title",
      list(
        [
          { words: "Version", view: version },
          { words: "Running for", view: uptime },
          { words: "Memory", view: memory },
          { words: this.#databaseWords, view: database },
          { words: "Write-ahead log", view: wal },
          { words: "Stored reports", view: reports },
          { words: "MQTT", view: mqtt },
        ],
        "pairs",
      ),
    );
  }
}

function card(title: string, id: string, ...children: readonly Node[]): HTMLElement {
  return element(
    "section",
    { class: "card", "aria-labelledby": id },
    element("h2", { id }, title),
    ...children,
  );
}

function list(
  entries: readonly { readonly words: Child; readonly view: HTMLElement }[],
  name: string,
): HTMLElement {
  return element(
    "dl",
    { class: name },
    ...entries.map(({ words, view }) => element("div", {}, element("dt", {}, words), view)),
  );
}
