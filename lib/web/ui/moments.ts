// Times that grow older on the screen: one timer renews the words of all of them, and touches those only. Counts from
// the server's clock.

import { element, setAttribute, setText } from "./element.ts";
import { ago, fullMoment, span } from "./formats.ts";

/** How far the server's clock is ahead of the browser's, ms. */
let ahead = 0;

/** Takes the time of the server. */
export function setServerTime(time: string): void {
  const at = Date.parse(time);
  if (Number.isFinite(at)) ahead = at - Date.now();
}

/** Now, by the server's clock, ms since 1970. */
export function serverNow(): number {
  return Date.now() + ahead;
}

/** How it is said: `3 min ago`, or `3 min 10 s` for what lasts. */
export type MomentStyle = "ago" | "span";

/** A time that stays true. */
export function momentElement(
  at: number | string | null,
  style: MomentStyle = "ago",
): HTMLTimeElement {
  const made = element("time", { "data-style": style });
  setMoment(made, at);
  return made;
}

/** Gives it another time, and another style if one is named; null shows a dash. */
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

/** Begins to renew them all, once a second. */
export function keepMoments(): void {
  setInterval(() => {
    const now = serverNow();
    for (const of of document.querySelectorAll<HTMLTimeElement>("time[data-at]")) renew(of, now);
  }, 1000);
}

function renew(of: HTMLTimeElement, now: number): void {
  const { at, style } = of.dataset;
  if (at === undefined || at === "") return;
  setText(of, style === "span" ? span(now - Number(at)) : ago(Number(at), now));
}
