// Relative times such as "3 min ago". A single timer updates all of them once a second. They count from the server's
// clock, since the browser's may be wrong.

import { element, setAttribute, setText } from "./parts/element.ts";
import { ago, fullMoment, span } from "./parts/formats.ts";

/** The server's time minus the time since the page was loaded, in ms: the browser's own clock may be set meanwhile. */
let ahead = Date.now() - performance.now();

/** Sets the time of the server. */
export function setServerTime(time: string): void {
  const at = Date.parse(time);
  if (Number.isFinite(at)) ahead = at - performance.now();
}

/** The current time of the server's clock, ms since 1970. */
export function serverNow(): number {
  return performance.now() + ahead;
}

/** How a time is written: `3 min ago`, or what has passed since then: `3 min 10 s`, `for 3 min 10 s`. */
export type MomentStyle = "ago" | "span" | "for";

/** An element with a relative time that is kept up to date. */
export function momentElement(
  at: number | string | null,
  style: MomentStyle = "ago",
): HTMLTimeElement {
  const made = element("time", { "data-style": style });
  setMoment(made, at);
  return made;
}

/** Changes the time, and the style if one is given; null shows a dash. */
export function setMoment(
  of: HTMLTimeElement,
  at: number | string | null,
  style?: MomentStyle,
): void {
  if (style !== undefined && of.dataset["style"] !== style) {
    of.dataset["style"] = style;
    delete of.dataset["at"];
  }
  const ms = typeof at === "string" ? Date.parse(at) : at;
  const text = ms === null || !Number.isFinite(ms) ? "" : String(ms);
  if (of.dataset["at"] === text) return;
  of.dataset["at"] = text;
  if (text === "") {
    setText(of, "–");
    setAttribute(of, "datetime", null);
    setAttribute(of, "title", null);
    return;
  }
  of.dateTime = new Date(Number(text)).toISOString();
  of.title = fullMoment(Number(text));
  renew(of, serverNow());
}

/** Starts the timer. */
export function keepMoments(): void {
  setInterval(() => {
    const now = serverNow();
    for (const of of document.querySelectorAll<HTMLTimeElement>("time[data-at]")) renew(of, now);
  }, 1000);
}

function renew(of: HTMLTimeElement, now: number): void {
  const { at, style } = of.dataset;
  if (at === undefined || at === "") return;
  if (style === "ago") setText(of, ago(Number(at), now));
  else setText(of, `${style === "for" ? "for " : ""}${span(now - Number(at))}`);
}
