// The devices that want to join: who waits for approval, each with buttons to approve and to reject. Hidden while nobody waits.

import type { PendingJson } from "../api/door-table.ts";
import type { LiveEvents } from "../api/shapes.ts";
import { get, post, wordsOf } from "./api.ts";
import { button, element, setText } from "./element.ts";
import { count } from "./formats.ts";
import type { App } from "./page.ts";

/** So many are listed; the others are judged on the command line. */
const shownMax = 50;
const loginReason = "Letting devices in needs a login, even on the server's own machine.";

export class PendingCard {
  readonly #title = element("h2", { id: "pending-title" });
  readonly #rows = element("ul", { class: "pending-rows" });
  readonly #more = element("p", { class: "muted small", hidden: true });
  readonly #trouble = element("p", { class: "trouble", role: "alert", hidden: true });
  readonly view = element(
    "section",
    { class: "card pending", "aria-labelledby": "pending-title", hidden: true },
    this.#title,
    this.#rows,
    this.#more,
    this.#trouble,
  );
  #isClosed = false;
  /** Whether the list was loaded anew and no event has come since; and how many wait in it. */
  #isFresh = false;
  #waiting = -1;

  constructor(private readonly app: App) {}

  /** Takes an event. The first one after a load only says how the door was then, mostly. */
  take({ waiting }: LiveEvents["pending"]): void {
    const isKnown = this.#isFresh && waiting === this.#waiting;
    this.#isFresh = false;
    if (!isKnown) void this.load();
  }

  /** Begins with the list as it is now. */
  async begin(): Promise<void> {
    this.#isFresh = true;
    await this.load();
  }

  /** Loads the list again: somebody waits, or was judged. */
  async load(): Promise<void> {
    // If it cannot be loaded, the page says elsewhere that what is shown is old.
    const list = await get("/pending", {}).catch(() => null);
    if (list !== null && !this.#isClosed) this.#show(list.pending);
  }

  close(): void {
    this.#isClosed = true;
  }

  #show(pending: readonly PendingJson[]): void {
    const waiting = pending.filter(({ state }) => state === "waiting");
    const { length } = waiting;
    this.#waiting = length;
    this.view.hidden = length === 0;
    setText(
      this.#title,
      length === 1 ? "1 device wants to join" : `${count(length)} devices want to join`,
    );
    this.#rows.replaceChildren(...waiting.slice(0, shownMax).map((row) => this.#row(row)));
    this.#more.hidden = length <= shownMax;
    setText(this.#more, `And ${count(length - shownMax)} more: iot-server devices --pending.`);
  }

  #row({ id, mac, source, fingerprint }: PendingJson): HTMLElement {
    return element(
      "li",
      {},
      element(
        "div",
        { class: "who" },
        element("strong", { class: "id" }, id),
        element("span", { class: "muted small mono" }, `${mac} from ${source}`),
        fingerprint === null
          ? element("span", { class: "muted small" }, "speaks text, has no key")
          : element("span", { class: "muted small mono" }, fingerprint),
      ),
      element(
        "div",
        { class: "choices" },
        button({ class: "quiet danger", click: () => void this.#judge(id, "reject") }, "Reject"),
        button({ class: "primary", click: () => void this.#judge(id, "approve") }, "Approve"),
      ),
    );
  }

  async #judge(id: string, verb: "approve" | "reject"): Promise<void> {
    if (!this.app.mayChange() && !(await this.app.askLogin(loginReason))) return;
    this.#trouble.hidden = true;
    try {
      if (verb === "approve") await post("/pending/{id}/approve", { id }, {});
      else await post("/pending/{id}/reject", { id }, undefined);
      const words = { approve: "approved", reject: "rejected" } as const;
      this.app.announce(`${id} is ${words[verb]}`);
    } catch (error) {
      this.#trouble.hidden = false;
      setText(this.#trouble, wordsOf(error));
    }
    await this.load();
  }
}
