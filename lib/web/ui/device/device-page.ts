// The page of one device, live: its name, labels, status and facts, a chart of its readings, its reports and sessions, and forms to
// ask it something and to give it commands.

import { get, Problem, wordsOf } from "../api.ts";
import { ChartCard } from "../chart/chart-card.ts";
import { DeviceAvailability } from "./device-availability.ts";
import { DeviceFactsCard } from "./device-facts-card.ts";
import { type Labels, nameOf } from "../labels/device-labels.ts";
import { DeviceName } from "./device-name.ts";
import { element, setText } from "../parts/element.ts";
import { loginStep } from "../fleet/first-steps.ts";
import { icon } from "../parts/icons.ts";
import { LabelEditor } from "../labels/label-editor.ts";
import { atMostEvery } from "../pace.ts";
import type { App, Page } from "../page.ts";
import { activityHash, type Place } from "../places.ts";
import { removalButton } from "./removal-button.ts";
import { DeviceAlerts } from "./device-alerts.ts";
import { CommandsCard } from "../commands/commands-card.ts";
import { QuestionCard } from "./question-card.ts";
import { ReportTable } from "./report-table.ts";
import { SessionList } from "./session-list.ts";

/** The longest id there is; the API refuses longer ones. */
const idCharsMax = 64;

export class DevicePage implements Page {
  readonly title: string;
  readonly topics = ["devices", "reports", "seen", "status", "commands"] as const;
  readonly device: string;
  readonly view: HTMLElement;
  readonly #name: DeviceName;
  readonly #labels: LabelEditor;
  readonly #facts = new DeviceFactsCard();
  readonly #trouble = element("p", { class: "trouble", role: "status" });
  readonly #chart: ChartCard;
  readonly #reports: ReportTable;
  readonly #sessions: SessionList;
  readonly #question: QuestionCard;
  readonly #commands: CommandsCard;
  readonly #alerts: DeviceAlerts;
  readonly #availability: DeviceAvailability;
  readonly #body: HTMLElement;
  readonly #activity: HTMLElement;
  readonly #columns = element("div", { class: "columns" });
  readonly #waiting = element("div", { class: "waiting-login" });
  #devicePort = 0;
  /** The labels that the units of its numbers come from; null before they are known. */
  #units: string | null = null;
  readonly #renew = atMostEvery(1_000, () => void this.#load());
  readonly #renewFields = atMostEvery(10_000, () => void this.#chart.load());

  /**
   * @param place its address, with what its chart shows
   * @param back the hash of the device list it was opened from
   */
  constructor(
    private readonly app: App,
    { id, parameters }: Place,
    back: string,
  ) {
    this.title = id;
    this.device = id.slice(0, idCharsMax);
    const onLabels = (labels: Labels) => this.#showLabels(labels);
    this.#name = new DeviceName(app, id, onLabels);
    this.#labels = new LabelEditor(app, id, onLabels);
    this.#reports = new ReportTable(id);
    this.#chart = new ChartCard(id, parameters, (range) => this.#reports.showRange(range));
    this.#sessions = new SessionList(id);
    this.#reports.showRange(this.#chart.range);
    this.#question = new QuestionCard(app, id);
    this.#commands = new CommandsCard(app, id);
    this.#alerts = new DeviceAlerts(id, (bounds) => this.#chart.showBounds(bounds));
    this.#availability = new DeviceAvailability(id);
    this.#activity = element(
      "a",
      { class: "button", href: activityHash(id), title: "Lines of the activity log with this id" },
      "Activity",
    );
    const parts = [this.#alerts, this.#question, this.#commands, this.#sessions];
    const aside = parts.map(({ view }) => view);
    this.#columns.append(
      element("div", { class: "column" }, this.#chart.view, this.#reports.view),
      element("div", { class: "column" }, ...aside),
    );
    this.#body = element(
      "div",
      { class: "device-body" },
      element("div", { class: "card" }, this.#facts.view, this.#availability.view),
      this.#waiting,
      this.#columns,
      element(
        "div",
        { class: "page-end" },
        removalButton(app, id, () => app.go(back)),
      ),
    );
    this.view = element(
      "div",
      { class: "page device" },
      element(
        "div",
        { class: "title" },
        backLink(back),
        element(
          "div",
          { class: "title-words" },
          this.#name.view,
          this.#facts.head,
          this.#facts.why,
        ),
        this.#activity,
      ),
      this.#labels.view,
      this.#trouble,
      this.#body,
    );
  }

  readonly receiver: Page["receiver"] = {
    hello: ({ devicePort, node }) => {
      this.#devicePort = devicePort;
      this.#facts.ownNode = node;
      if (this.title.length > idCharsMax) return this.#showGone();
      void this.#load();
      void this.#chart.load();
      void this.#reports.load();
      void this.#sessions.load();
      void this.#availability.load();
      void this.#question.load();
      void this.#commands.load();
      this.#alerts.renew();
    },
    devices: ({ removed }) => {
      if (removed.includes(this.device)) return this.#showGone();
      this.#renew();
      this.#availability.renew();
      void this.#sessions.load();
    },
    reports: ({ reports }) => {
      for (const { received } of reports) this.#showSeen(Date.parse(received));
      this.#reports.renew();
      this.#chart.renew();
      this.#renewFields();
    },
    seen: ({ seen }) => {
      for (const [id, ms] of seen) if (id === this.device) this.#showSeen(ms);
    },
    commands: (event) => this.#commands.take(event),
  };

  close(): void {
    this.#renew.stop();
    this.#renewFields.stop();
    this.#chart.close();
    this.#alerts.close();
    this.#commands.close();
    this.#reports.close();
    this.#availability.close();
  }

  async #load(): Promise<void> {
    try {
      const device = await get("/devices/{id}", { id: this.device });
      this.#showLabels(device.labels);
      this.#facts.show(device);
      this.#question.show(device);
      this.#commands.show(device);
      this.#showWaiting(device.presence === "never" && device.lastReport === null);
      setText(this.#trouble, "");
    } catch (error) {
      if (error instanceof Problem && error.status === 404) this.#showGone();
      else setText(this.#trouble, wordsOf(error));
    }
  }

  #showSeen(ms: number): void {
    this.#facts.showSeen(ms);
    this.#commands.showSeen(ms);
  }

  #showLabels(labels: Labels): void {
    this.#name.show(labels);
    this.#labels.show(labels);
    this.app.title(nameOf({ id: this.title, labels }));
    const units = JSON.stringify(Object.entries(labels).filter(([key]) => key.startsWith("unit.")));
    if (this.#units !== null && this.#units !== units) void this.#chart.load();
    this.#units = units;
  }

  /** A device that never logged in has nothing to show yet: instead, the page says how to begin. */
  #showWaiting(isWaiting: boolean): void {
    this.#columns.hidden = isWaiting;
    if (isWaiting === this.#waiting.hasChildNodes()) return;
    if (isWaiting) this.#waiting.append(loginStep(this.device, this.#devicePort));
    else this.#waiting.replaceChildren();
  }

  #showGone(): void {
    this.#name.showGone();
    this.#labels.view.hidden = true;
    this.#facts.head.hidden = true;
    this.#facts.why.hidden = true;
    this.#activity.hidden = true;
    this.#body.replaceChildren(
      element(
        "section",
        { class: "card empty", role: "status" },
        element("h2", {}, "No such device"),
        element(
          "p",
          { class: "muted" },
          "No device with this id is registered. It may wait for approval, or have been deregistered.",
        ),
        element("a", { class: "button", href: "#/" }, "Back to the fleet"),
      ),
    );
  }
}

function backLink(back: string): HTMLElement {
  const words = { "aria-label": "Back to the fleet", title: "Back to the fleet (Esc)" };
  return element("a", { class: "button quiet square", href: back, ...words }, icon("back"));
}
