// Sends the device a QUERY and shows the latest questions with their answers, newest first.

import type { DeviceJson, KeptQuestion } from "../../api/shapes.ts";
import { get, post, Problem, wordsOf } from "../api.ts";
import { button, element, setText } from "../parts/element.ts";
import { presenceWords } from "../parts/formats.ts";
import { momentElement } from "../moments.ts";
import type { App } from "../page.ts";

/** How many questions are on the page at first, how many more a press adds, and the most that stay while others come. */
const fewMax = 5;
const moreMax = 20;
const keptMax = 200;
const loginReason = "Sending a query to a device needs a login, even on the server's own machine.";

export class QuestionCard {
  readonly #code = element("input", {
    id: "question-code",
    value: "01",
    maxlength: 2,
    inputmode: "numeric",
    pattern: "[0-9]{2}",
    required: true,
    autocomplete: "off",
    title: "Two digits; the device decides what they mean. 01 is usual.",
  });
  readonly #target = element("input", {
    id: "question-target",
    maxlength: 64,
    pattern: "[A-Za-z0-9._:\\-]{1,64}",
    placeholder: "e.g. uptime",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    title: "One word of up to 64 characters: A-Z a-z 0-9 . _ : -",
    "aria-describedby": "question-hint",
  });
  readonly #ask = element("button", { type: "submit", class: "primary" }, "Ask");
  readonly #state = element("p", { class: "trouble", role: "status" });
  readonly #hint = element("p", { id: "question-hint", class: "hint muted small" });
  readonly #answers = element("ol", {
    class: "answers",
    "aria-label": "Questions and answers",
    "aria-live": "polite",
  });
  readonly #more = button(
    { class: "more", hidden: true, click: () => void this.#loadMore() },
    "Show more",
  );
  readonly view: HTMLElement;
  /** Where the questions begin that are not on the page. */
  #next: string | null = null;
  #isLong = false;
  /** Number of the newest question on the page. */
  #newest = 0;

  constructor(
    private readonly app: App,
    private readonly id: string,
  ) {
    const form = element(
      "form",
      { class: "question" },
      element(
        "div",
        { class: "wide" },
        element("label", { for: "question-target" }, "Question"),
        this.#target,
      ),
      element(
        "div",
        { class: "narrow" },
        element("label", { for: "question-code" }, "Code"),
        this.#code,
      ),
      this.#ask,
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
    this.view = element(
      "section",
      { class: "card asking", "aria-labelledby": "question-title" },
      element("h2", { id: "question-title" }, "Ask the device"),
      form,
      this.#state,
      this.#hint,
      this.#answers,
      this.#more,
    );
  }

  /** Says whether the device can answer. */
  show(device: DeviceJson): void {
    if (device.presence !== "online") {
      setText(this.#hint, `${presenceWords(device)}: it can answer while it is logged in.`);
      return;
    }
    this.#hint.replaceChildren(
      "A word the device understands; iot-client runs its ",
      element("code", {}, "--on-query"),
      " command. Empty sends the device's own id.",
    );
  }

  async #submit(): Promise<void> {
    // Disabling the button would take the focus away from it.
    if (this.#ask.getAttribute("aria-disabled") === "true") return;
    if (!this.app.mayChange() && !(await this.app.askLogin(loginReason))) return;
    this.#ask.setAttribute("aria-disabled", "true");
    setText(this.#state, "");
    setText(this.#ask, "Asking…");
    const question = { code: this.#code.value, target: this.#target.value.trim() || this.id };
    try {
      await post("/devices/{id}/query", { id: this.id }, question);
    } catch (error) {
      setText(this.#state, troubleOf(error));
      if (error instanceof Problem && error.code === "login-required") {
        void this.app.askLogin(loginReason);
      }
    } finally {
      setText(this.#ask, "Ask");
      this.#ask.removeAttribute("aria-disabled");
      await this.load();
    }
  }

  /** Loads the latest questions and adds those that are not shown yet. */
  async load(): Promise<void> {
    const given = { id: this.id, limit: fewMax };
    const page = await get("/devices/{id}/questions", given).catch(() => null);
    if (page === null) return;
    const fresh = page.questions.filter(({ question }) => question > this.#newest);
    this.#answers.prepend(...fresh.map(itemOf));
    this.#newest = fresh[0]?.question ?? this.#newest;
    const most = this.#isLong ? keptMax : fewMax;
    while (this.#answers.children.length > most) this.#answers.lastElementChild?.remove();
    if (!this.#isLong) this.#setNext(page.next);
  }

  async #loadMore(): Promise<void> {
    const given = { id: this.id, limit: moreMax, cursor: this.#next };
    const page = await get("/devices/{id}/questions", given).catch(() => null);
    if (page === null) return;
    this.#isLong = true;
    this.#answers.append(...page.questions.map(itemOf));
    this.#setNext(page.next);
  }

  #setNext(next: string | null): void {
    this.#next = next;
    this.#more.hidden = next === null;
  }
}

const askers = { cli: "iot-server query", api: "the API", dashboard: "the dashboard" } as const;

function itemOf({ code, target, by, asked, answer }: KeptQuestion): HTMLElement {
  const [message, time] =
    answer === null ? ["No answer", ""] : [answer.message || "(empty answer)", answer.time];
  return element(
    "li",
    {},
    element("p", { class: "asked muted small" }, element("span", {}, target), momentElement(asked)),
    element("p", { class: answer === null ? "muted" : "text" }, message),
    element(
      "p",
      { class: "muted small" },
      `Code ${code}, asked by ${askers[by]}${time === "" ? "" : `, device time ${time}`}`,
    ),
  );
}

function troubleOf(error: unknown): string {
  if (!(error instanceof Problem)) return wordsOf(error);
  switch (error.code) {
    case "no-answer":
      return "The device did not answer. It may be out of reach, or not know the question.";
    default:
      return error.message;
  }
}
