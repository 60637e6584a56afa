// One device: its facts, its numbers over time, its reports and sessions, and a question to it; live.

import { devicePath, get, Problem, wordsOf } from "./api.ts";
import { ChartCard } from "./chart-card.ts";
import { DeviceFacts } from "./device-facts.ts";
import { element, setText } from "./element.ts";
import { icon } from "./icons.ts";
import { atMostEvery } from "./pace.ts";
import type { House, Page } from "./page.ts";
import { QuestionCard } from "./question-card.ts";
import { ReportTable } from "./report-table.ts";
import { SessionTable } from "./session-table.ts";
import type { Device } from "./shapes.ts";

/** No device has a longer name, and the interface takes none. */
const idCharsMax = 64;

export class DevicePage implements Page {
  readonly title: string;
  readonly topics = ["devices", "reports", "seen", "status"] as const;
  readonly device: string;
  readonly view: HTMLElement;
  readonly #facts = new DeviceFacts();
  readonly #trouble = element("p", { class: "trouble", role: "status" });
  readonly #chart: ChartCard;
  readonly #reports: ReportTable;
  readonly #sessions: SessionTable;
  readonly #body: HTMLElement;
  readonly #renew = atMostEvery(1_000, () => void this.#load());
  readonly #renewFields = atMostEvery(10_000, () => void this.#chart.load());

  /** @param back the hash of the list it was opened from */
  constructor(house: House, id: string, back: string) {
    this.title = id;
    this.device = id.slice(0, idCharsMax);
    this.#reports = new ReportTable(id);
    this.#chart = new ChartCard(id, (range) => this.#reports.showRange(range));
    this.#sessions = new SessionTable(id);
    this.#reports.showRange(this.#chart.range);
    const question = new QuestionCard(house, id);
    this.#body = element(
      "div",
      { class: "device-body" },
      element("div", { class: "card" }, this.#facts.view),
      element(
        "div",
        { class: "columns" },
        element("div", { class: "column" }, this.#chart.view, this.#reports.view),
        element("div", { class: "column" }, question.view, this.#sessions.view),
      ),
    );
    this.view = element(
      "div",
      { class: "page device" },
      element(
        "div",
        { class: "title" },
        element(
          "a",
          {
            class: "button quiet square",
            href: back,
            "aria-label": "Back to the fleet",
            title: "Back to the fleet (Esc)",
          },
          icon("back"),
        ),
        element("div", {}, element("h1", {}, id), this.#facts.head),
      ),
      this.#trouble,
      this.#body,
    );
  }

  readonly receiver: Page["receiver"] = {
    hello: () => {
      if (this.title.length > idCharsMax) return this.#showGone();
      void this.#load();
      void this.#chart.load();
      void this.#reports.load();
      void this.#sessions.load();
    },
    devices: ({ removed }) => {
      if (removed.includes(this.device)) return this.#showGone();
      this.#renew();
      void this.#sessions.load();
    },
    reports: () => {
      this.#reports.renew();
      this.#chart.renew();
      this.#renewFields();
    },
    seen: ({ seen }) => {
      for (const [id, ms] of seen) if (id === this.device) this.#facts.showSeen(ms);
    },
  };

  close(): void {
    this.#renew.stop();
    this.#renewFields.stop();
    this.#chart.close();
    this.#reports.close();
  }

  async #load(): Promise<void> {
    try {
      const device = await get<Device>(devicePath(this.device));
      this.#facts.show(device);
      setText(this.#trouble, "");
    } catch (error) {
      if (error instanceof Problem && error.status === 404) this.#showGone();
      else setText(this.#trouble, wordsOf(error));
    }
  }

  #showGone(): void {
    this.#facts.head.hidden = true;
    this.#body.replaceChildren(
      element(
        "section",
        { class: "card empty", role: "status" },
        element("h2", {}, "No such device"),
        element(
          "p",
          { class: "muted" },
          "None of this name is registered. It may have been deregistered.",
        ),
        element("a", { class: "button", href: "#/" }, "To the fleet"),
      ),
    );
  }
}
