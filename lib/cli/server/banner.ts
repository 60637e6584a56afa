// What a start prints: where the server listens, its key, how to get at the dashboard, where it stores and logs. Prints
// nothing itself.

import { colors } from "consola/utils";

/** A server that has just started. */
export type Started = {
  readonly version: string;
  /** As configured; `::` is all addresses. */
  readonly host: string;
  readonly port: number;
  /** As devices pin it, `SHA256:…`. */
  readonly fingerprint: string;
  /** Where the dashboard is, or null. */
  readonly url: string | null;
  /** The admin token where it was made now: it is shown this once. */
  readonly newToken: string | null;
  readonly db: string;
  readonly logDir: string;
};

/** The database that is meant where none is named. */
const usualDb = "iot_server.db";

/**
 * The lines of a start; each but one with a long path fits a terminal of 80 columns.
 * @param isTerminal whether what frames the facts may be dimmed
 */
export function bannerLines(started: Started, isTerminal: boolean): string[] {
  const { version, host, port, fingerprint, url, newToken, db, logDir } = started;
  const where = host === "::" ? "all addresses, IPv4 and IPv6" : host;
  const open = `iot-server open${db === usualDb ? "" : ` --db ${db}`}`;
  const tokenFile = newToken === null ? "" : `, the token in ${db}.token`;
  const rows: [label: string, fact: string | null, more?: string][] = [
    ["key", fingerprint],
    ["dashboard", url, `  (to log in: ${open})`],
    ["token", newToken, "  (shown only now)"],
    ["data", db, `, logs in ${logDir.replace(/\/+$/, "")}/${tokenFile}`],
  ];
  const faint = (text: string) => (isTerminal ? colors.dim(text) : text);
  return [
    `iot-server ${version} listens on UDP ${port}, ${where}.`,
    ...rows
      .filter(([, fact]) => fact !== null)
      .map(([label, fact, more = ""]) => `  ${faint(label.padEnd(10))} ${fact}${faint(more)}`),
  ];
}
