// Asks the device a QUERY and shows what it answers, the newest answers first.

import { devicePath, Problem, send, wordsOf } from "./api.ts";
import { element, setText } from "./element.ts";
import { latency } from "./formats.ts";
import { momentElement, serverNow } from "./moments.ts";
import type { House } from "./page.ts";

type Answer = { readonly code: string; readonly time: string; readonly message: string };

/** Answers that stay on the page. */
const keptMax = 5;

export class QuestionCard {
  readonly #code = element("input", {
    id: "question-code",
    value: "01",
    maxlength: 2,
    inputmode: "numeric",
    pattern: "[0-9]{2}",
    required: true,
    autocomplete: "off",
    title: "Two digits",
  });
  readonly #target = element("input", {
    id: "question-target",
    maxlength: 64,
    pattern: "[A-Za-z0-9._:\\-]{1,64}",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    title: "1 to 64 of A-Z a-z 0-9 . _ : -",
  });
  readonly #ask = element("button", { type: "submit", class: "primary" }, "Ask");
  readonly #state = element("p", { class: "trouble", role: "status" });
  readonly #answers = element("ol", {
    class: "answers",
    "aria-label": "Answers",
    "aria-live": "polite",
  });
  readonly view: HTMLElement;

  constructor(
    private readonly house: House,
    private readonly id: string,
  ) {
    this.#target.placeholder = id;
    const form = element(
      "form",
      { class: "question" },
      element("div", {}, element("label", { for: "question-code" }, "Code"), this.#code),
      element(
        "div",
        { class: "wide" },
        element("label", { for: "question-target" }, "About"),
        this.#target,
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
      element("h2", { id: "question-title" }, "Ask it"),
      form,
      this.#state,
      this.#answers,
    );
  }

  async #submit(): Promise<void> {
    // A form that is disabled whole would lose the focus.
    if (this.#ask.getAttribute("aria-disabled") === "true") return;
    const reason = "Asking a device needs a login, also from this machine.";
    if (!this.house.mayChange() && !(await this.house.askLogin(reason))) return;
    this.#ask.setAttribute("aria-disabled", "true");
    setText(this.#state, "");
    setText(this.#ask, "Asking…");
    const target = this.#target.value.trim();
    const began = performance.now();
    try {
      const answer = await send<Answer>("POST", devicePath(this.id, "/query"), {
        code: this.#code.value,
        ...(target === "" ? {} : { target }),
      });
      this.#show(answer, performance.now() - began);
    } catch (error) {
      setText(this.#state, troubleOf(error));
      if (error instanceof Problem && error.code === "login-required") {
        void this.house.askLogin(reason);
      }
    } finally {
      setText(this.#ask, "Ask");
      this.#ask.removeAttribute("aria-disabled");
    }
  }

  #show({ code, time, message }: Answer, tookMs: number): void {
    this.#answers.prepend(
      element(
        "li",
        {},
        element("p", { class: "text" }, message === "" ? "(an empty message)" : message),
        element(
          "p",
          { class: "muted small" },
          `Code ${code}, in ${latency(tookMs)}, device time ${time}, `,
          momentElement(serverNow()),
        ),
      ),
    );
    while (this.#answers.children.length > keptMax) this.#answers.lastElementChild?.remove();
  }
}

function troubleOf(error: unknown): string {
  if (!(error instanceof Problem)) return wordsOf(error);
  switch (error.code) {
    case "not-logged-in":
      return "It is not logged in, so it cannot be asked.";
    case "no-answer":
      return "It was asked and did not answer.";
    case "busy":
      return "Too many questions are under way. Ask again in a moment.";
    default:
      return error.message;
  }
}
