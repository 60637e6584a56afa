// Where messages of alerts go: a URL, the form that it wants, and headers. Reads what an operator gives, and shows it without
// secrets. Sends nothing.

/** The forms of messages, the usual one first. */
export const formats = ["alertmanager", "alertmanager-api", "ntfy", "text", "json"] as const;
export type Format = (typeof formats)[number];

export type Destination = {
  readonly name: string;
  /** May contain a password, or a key in its query. */
  readonly url: string;
  readonly format: Format;
  /** Their values are secret. */
  readonly headers: readonly (readonly [name: string, value: string])[];
};

const urlCharsMax = 2_048;
export const headersMax = 16;
const headerForm = /^([A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}):[ \t]*([\t\x20-\x7e]{0,1024})$/;
/** What the server itself sets. */
const ownHeaders = ["content-type", "content-length", "host", "user-agent", "idempotency-key"];

/** What is wrong with a URL, in words; null if nothing is. Never quotes it. */
export function urlFault(text: string, format: Format): string | null {
  if (text.length > urlCharsMax) return `a URL has at most ${urlCharsMax} characters`;
  const url = URL.parse(text);
  if (url === null) return "it is no URL, as in https://host/path";
  if (url.protocol !== "http:" && url.protocol !== "https:")
    return "it begins with http: or https:";
  if (url.hash !== "") return "a URL to post to has no part behind #";
  if (format === "ntfy" && topicOf(url) === null) {
    return "ntfy needs a topic of 1 to 64 of A-Z a-z 0-9 _ - as its path, as in https://ntfy.sh/my-topic";
  }
  return null;
}

/** The topic of ntfy in the path of a URL; null if it is none. */
export function topicOf({ pathname }: URL): string | null {
  return /^\/([A-Za-z0-9_-]{1,64})\/?$/.exec(pathname)?.[1] ?? null;
}

/** A URL as it may be shown: without its password and its query, in which keys are given. */
export function shownUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null) return "";
  const secret = url.password === "" ? "" : `${url.username}:***@`;
  const user = secret === "" && url.username !== "" ? `${url.username}@` : secret;
  return `${url.protocol}//${user}${url.host}${url.pathname}${url.search === "" ? "" : "?***"}`;
}

/**
 * Reads headers, one a line as `Name: value`; empty lines and those that begin with # are skipped.
 * @returns them, or the number of the line that is wrong
 */
export function headersIn(text: string): Destination["headers"] | number {
  const headers: [string, string][] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const [, name, value] = headerForm.exec(line) ?? [];
    const isWrong = name === undefined || ownHeaders.includes(name.toLowerCase());
    if (isWrong || headers.length >= headersMax) return i + 1;
    headers.push([name, value ?? ""]);
  }
  return headers;
}
