// The live tail of the server's logs, with a filter and a pause.

import type { LiveEvents } from "../../api/shapes.ts";
import { levels } from "../../api/words.ts";
import { get, isGivenUp, wordsOf } from "../api.ts";
import { button, element, setAttribute, setText } from "../parts/element.ts";
import { count } from "../parts/formats.ts";
import { icon } from "../parts/icons.ts";
import { LineTail } from "./line-tail.ts";
import type { Page } from "../page.ts";
import { noteParameters } from "../places.ts";

const searchPauseMs = 150;
const levelWords = {
  debug: "debug and above",
  info: "info and above",
  warn: "warnings and errors",
  error: "errors, refused datagrams",
} as const;

export class ActivityPage implements Page {
  readonly title = "Activity";
  readonly topics = ["activity", "status"] as const;
  readonly view: HTMLElement;
  readonly search = element("input", {
    type: "search",
    id: "search",
    placeholder: "Filter lines",
    "aria-label": "Show only lines that contain this text",
    "aria-keyshortcuts": "/",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
  });
  readonly #level = element(
    "select",
    { "aria-label": "Level" },
    element("option", { value: "" }, "All levels"),
    ...levels.map((level) => element("option", { value: level }, levelWords[level])),
  );
  readonly #pause = button({ class: "pause", click: () => this.#setPaused(!this.#isPaused) });
  readonly #state = element("p", { class: "found muted", role: "status" });
  readonly #tail = new LineTail();
  readonly #scope = element("span");
  #isPaused = false;
  /** Events received while paused. */
  #held: LiveEvents["activity"][] = [];
  #loading: AbortController | null = null;
  #searchTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(parameters: URLSearchParams) {
    this.search.value = parameters.get("q") ?? "";
    this.#level.value = parameters.get("level") ?? "";
    this.search.addEventListener("input", () => {
      clearTimeout(this.#searchTimer);
      this.#searchTimer = setTimeout(() => this.#filter(), searchPauseMs);
    });
    this.#level.addEventListener("change", () => this.#filter());
    this.view = element(
      "div",
      { class: "page activity" },
      element("h1", { class: "unseen" }, "Activity"),
      element(
        "div",
        { class: "tools" },
        element("div", { class: "search" }, icon("search"), this.search, element("kbd", {}, "/")),
        this.#level,
        this.#pause,
        this.#state,
      ),
      this.#tail.view,
      element(
        "p",
        { class: "hint muted small" },
        "← received, → sent. Refused datagrams are errors. Heartbeats and reports appear here if the server was started with ",
        element("code", {}, "--log-level debug"),
        ". ",
        this.#scope,
      ),
    );
    this.#showPause();
  }

  readonly receiver: Page["receiver"] = {
    hello: ({ node }) => {
      const words = `These are the lines of node ${node}; each node has a log of its own.`;
      setText(this.#scope, node === "" ? "" : words);
      void this.#load();
    },
    activity: (event) => {
      if (!this.#isPaused) {
        this.#take(event);
        return;
      }
      this.#held.push(event);
      // More would not be shown: the tail keeps a limited number of lines.
      if (this.#held.length > 200) this.#held.shift();
      this.#showPause();
    },
  };

  onKey({ key, target }: KeyboardEvent): boolean {
    if (key !== " " && key !== "p") return false;
    if (target instanceof HTMLElement && target.closest("button, a") !== null) return false;
    this.#setPaused(!this.#isPaused);
    return true;
  }

  close(): void {
    clearTimeout(this.#searchTimer);
    this.#loading?.abort();
    this.#tail.close();
  }

  #filter(): void {
    noteParameters("/activity", { q: this.search.value.trim(), level: this.#level.value });
    void this.#load();
  }

  async #load(): Promise<void> {
    this.#loading?.abort();
    const own = new AbortController();
    this.#loading = own;
    const q = this.search.value.trim();
    const level = levels.find((one) => one === this.#level.value) ?? "";
    try {
      const { lines } = await get("/activity", { q, level, limit: 200 }, own.signal);
      this.#held = [];
      this.#showPause();
      const isFiltered = q !== "" || level !== "";
      this.#tail.begin(lines, isFiltered ? "No lines match the filter." : "No activity yet.");
    } catch (error) {
      if (!isGivenUp(error)) this.#tail.begin([], wordsOf(error));
    }
  }

  #take({ lines, skipped }: LiveEvents["activity"]): void {
    const q = this.search.value.trim().toLowerCase();
    const level = this.#level.value;
    const ranks: readonly string[] = levels;
    const fitting = lines.filter(
      (line) =>
        (level === "" || ranks.indexOf(line.level) >= ranks.indexOf(level)) &&
        (q === "" || `${line.peer} ${line.direction} ${line.words}`.toLowerCase().includes(q)),
    );
    this.#tail.add(fitting, q === "" && level === "" ? skipped : 0);
  }

  #setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (!isPaused) {
      for (const event of this.#held) this.#take(event);
      this.#held = [];
    }
    this.#showPause();
  }

  #showPause(): void {
    const words = this.#isPaused ? "Resume" : "Pause";
    if (this.#pause.textContent !== words) {
      this.#pause.replaceChildren(icon(this.#isPaused ? "play" : "pause"), words);
    }
    setAttribute(this.#pause, "aria-pressed", String(this.#isPaused));
    const waiting = this.#held.reduce((sum, { lines }) => sum + lines.length, 0);
    setText(this.#state, this.#isPaused ? `Paused, ${count(waiting)} new lines` : "");
  }
}
