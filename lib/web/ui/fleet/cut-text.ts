// A long id that is cut in its middle where there is no room for it: its end tells more than what is before it. The style sheet
// cuts.

import { element, setText } from "../parts/element.ts";

/** Shorter ones always have room. */
const longChars = 18;
const endChars = 9;

/** Whether an id is cut where there is no room. */
export function isLong(id: string): boolean {
  return id.length > longChars;
}

/** Shows a text in an element, in two parts if it is a long id. */
export function setCutText(of: HTMLElement, text: string, isId: boolean): void {
  const isCut = isId && isLong(text);
  if (of.textContent === text && of.classList.contains("cut") === isCut) return;
  of.classList.toggle("cut", isCut);
  if (!isCut) return setText(of, text);
  of.replaceChildren(
    element("span", { class: "cut-begin" }, text.slice(0, -endChars)),
    element("span", { class: "cut-end" }, text.slice(-endChars)),
  );
}
