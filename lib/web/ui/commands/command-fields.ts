// The fields of a command: its text, and for how long it is kept. Sends nothing.

import { ttls } from "./command-words.ts";
import { element } from "../parts/element.ts";
import { RequestKey } from "./request-key.ts";

/** The fields, each with its label. @param prefix of their ids */
export function commandFields(prefix: string) {
  const message = element("input", {
    id: `${prefix}-message`,
    maxlength: 1_024,
    required: true,
    placeholder: "e.g. set relay=on",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    "aria-describedby": `${prefix}-hint`,
  });
  const ttl = element(
    "select",
    { id: `${prefix}-ttl` },
    ...ttls.map((one) =>
      element("option", { value: one.ttl, selected: one.ttl === "1d" }, one.words),
    ),
  );
  const key = new RequestKey();
  const labelled = (of: HTMLElement, words: string) =>
    element("div", { class: "wide" }, element("label", { for: of.id }, words), of);
  return {
    message,
    ttl,
    views: [labelled(message, "Command"), labelled(ttl, "Kept for")] as const,
    hint: element("p", { id: `${prefix}-hint`, class: "hint muted small" }),
    /** What is written in them, and the key of this command. */
    get asked() {
      const given = { message: message.value, ttl: ttl.value };
      return { given, key: key.for(given) };
    },
    /** It is queued. */
    done() {
      key.done();
      message.value = "";
    },
  };
}
