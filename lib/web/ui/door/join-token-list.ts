// The join tokens that can still be used, with a button to revoke each. The tokens themselves nobody knows any more.

import type { TokenJson } from "../../api/door-table.ts";
import { labelText } from "../labels/device-labels.ts";
import type { Door } from "./door.ts";
import { button, element, setText } from "../parts/element.ts";
import { count } from "../parts/formats.ts";
import { leftWords } from "../parts/countdown.ts";
import { serverNow } from "../moments.ts";

/** So many are listed; the others are on the command line. */
const shownMax = 100;

export class JoinTokenList {
  readonly #list = element("ul", { class: "alert-items tokens", "aria-label": "Join tokens" });
  readonly #more = element("p", { class: "muted small", hidden: true });
  readonly #trouble = element("p", { class: "trouble", role: "alert" });
  readonly view = element(
    "section",
    { class: "join-part", "aria-labelledby": "tokens-title", hidden: true },
    element("h3", { id: "tokens-title" }, "Join tokens"),
    this.#list,
    this.#more,
    this.#trouble,
  );
  #shown = "";

  constructor(
    private readonly door: Door,
    private readonly announce: (words: string) => void,
  ) {}

  async load(): Promise<void> {
    const tokens = await this.door.tokens();
    if (tokens !== null) this.#show(tokens);
  }

  #show(tokens: readonly TokenJson[]): void {
    // A button is not replaced under a press, unless there is something new.
    const text = JSON.stringify(tokens);
    if (text === this.#shown) return;
    this.#shown = text;
    this.view.hidden = tokens.length === 0;
    const valid = tokens.filter(({ state }) => state === "valid").reverse();
    const hadFocus = this.#list.contains(document.activeElement);
    this.#list.replaceChildren(...valid.slice(0, shownMax).map((token) => this.#item(token)));
    if (hadFocus) this.#list.querySelector("button")?.focus();
    const rest = tokens.length - valid.length;
    const words = [
      ...(valid.length > shownMax
        ? [`And ${count(valid.length - shownMax)} more: iot-server join tokens.`]
        : []),
      ...(rest > 0
        ? [`${count(rest)} ${rest === 1 ? "is" : "are"} used up, expired or revoked.`]
        : []),
    ];
    this.#more.hidden = words.length === 0;
    setText(this.#more, words.join(" "));
  }

  #item(token: TokenJson): HTMLElement {
    const { number, note } = token;
    return element(
      "li",
      {},
      element(
        "div",
        { class: "alert-what" },
        element("strong", {}, `Token ${number}`, note !== "" && ` · ${note}`),
        element("span", { class: "small" }, usesWords(token)),
        element("span", { class: "muted small" }, forWords(token)),
      ),
      button(
        {
          class: "quiet danger",
          "aria-label": `Revoke token ${number}`,
          title: "Devices that it has registered stay",
          click: () => void this.#revoke(number),
        },
        "Revoke",
      ),
    );
  }

  async #revoke(number: number): Promise<void> {
    const isDone = await this.door.revoke(number, (trouble) => setText(this.#trouble, trouble));
    if (isDone) this.announce(`Token ${number} is revoked`);
    await this.load();
  }
}

/** How often it can be used yet, and how long. */
function usesWords({ used, usesLeft, expires }: TokenJson): string {
  const uses = usesLeft === null ? `${count(used)} used, no limit` : `${count(usesLeft)} left`;
  const of = usesLeft === null ? "" : ` of ${count(used + usesLeft)}`;
  if (expires === null) return `${uses}${of} · never ends`;
  return `${uses}${of} · ends in ${leftWords(Date.parse(expires) - serverNow())}`;
}

/** What it is for. */
function forWords({ ids, labels, approve, text }: TokenJson): string {
  const given = Object.entries(labels).map(([key, value]) => ({ key, value }));
  const words = [
    ids === null ? "all ids" : `ids ${ids}`,
    ...given.map(labelText),
    ...(approve ? ["after approval"] : []),
    ...(text ? ["also in text"] : []),
  ];
  return words.join(" · ");
}
