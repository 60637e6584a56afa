// Keys that work on every page: `/` to search, Escape to go back. All others are passed to the page.

import type { Page } from "./page.ts";

/** Starts listening to keys. */
export function keys(acts: { readonly page: () => Page | null; readonly back: () => void }): void {
  document.addEventListener("keydown", (event) => {
    const page = acts.page();
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open]") !== null) return;
    const isTyping = isField(event.target);
    if (event.key === "/" && !isTyping && page?.search !== undefined) {
      page.search.focus();
      if (page.search instanceof HTMLInputElement) page.search.select();
      event.preventDefault();
      return;
    }
    if (event.key === "Escape") {
      if (!isTyping && page?.onKey?.(event) === true) event.preventDefault();
      else if (!isTyping) acts.back();
      else if (event.target instanceof HTMLElement) event.target.blur();
      return;
    }
    if (!isTyping && page?.onKey?.(event) === true) event.preventDefault();
  });
}

function isField(target: EventTarget | null): boolean {
  return (
    (target instanceof HTMLInputElement && target.type !== "checkbox") ||
    target instanceof HTMLSelectElement ||
    target instanceof HTMLTextAreaElement
  );
}
