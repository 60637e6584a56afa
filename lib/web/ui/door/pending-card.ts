// The devices that want to join: who waits for approval, each with buttons to approve and to reject, and those for all of them or for
// the ones that are selected. Hidden while nobody waits.

import type { BulkOutcome } from "../bulk/bulk.ts";
import type { PendingJson } from "../../api/door-table.ts";
import type { LiveEvents } from "../../api/shapes.ts";
import { afterLogin } from "../after-login.ts";
import { get, post } from "../api.ts";
import { button, element, setAttribute, setText } from "../parts/element.ts";
import { count } from "../parts/formats.ts";
import { askApproval, askRejection, type Waiting } from "./judging-dialog.ts";
import type { App } from "../page.ts";
import { Selection } from "../parts/selection.ts";

/** So many are listed; the others are judged together with them, or on the command line. */
const shownMax = 50;
const loginReason = "Letting devices in needs a login, even on the server's own machine.";

export class PendingCard {
  readonly #title = element("h2", { id: "pending-title" });
  readonly #rejectAll = button({
    class: "quiet danger",
    click: () => void this.#askAll(askRejection),
  });
  readonly #approveAll = button({ click: () => void this.#askAll(askApproval) });
  readonly #all = element(
    "div",
    { class: "choices", role: "group", "aria-label": "All that wait" },
    this.#rejectAll,
    this.#approveAll,
  );
  readonly #rows = element("ul", { class: "pending-rows" });
  readonly #more = element("p", { class: "muted small", hidden: true });
  readonly #trouble = element("p", { class: "trouble", role: "alert" });
  readonly view = element(
    "section",
    { class: "card pending", "aria-labelledby": "pending-title", hidden: true },
    element("div", { class: "card-head" }, this.#title, this.#all),
    this.#rows,
    this.#more,
    this.#trouble,
  );
  readonly #chosen = new Selection();
  #ids: readonly string[] = [];
  #known: ReadonlySet<string> = new Set();
  /** When the last of them asked first. */
  #seenBy = "";
  #shown = "";
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
    // Another device under an id is not the one that was selected.
    const left = new Set(waiting.filter((row) => this.#known.has(rowKey(row))).map(({ id }) => id));
    this.#chosen.drop(this.#chosen.ids.filter((id) => !left.has(id)));
    this.#known = new Set(waiting.map(rowKey));
    this.#ids = waiting.map(({ id }) => id);
    // Times of the same form have the order of their texts.
    this.#seenBy = waiting.map(({ firstSeen }) => firstSeen).reduce((a, b) => (a > b ? a : b), "");
    this.#drawRows(waiting.slice(0, shownMax));
    this.#drawAll();
    this.#more.hidden = length <= shownMax;
    setText(this.#more, `And ${count(length - shownMax)} more: iot-server devices --pending.`);
  }

  /** Shows the rows if they are others; the one with the focus keeps it. */
  #drawRows(rows: readonly PendingJson[]): void {
    const text = rows.map(rowKey).join("\n");
    if (text === this.#shown) return;
    this.#shown = text;
    const focused = document.activeElement?.closest<HTMLElement>(".pending-rows li")?.dataset["id"];
    const made = rows.map((row) => this.#row(row));
    this.#rows.replaceChildren(...made);
    const again = made.find(({ dataset }) => dataset["id"] === focused);
    again?.querySelector<HTMLElement>("input, button")?.focus();
  }

  #row({ id, mac, source, fingerprint, firstSeen }: PendingJson): HTMLElement {
    const isChosen = this.#chosen.has(id);
    const box = element("input", { type: "checkbox", checked: isChosen, "aria-label": id });
    box.addEventListener("change", () => {
      this.#chosen.toggle(id);
      this.#drawAll();
    });
    return element(
      "li",
      { "data-id": id },
      this.#ids.length > 1 && box,
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
        button(
          { class: "quiet danger", click: () => void this.#judge(id, firstSeen, "reject") },
          "Reject",
        ),
        button(
          { class: "primary", click: () => void this.#judge(id, firstSeen, "approve") },
          "Approve",
        ),
      ),
    );
  }

  #drawAll(): void {
    const { size } = this.#chosen;
    this.#all.hidden = this.#ids.length < 2;
    const which = size === 0 ? `all ${count(this.#ids.length)}` : count(size);
    setText(this.#rejectAll, `Reject ${which}…`);
    setText(this.#approveAll, `Approve ${which}…`);
    setAttribute(this.#all, "aria-label", size === 0 ? "All that wait" : "Selected devices");
  }

  /** Judges those that are selected, else all that the page knows: who has come since is not meant. */
  async #askAll(
    ask: (waiting: Waiting, onDone: (words: string, result: BulkOutcome) => void) => void,
  ): Promise<void> {
    const seenBy = this.#seenBy;
    const ids = this.#chosen.size === 0 ? this.#ids : this.#chosen.ids;
    if (!this.app.mayChange() && !(await this.app.askLogin(loginReason))) return;
    ask({ ids, seenBy }, (words) => {
      this.app.announce(words);
      this.#chosen.clear();
      this.#shown = "";
      void this.load();
    });
  }

  async #judge(id: string, seenBy: string, verb: "approve" | "reject"): Promise<void> {
    const act = async () => {
      if (verb === "approve") await post("/pending/{id}/approve", { id }, { seenBy });
      else await post("/pending/{id}/reject", { id }, undefined);
    };
    const tell = (words: string) => setText(this.#trouble, words);
    const words = { approve: "approved", reject: "rejected" } as const;
    const isDone = await afterLogin(this.app, loginReason, act, tell);
    if (isDone) this.app.announce(`${id} is ${words[verb]}`);
    await this.load();
  }
}

/** Which device it is that waits under an id. */
function rowKey({ id, firstSeen }: PendingJson): string {
  return `${id} ${firstSeen}`;
}
