// Grey placeholders shown while content is loading.

import { element } from "./element.ts";

/**
 * Creates placeholders.
 * @param kind their shape: `rows` of a list, `lines` of a table, a `chart`
 */
export function skeleton(lines: number, kind: "rows" | "lines" | "chart"): HTMLElement {
  const made = element("div", { class: `skeleton ${kind}`, role: "status" });
  made.append(element("span", { class: "unseen" }, "Loading"));
  for (let i = 0; i < lines; i++) made.append(element("div", { "aria-hidden": "true" }));
  return made;
}
