// Copies a text. Renders nothing that lasts.

import { element } from "./element.ts";

/** Copies a text to the clipboard; resolves to whether that was done. */
export async function copyText(text: string): Promise<boolean> {
  // Browsers offer the clipboard only to pages from this machine or over TLS.
  if (navigator.clipboard === undefined) return copySelected(text);
  return navigator.clipboard.writeText(text).then(
    () => true,
    () => false,
  );
}

/** What is said then. */
export function copiedWords(isDone: boolean): string {
  return isDone ? "The id is copied" : "The browser does not let it be copied";
}

/** The old way, which needs a field whose text is selected. */
function copySelected(text: string): boolean {
  const field = element("textarea", { class: "unseen", readonly: true });
  const before = document.activeElement;
  field.value = text;
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  return isCopied;
}
