// A dialog that does something to many devices: says which, does it, and tells what became of it. What it is, is the caller's.

import { wordsOf } from "../api.ts";
import { type BulkAct, changeMany, refusalLines, type BulkOutcome } from "./bulk.ts";
import { button, element, setText } from "../parts/element.ts";
import { count } from "../parts/formats.ts";

/** A device that is meant. */
export type Meant = { readonly id: string; readonly name: string };

export type BulkQuestion = {
  readonly title: string;
  readonly devices: readonly Meant[];
  /** What stands between the names and the buttons. */
  readonly body: readonly HTMLElement[];
  readonly confirm: { readonly words: string; readonly isDangerous: boolean };
  /** What is to be done, asked for when it was confirmed; null if that is not clear yet, and the dialog stays. */
  readonly act: () => BulkAct | null;
  /** How it is told that so many were changed, as in `12 labelled`. */
  readonly done: (changed: number) => string;
  /** It was done to all or some of them. */
  readonly onDone: (words: string, result: BulkOutcome) => void;
  /** What is shown once it was done to all; without it the dialog ends. */
  readonly last?: HTMLElement;
};

/** How many devices are named; the others are counted. */
const namedMax = 200;
const refusedMax = 5;

let dialogs = 0;

/** Shows the dialog. */
export function askBulk(question: BulkQuestion): void {
  const { title, devices, body, confirm, onDone } = question;
  const titleId = `bulk-title-${++dialogs}`;
  const dialog = element("dialog", { class: "bulk", "aria-labelledby": titleId });
  const heading = element("h2", { id: titleId }, title);
  const trouble = element("div", { class: "trouble", role: "alert" });
  const cancel = button({ autofocus: confirm.isDangerous }, "Cancel");
  const go = element(
    "button",
    { type: "submit", class: confirm.isDangerous ? "danger" : "primary" },
    confirm.words,
  );
  const act = async () => {
    const wanted = question.act();
    if (wanted === null) return;
    go.disabled = true;
    setText(trouble, "");
    const ids = devices.map(({ id }) => id);
    try {
      const result = await changeMany(ids, wanted, (done) =>
        setText(go, `${count(done)} of ${count(ids.length)}…`),
      );
      const words = question.done(result.changed);
      onDone(words, result);
      if (result.refused.length === 0) {
        if (question.last === undefined) return dialog.close();
        setText(cancel, "Close");
        const done = element("p", { role: "status" }, `${words}.`);
        const close = element("div", { class: "choices" }, cancel);
        form.replaceChildren(heading, done, question.last, close);
        return cancel.focus();
      }
      const lines = [`${words}, ${result.refused.length} refused.`];
      lines.push(...refusalLines(result.refused, refusedMax));
      trouble.replaceChildren(...lines.map((line) => element("p", {}, line)));
      setText(cancel, "Close");
      go.hidden = true;
    } catch (error) {
      setText(trouble, wordsOf(error));
      setText(go, confirm.words);
    } finally {
      go.disabled = false;
    }
  };
  const form = element(
    "form",
    {},
    heading,
    namesOf(devices),
    ...body,
    trouble,
    element("div", { class: "choices" }, cancel, go),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void act();
  });
  cancel.addEventListener("click", () => dialog.close());
  dialog.append(form);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** `12 devices`. */
export function devicesInWords(number: number): string {
  return number === 1 ? "1 device" : `${count(number)} devices`;
}

/** The names, each with its id where it has another one, in a list that scrolls. */
function namesOf(devices: readonly Meant[]): HTMLElement {
  const more = devices.length - namedMax;
  const lines = devices
    .slice(0, namedMax)
    .map(({ id, name }) =>
      element(
        "li",
        {},
        element("span", {}, name),
        name !== id && element("span", { class: "muted mono" }, id),
      ),
    );
  if (more > 0) lines.push(element("li", { class: "muted" }, `and ${count(more)} more`));
  return element("ul", { class: "meant", tabindex: "0", "aria-label": "Devices" }, ...lines);
}
