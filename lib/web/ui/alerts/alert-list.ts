// The alerts that are open, and those that were: what, since when, and whether it was told. Changes nothing.

import type { AlertJson } from "../../api/alert-shapes.ts";
import { DataTable } from "../parts/data-table.ts";
import { type Child, element, setText } from "../parts/element.ts";
import { icon } from "../parts/icons.ts";
import { momentElement } from "../moments.ts";
import { deviceHash } from "../places.ts";

const columns = [
  { name: "state", words: "State" },
  { name: "device", words: "Device" },
  { name: "rule", words: "Rule" },
  { name: "figure value", words: "Value" },
  { name: "since", words: "Since" },
  { name: "told", words: "Told" },
];
const endedColumns = columns.map((column) =>
  column.name === "since" ? { name: "since", words: "Lasted" } : column,
);
const stateWords = { pending: "Pending", firing: "Firing", resolved: "Over" } as const;

export class AlertList {
  readonly #open = new DataTable("Open alerts", columns);
  readonly #ended = new DataTable("Alerts that are over", endedColumns);
  readonly #calm = element(
    "p",
    { class: "calm" },
    icon("check"),
    element("span", {}, "Nothing is wrong, as far as the rules tell."),
  );
  readonly #noRules = element("p", { class: "muted" }, "There is no rule yet.");
  readonly #none = element("p", { class: "muted" }, "None so far.");
  readonly #count = element("span", { class: "muted" });
  readonly view = element(
    "section",
    { class: "card alerts-open", "aria-labelledby": "open-title" },
    element(
      "div",
      { class: "card-head" },
      element("h2", { id: "open-title" }, "Open alerts"),
      this.#count,
    ),
    this.#calm,
    this.#noRules,
    this.#open.view,
  );
  readonly history = element(
    "section",
    { class: "card alerts-ended", "aria-labelledby": "ended-title" },
    element("h2", { id: "ended-title" }, "History"),
    this.#none,
    this.#ended.view,
  );

  show(open: readonly AlertJson[], ended: readonly AlertJson[], hasRules: boolean): void {
    const firing = open.filter(({ state }) => state === "firing").length;
    setText(
      this.#count,
      open.length === 0 ? "" : `${firing} firing, ${open.length - firing} pending`,
    );
    this.#calm.hidden = open.length > 0 || !hasRules;
    this.#noRules.hidden = open.length > 0 || hasRules;
    this.#open.view.hidden = open.length === 0;
    const first = open.toSorted(
      (a, b) => Number(b.state === "firing") - Number(a.state === "firing"),
    );
    this.#open.fill(first.map((alert) => rowOf(alert, momentElement(alert.since))));
    this.#none.hidden = ended.length > 0;
    this.#ended.view.hidden = ended.length === 0;
    this.#ended.fill(ended.map((alert) => rowOf(alert, lasted(alert))));
  }
}

/** The rows of a table of alerts. */
function rowOf(alert: AlertJson, since: Child): readonly Child[] {
  const { state, device, rule, value, notices, notified } = alert;
  const told =
    notices === 0 ? element("span", { class: "muted" }, "not told") : momentElement(notified);
  return [
    element("span", { class: "alert-state", "data-state": state }, stateWords[state]),
    element("a", { href: deviceHash(device), title: device }, device),
    element("span", { title: rule }, rule),
    value,
    since,
    told,
  ];
}

function lasted({ since, resolved }: AlertJson): Child {
  const from = momentElement(since, "ago");
  if (resolved === null) return from;
  const minutes = Math.max(0, Date.parse(resolved) - Date.parse(since)) / 60_000;
  const words =
    minutes < 1
      ? "under 1 min"
      : minutes < 120
        ? `${Math.round(minutes)} min`
        : `${Math.round(minutes / 60)} h`;
  return element("span", { title: `${since} to ${resolved}` }, words);
}
