// The sessions of a device, newest first: when each began, how long it lasted, and why it ended.

import type { SessionJson, SessionsJson } from "../../api/shapes.ts";
import { get, wordsOf } from "../api.ts";
import { DataTable } from "../parts/data-table.ts";
import { type Child, button, element } from "../parts/element.ts";
import { address, endWords, fullMoment, span } from "../parts/formats.ts";
import { momentElement } from "../moments.ts";
import { skeleton } from "../parts/skeleton.ts";

const perPage = 8;
const columns = [
  { name: "started", words: "Started" },
  { name: "lasted", words: "Lasted" },
  { name: "ending", words: "Ended" },
  { name: "from", words: "From" },
];

export class SessionList {
  readonly #table = new DataTable("Sessions", columns);
  readonly #place = element("div", {}, skeleton(3, "lines"));
  readonly #more = button(
    { class: "more", hidden: true, click: () => void this.#loadMore() },
    "Show more",
  );
  readonly view = element(
    "section",
    { class: "card sessions", "aria-labelledby": "sessions-title" },
    element("h2", { id: "sessions-title" }, "Sessions"),
    this.#place,
    this.#more,
  );
  #next: string | null = null;

  constructor(private readonly id: string) {}

  /** Loads the newest sessions. */
  async load(): Promise<void> {
    try {
      const page = await this.#page(null);
      const isEmpty = page.sessions.length === 0;
      this.#table.fill(page.sessions.map(rowOf));
      this.#place.replaceChildren(
        isEmpty ? element("p", { class: "empty muted" }, "Never logged in.") : this.#table.view,
      );
    } catch (error) {
      this.#place.replaceChildren(element("p", { class: "trouble" }, wordsOf(error)));
    }
  }

  async #loadMore(): Promise<void> {
    if (this.#next === null) return;
    const page = await this.#page(this.#next).catch(() => null);
    if (page !== null) this.#table.add(page.sessions.map(rowOf));
  }

  async #page(cursor: string | null): Promise<SessionsJson> {
    const page = await get("/devices/{id}/sessions", { id: this.id, limit: perPage, cursor });
    this.#next = page.next;
    this.#more.hidden = page.next === null;
    return page;
  }
}

/** How long a session lasted; a dash if the server's clock was set back meanwhile. */
function lasted(ms: number): string {
  return ms < 0 ? "–" : span(ms);
}

function rowOf(session: SessionJson): readonly Child[] {
  const { started, ended, reason, node } = session;
  const at = node === null ? "" : `, at ${node}`;
  const from = Date.parse(started);
  const isOpen = ended === null;
  return [
    element("time", { datetime: started }, fullMoment(from)),
    isOpen ? momentElement(started, "span") : lasted(Date.parse(ended) - from),
    element(
      "span",
      { class: "ending" },
      element("span", {
        class: "mark",
        "data-kind": isOpen ? "online" : reason === "offline" ? "silent" : "offline",
      }),
      `${isOpen ? "Still open" : endWords(reason)}${at}`,
    ),
    element("span", { class: "mono" }, address(session)),
  ];
}
