// The addresses of the pages, as URL hashes: `#/`, `#/devices/ID`, `#/alerts`, `#/activity`, `#/server`, with parameters after a `?`.

import type { levels } from "../api/words.ts";

type LogLevel = (typeof levels)[number];

export type Place = {
  readonly page: "fleet" | "device" | "alerts" | "activity" | "server";
  readonly id: string;
  readonly parameters: URLSearchParams;
};

/** The page a hash leads to; the fleet if it is unknown. */
export function placeOf(hash: string): Place {
  const [path = "", search = ""] = hash.replace(/^#/, "").split("?", 2);
  const [, first = "", second = ""] = path.split("/");
  const parameters = new URLSearchParams(search);
  if (first === "devices" && second !== "") {
    return { page: "device", id: decoded(second), parameters };
  }
  if (first === "alerts" || first === "activity" || first === "server")
    return { page: first, id: "", parameters };
  return { page: "fleet", id: "", parameters };
}

/** The hash of a device's page. */
export function deviceHash(id: string): string {
  return `#/devices/${encodeURIComponent(id)}`;
}

/** The hash of the activity log, filtered by a text and a level. */
export function activityHash(text: string, level: LogLevel | "" = ""): string {
  const given = Object.entries({ q: text, level }).filter(([, value]) => value !== "");
  return `#/activity?${new URLSearchParams(given).toString()}`;
}

/** Writes parameters into the address bar without leaving the page; empty ones are left out. */
export function noteParameters(path: string, parameters: Readonly<Record<string, string>>): void {
  noteEntries(path, Object.entries(parameters));
}

/** The same for parameters that can come several times. */
export function noteEntries(path: string, entries: readonly [name: string, value: string][]): void {
  const kept = new URLSearchParams(entries.filter(([, value]) => value !== ""));
  const search = kept.toString();
  history.replaceState(null, "", `#${path}${search === "" ? "" : `?${search}`}`);
}

function decoded(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}
