// What is around every page: the bar with the ways to the pages, how the connection stands, theme and login. Holds no
// device.

import { button, element, setAttribute, setText } from "./element.ts";
import { icon, sign } from "./icons.ts";
import type { LiveState } from "./live.ts";
import type { Place } from "./places.ts";
import type { Rights } from "./shapes.ts";
import { themeButton } from "./theme.ts";

const ways = [
  { page: "fleet", hash: "#/", words: "Fleet" },
  { page: "activity", hash: "#/activity", words: "Activity" },
  { page: "server", hash: "#/server", words: "Server" },
] as const;

/** A stream that begins anew on every page is no lost connection: the banner waits so long. */
const graceMs = 400;

export type ShellActs = { readonly retry: () => void; readonly session: () => void };

export class Shell {
  /** Where the page goes. */
  readonly main = element("main", { id: "main", tabindex: "-1" });
  readonly #links = ways.map(({ page, hash, words }) => ({
    page,
    link: element("a", { href: hash }, words),
  }));
  readonly #light = element("span", { class: "light", role: "img" });
  readonly #session = button({ class: "quiet square" });
  readonly #bannerWords = element("span");
  readonly #banner = element("div", { class: "banner", role: "status", hidden: true });
  readonly #voice = element("div", { class: "unseen", "aria-live": "polite" });
  #state: LiveState = { kind: "connecting" };
  #grace: ReturnType<typeof setTimeout> | undefined;

  constructor(acts: ShellActs) {
    this.#session.addEventListener("click", acts.session);
    this.#banner.append(
      icon("warning"),
      this.#bannerWords,
      button({ class: "plain", click: acts.retry }, "Try now"),
    );
    const skip = element("a", { class: "skip", href: "#main" }, "Skip to the content");
    skip.addEventListener("click", (event) => {
      // A hash is a place here.
      event.preventDefault();
      this.main.focus();
    });
    document.body.append(
      skip,
      element(
        "header",
        { class: "bar" },
        element(
          "div",
          { class: "bar-inner" },
          element("a", { class: "brand", href: "#/", "aria-label": "iot-server, fleet" }, sign()),
          element("nav", { "aria-label": "Pages" }, ...this.#links.map(({ link }) => link)),
          element("div", { class: "bar-end" }, this.#light, themeButton(), this.#session),
        ),
      ),
      this.#banner,
      this.main,
      this.#voice,
    );
    setInterval(() => this.#renewBanner(), 1000);
  }

  /** Marks the way to where we are. */
  showPlace({ page }: Place): void {
    const current = page === "device" ? "fleet" : page;
    for (const { page: own, link } of this.#links) {
      setAttribute(link, "aria-current", own === current ? "page" : null);
    }
  }

  showRights({ loggedIn }: Rights): void {
    const words = loggedIn ? "Log out" : "Log in";
    this.#session.replaceChildren(icon(loggedIn ? "leave" : "person"));
    this.#session.title = words;
    setAttribute(this.#session, "aria-label", words);
  }

  showState(state: LiveState): void {
    this.#state = state;
    clearTimeout(this.#grace);
    if (state.kind === "live") this.#light.title = "Live";
    else if (state.kind === "lost") this.#light.title = "Not connected";
    else this.#light.title = "Connecting";
    setAttribute(this.#light, "aria-label", this.#light.title);
    // A page that begins its stream keeps the light of the one before.
    if (state.kind !== "connecting" || this.#light.dataset["state"] === undefined) {
      this.#light.dataset["state"] = state.kind;
    }
    if (state.kind === "lost") this.#grace = setTimeout(() => this.#renewBanner(), graceMs);
    else this.#renewBanner();
  }

  /** Shows a page and begins at its top. */
  show(view: HTMLElement, title: string): void {
    this.main.replaceChildren(view);
    document.title = title === "" ? "iot-server" : `${title} · iot-server`;
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
    const seconds = Math.ceil((state.nextAt - Date.now()) / 1000);
    const next = seconds > 0 ? `Next try in ${seconds} s.` : "Trying…";
    setText(this.#bannerWords, `Connection lost; what you see may be old. ${next}`);
  }
}
