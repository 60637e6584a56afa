// The servers of the store, if there are several: which live, how busy each is, and all of them together.

import type { NodeJson } from "../../api/server-shapes.ts";
import { get } from "../api.ts";
import { DataTable } from "../parts/data-table.ts";
import { type Child, element, setText } from "../parts/element.ts";
import { ago, count, rate, roughly } from "../parts/formats.ts";
import { atMostEvery } from "../pace.ts";

/** A server gives a sign of life every two seconds. */
const renewMs = 2_000;
/** So many servers that are gone are listed at most. */
const goneMax = 20;
/** One that is gone for longer than this was taken away, and is no trouble, s. */
const troubleSeconds = 86_400;

const columns = [
  { name: "name", words: "Node" },
  { name: "life", words: "Last sign of life" },
  { name: "at", words: "Address" },
  { name: "version", words: "Version" },
  { name: "figure hears", words: "Sessions" },
  { name: "figure gets", words: "Datagrams / s" },
  { name: "figure stores", words: "Reports / s" },
];

export class NodesCard {
  readonly #table = new DataTable("Nodes", columns);
  readonly #more = element("p", { class: "muted small" });
  /** Hidden unless there are several. */
  readonly view = element(
    "section",
    { class: "card nodes", "aria-labelledby": "nodes-title", hidden: true },
    element("h2", { id: "nodes-title" }, "Nodes"),
    this.#table.view,
    this.#more,
  );
  /** Loads the list again, but not more often than it changes. */
  readonly renew = atMostEvery(renewMs, () => void this.#load());

  close(): void {
    this.renew.stop();
  }

  async #load(): Promise<void> {
    // If it cannot be loaded, the page says elsewhere that what is shown is old.
    const list = await get("/nodes", {}).catch(() => null);
    if (list !== null) this.#show(list.nodes);
  }

  #show(nodes: readonly NodeJson[]): void {
    this.view.hidden = nodes.length < 2;
    const living = nodes.filter(({ lives }) => lives);
    const gone = nodes.filter(({ lives }) => !lives);
    gone.sort((a, b) => a.silentSeconds - b.silentSeconds);
    const shown = [...living, ...gone.slice(0, goneMax)];
    const rows = shown.map(rowOf);
    if (living.length > 1) rows.push(sumOf(living));
    this.#table.fill(rows);
    const left = gone.length - goneMax;
    setText(this.#more, left > 0 ? `And ${count(left)} more that are gone for longer.` : "");
    this.#more.hidden = left <= 0;
  }
}

function rowOf(node: NodeJson): readonly Child[] {
  const { name, own, lives, address, version } = node;
  return [
    element("strong", {}, name, own && element("span", { class: "tag" }, "this one")),
    signOf(node),
    element("span", { class: "mono" }, address),
    version,
    ...(lives ? figuresOf(node) : ["–", "–", "–"]),
  ];
}

function signOf({ lives, silentSeconds }: NodeJson): HTMLElement {
  const isTrouble = !lives && silentSeconds < troubleSeconds;
  const kind = lives ? "online" : isTrouble ? "silent" : "offline";
  return element(
    "span",
    { class: "sign-of-life", "data-kind": kind },
    element("span", { class: "mark", "data-kind": kind }),
    lives ? ago(-silentSeconds * 1_000, 0) : `gone for ${roughly(silentSeconds * 1_000)}`,
  );
}

function sumOf(living: readonly NodeJson[]): readonly Child[] {
  const sum = (name: "sessions" | "datagramsPerSecond" | "reportsPerSecond") =>
    living.reduce((all, node) => all + node[name], 0);
  const sums = {
    sessions: sum("sessions"),
    datagramsPerSecond: sum("datagramsPerSecond"),
    reportsPerSecond: sum("reportsPerSecond"),
  };
  return [element("span", { class: "muted" }, "All that live"), "", "", "", ...figuresOf(sums)];
}

function figuresOf(
  node: Pick<NodeJson, "sessions" | "datagramsPerSecond" | "reportsPerSecond">,
): readonly Child[] {
  return [count(node.sessions), rate(node.datagramsPerSecond), rate(node.reportsPerSecond)];
}
