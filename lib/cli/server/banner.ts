// The lines that a starting server shows: where it listens, its key, how to open the dashboard, where data and logs
// are. Never prints them itself.

import { dirname } from "node:path";
import { colors } from "consola/utils";
import type { Join } from "../../server/policy.ts";
import { exactDuration } from "../../server/duration-text.ts";

/** A server that has just started. */
export type Started = {
  readonly version: string;
  /** The address it listens on; `::` is all addresses. */
  readonly host: string;
  /** Whether it was to listen on IPv6 too, which this system does not have. */
  readonly lacksIpv6: boolean;
  readonly port: number;
  /** Fingerprint of the server's key, `SHA256:…`, as clients show it. */
  readonly fingerprint: string;
  /** A link that logs in to the dashboard once, or null if none is served. */
  readonly loginLink: string | null;
  /** The admin token if this start created it, else null. It is shown only once. */
  readonly newToken: string | null;
  readonly db: string;
  /** The database on the network that has the data, as it is shown; null if `db` has them. */
  readonly store: string | null;
  /** The name of this server on that store, and those of the others that live; null if there can be none. */
  readonly node: { readonly own: string; readonly others: readonly string[] } | null;
  readonly logDir: string;
  readonly logTo: "files" | "stdout" | "both";
  /** Whether text is refused, and whether unknown devices are. */
  readonly requireEncryption: boolean;
  readonly pskFile: string | null;
  readonly join: Join;
  /** The age up to which reports are kept, ms; null if all are. */
  readonly retainMs: number | null;
};

/** The default database. */
const usualDb = "iot_server.db";

/**
 * Makes the lines. Each fits a terminal of 80 columns, unless it has a long path.
 * @param isTerminal whether labels and explanations are dimmed with escape sequences
 */
export function bannerLines(started: Started, isTerminal: boolean): string[] {
  const { version, port, fingerprint, loginLink, newToken } = started;
  const { db, store, node, retainMs } = started;
  const place = store === null ? `--db ${db}` : `--data ${dirname(db)}`;
  const open = `iot-server open${db === usualDb ? "" : ` ${place}`}`;
  const tokenFile = newToken === null ? "" : `, the token in ${db}.token`;
  const rows: [label: string, fact: string | null, more?: string][] = [
    ["key", fingerprint],
    ["dashboard", loginLink],
    ["", loginLink && "", `(once; again: ${open})`],
    ["token", newToken, "  (shown only now)"],
    ["devices", admission(started)],
    ["data", store ?? db, `, ${logsIn(started)}${tokenFile}`],
    ["node", node && node.own, othersOf(node)],
    ["", retainMs === null ? null : `keeps reports ${exactDuration(retainMs)}`],
  ];
  const faint = (text: string) => (isTerminal ? colors.dim(text) : text);
  return [
    `iot-server ${version} listens on UDP ${port}, ${placeOf(started)}.`,
    ...rows
      .filter(([, fact]) => fact !== null)
      .map(([label, fact, more = ""]) => `  ${faint(label.padEnd(10))} ${fact}${faint(more)}`),
  ];
}

/** Where the logs are. */
function logsIn({ logDir, logTo }: Started): string {
  const files = `logs in ${logDir.replace(/\/+$/, "")}/`;
  return { files, stdout: "logs here", both: `${files} and here` }[logTo];
}

/** Which other servers the store has. */
function othersOf(node: Started["node"]): string {
  const others = node?.others ?? [];
  if (others.length === 0) return ", alone so far";
  const [few, more] = [others.slice(0, 3).join(", "), others.length - 3];
  return `, with ${few}${more > 0 ? ` and ${more} more` : ""}`;
}

function placeOf({ host, lacksIpv6 }: Started): string {
  if (lacksIpv6) return "all addresses, IPv4 only: this system has no IPv6";
  return host === "::" ? "all addresses, IPv4 and IPv6" : host;
}

const unknownOnes: Readonly<Record<Join, readonly string[]>> = {
  open: [],
  approve: ["unknown ones wait: iot-server devices --pending"],
  closed: ["unknown ones are refused: register them with iot-server import"],
};

/** Which devices are refused, or null if all are served. */
function admission({ requireEncryption, pskFile, join }: Started): string | null {
  const rules = [
    ...(requireEncryption ? [`text is refused${pskFile === null ? "" : " (--psk-file)"}`] : []),
    ...unknownOnes[join],
  ];
  return rules.length === 0 ? null : rules.join("; ");
}
