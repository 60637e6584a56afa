// The frame around every page: navigation, state of the connection, theme and login.

import type { Rights } from "../api/server-shapes.ts";
import { button, element, setAttribute, setText } from "./parts/element.ts";
import { zoneWords } from "./parts/formats.ts";
import { icon, sign } from "./parts/icons.ts";
import type { LiveState } from "./live.ts";
import { serverNow } from "./moments.ts";
import type { Place } from "./places.ts";
import { themeButton } from "./theme.ts";

const pages = [
  { page: "fleet", hash: "#/", words: "Fleet" },
  { page: "alerts", hash: "#/alerts", words: "Alerts" },
  { page: "activity", hash: "#/activity", words: "Activity" },
  { page: "server", hash: "#/server", words: "Server" },
] as const;

/** Every page opens a stream of its own: the banner waits this long before it calls a connection lost. */
const graceMs = 400;

const lightWords = {
  connecting: "Connecting",
  live: "Live",
  lost: "Disconnected",
  login: "Not logged in",
} as const;
const lightTitles = {
  connecting: "Connecting to the server",
  live: "Connected: what is shown is updated as it happens",
  lost: "No connection to the server",
  login: "The server asks for a login",
} as const;

export type ShellActs = { readonly retry: () => void; readonly session: () => void };

export class Shell {
  /** The element that contains the page. */
  readonly main = element("main", { id: "main", tabindex: "-1" });
  readonly #links = pages.map(({ page, hash, words }) => ({
    page,
    link: element("a", { href: hash }, words),
  }));
  readonly #lightWords = element("span", { class: "light-words" });
  readonly #light = element("span", { class: "light", role: "status" }, this.#lightWords);
  readonly #session = button({ class: "quiet session" });
  readonly #warnings = new Badge("warning");
  readonly #firing = new Badge("alert");
  readonly #bannerWords = element("span");
  readonly #banner = element("div", { class: "banner", role: "status", hidden: true });
  readonly #voice = element("div", { class: "unseen", "aria-live": "polite" });
  #state: LiveState = { kind: "connecting" };
  #grace: ReturnType<typeof setTimeout> | undefined;

  constructor(acts: ShellActs) {
    this.#session.addEventListener("click", acts.session);
    this.#links.find(({ page }) => page === "server")?.link.append(this.#warnings.view);
    this.#links.find(({ page }) => page === "alerts")?.link.append(this.#firing.view);
    this.#banner.append(
      icon("warning"),
      this.#bannerWords,
      button({ class: "plain", click: acts.retry }, "Retry now"),
    );
    const skip = element("a", { class: "skip", href: "#main" }, "Skip to content");
    skip.addEventListener("click", (event) => {
      // Hashes are pages here: following the link would leave the page.
      event.preventDefault();
      this.main.focus();
    });
    // What was drawn before the script was there. The style stays.
    document.querySelector("body > .before")?.remove();
    document.body.append(
      skip,
      element(
        "header",
        { class: "bar" },
        element(
          "div",
          { class: "bar-inner" },
          element(
            "a",
            { class: "brand", href: "#/", "aria-label": "iot-server, to the fleet" },
            sign(),
          ),
          element("nav", { "aria-label": "Pages" }, ...this.#links.map(({ link }) => link)),
          element("div", { class: "bar-end" }, this.#light, themeButton(), this.#session),
        ),
      ),
      this.#banner,
      this.main,
      element(
        "footer",
        { class: "zone muted small" },
        `Times are in ${zoneWords(serverNow())}; a device’s own time is shown as it sent it.`,
      ),
      this.#voice,
    );
    setInterval(() => this.#renewBanner(), 1000);
  }

  /** Marks the current page in the navigation. */
  showPlace({ page }: Place): void {
    const current = page === "device" ? "fleet" : page;
    for (const { page: own, link } of this.#links) {
      setAttribute(link, "aria-current", own === current ? "page" : null);
    }
  }

  showRights({ loggedIn }: Rights): void {
    const words = loggedIn ? "Log out" : "Log in";
    this.#session.replaceChildren(
      icon(loggedIn ? "leave" : "person"),
      element("span", { class: "session-words" }, words),
    );
    this.#session.title = words;
    setAttribute(this.#session, "aria-label", words);
  }

  /** Shows on the link to the server's page how many warnings are there. */
  showWarnings(count: number): void {
    this.#warnings.show(count);
  }

  /** Shows on the link to the alerts how many fire. */
  showFiring(count: number): void {
    this.#firing.show(count);
  }

  showState(state: LiveState): void {
    this.#state = state;
    clearTimeout(this.#grace);
    // A page that opens its stream keeps the light of the page before.
    if (state.kind !== "connecting" || this.#light.dataset["state"] === undefined) {
      this.#light.dataset["state"] = state.kind;
      setText(this.#lightWords, lightWords[state.kind]);
      this.#light.title = lightTitles[state.kind];
    }
    if (state.kind === "lost") this.#grace = setTimeout(() => this.#renewBanner(), graceMs);
    else this.#renewBanner();
  }

  /** Shows a page. */
  show(view: HTMLElement, title: string): void {
    this.main.replaceChildren(view);
    this.title(title);
  }

  /** Sets the title of the window. */
  title(words: string): void {
    document.title = words === "" ? "iot-server" : `${words} · iot-server`;
  }

  announce(text: string): void {
    setText(this.#voice, text);
  }

  #renewBanner(): void {
    const state = this.#state;
    const isLost = state.kind === "lost";
    setAttribute(document.documentElement, "data-lost", isLost ? "" : null);
    this.#banner.hidden = !isLost;
    if (!isLost) return;
    const seconds = Math.ceil((state.nextAt - performance.now()) / 1000);
    const next = seconds > 0 ? `Retrying in ${seconds} s.` : "Retrying…";
    setText(this.#bannerWords, `Connection lost. What is shown may be out of date. ${next}`);
  }
}

/** A number on a link. */
class Badge {
  readonly #number = element("span");
  readonly #words = element("span", { class: "unseen" });
  readonly view: HTMLElement;

  /** @param what is counted, in the singular */
  constructor(private readonly what: string) {
    this.view = element(
      "span",
      { class: "badge", "data-what": what, hidden: true },
      this.#number,
      this.#words,
    );
  }

  show(count: number): void {
    this.view.hidden = count === 0;
    setText(this.#number, count > 999 ? "999+" : String(count));
    setText(this.#words, ` ${this.what}${count === 1 ? "" : "s"}`);
  }
}
