// The page of alerts: what is wrong now, what was, the rules, and who is told.

import { AlertDestinations } from "./alert-destinations.ts";
import { type AlertsShown, loadAlerts } from "./alert-calls.ts";
import { AlertList } from "./alert-list.ts";
import { AlertRules } from "./alert-rules.ts";
import { wordsOf } from "../api.ts";
import { element } from "../parts/element.ts";
import { atMostEvery } from "../pace.ts";
import type { App, Page } from "../page.ts";
import { SilenceForm } from "./silence-form.ts";
import { TroubleCard } from "../server/trouble-card.ts";

/** An alert can begin, or be told, without a live event: it is looked at this often, ms. */
const renewMs = 5_000;

export class AlertsPage implements Page {
  readonly title = "Alerts";
  readonly topics = ["status"] as const;
  readonly #list = new AlertList();
  readonly #rules: AlertRules;
  readonly #destinations: AlertDestinations;
  readonly #first: SilenceForm;
  readonly #trouble = new TroubleCard("The alerts could not be loaded", () => void this.#load());
  readonly view = element("div", { class: "page alerts" });
  readonly #renew = atMostEvery(renewMs, () => void this.#load());
  readonly #timer: ReturnType<typeof setInterval>;
  #firing = -1;

  constructor(app: App) {
    const load = () => void this.#load();
    this.#rules = new AlertRules(app, load);
    this.#destinations = new AlertDestinations(app, load);
    this.#first = new SilenceForm(app, load);
    this.#app = app;
    this.#timer = setInterval(() => this.#renew(), renewMs);
  }

  readonly #app: App;

  readonly receiver: Page["receiver"] = {
    hello: () => void this.#load(),
    status: ({ alerts }) => {
      if (alerts.firing !== this.#firing) this.#renew();
      this.#firing = alerts.firing;
    },
  };

  close(): void {
    clearInterval(this.#timer);
    this.#renew.stop();
  }

  async #load(): Promise<void> {
    try {
      this.#show(await loadAlerts(this.#app));
    } catch (error) {
      // What is on the page stays; the banner says that it may be old.
      if (this.view.childElementCount === 0)
        this.view.replaceChildren(this.#trouble.show(wordsOf(error)));
    }
  }

  #show({ open, ended, rules, destinations, mutes }: AlertsShown): void {
    this.#list.show(open, ended, rules.length > 0);
    this.#rules.show(rules, mutes);
    this.#destinations.show(destinations);
    const isFirst = rules.length === 0 && (destinations?.length ?? 0) === 0;
    const wasFirst = this.#first.view.isConnected;
    if (this.#list.view.isConnected && isFirst === wasFirst) return;
    // Once it has made the first rule, the form stays with its result until the page is left.
    this.view.replaceChildren(
      element("h1", { class: "unseen" }, "Alerts"),
      ...(isFirst || wasFirst ? [this.#first.view] : []),
      this.#list.view,
      element("div", { class: "halves" }, this.#rules.view, this.#destinations.view),
      this.#list.history,
    );
  }
}
