// The output and exit codes of `iot-server status` and `health`. Never asks the server: what it told is passed in.

import { exitCode, type ExitCode, OperatingError } from "../../operating-error.ts";
import { roughDuration } from "../../server/duration-text.ts";
import { type Health, isServing } from "../../server/health.ts";
import type { ToldStatus } from "../../server/told-status.ts";
import type { WriteLine } from "./commands.ts";
import { printable } from "./printable.ts";

/** Prints the status: a line a subject, or the JSON of the API with `port` and `health`. */
export function printStatus(
  { json }: { readonly json: boolean },
  status: ToldStatus,
  write: WriteLine,
): ExitCode {
  if (json) write(JSON.stringify(status));
  else for (const line of statusLines(status)) write(line);
  return exitCode.done;
}

function statusLines(status: ToldStatus): string[] {
  const { devices, rates, latency, database, warnings, health } = status;
  const { datagramsPerSecond, reportsPerSecond, dropsPerSecond } = rates;
  const silent = devices.silent === 0 ? "" : `, ${devices.silent} silent`;
  const drops = dropsPerSecond === 0 ? "" : `, ${dropsPerSecond} dropped`;
  const { request, commit } = latency;
  const rows: [label: string, facts: string][] = [
    ["health", health.why === null ? health.status : `${health.status}: ${health.why}`],
    ["devices", `${devices.registered} registered, ${devices.online} online${silent}`],
    ["traffic", `${datagramsPerSecond} datagrams/s, ${reportsPerSecond} reports/s${drops}`],
    ["latency", `requests ${spread(request)}; commits ${spread(commit)}`],
    [
      "data",
      `${database.reports} ${database.reports === 1 ? "report" : "reports"}, ${bytes(database.bytes + database.walBytes)}`,
    ],
    ["memory", bytes(status.memoryBytes)],
    ...warnings.map(({ text }): [string, string] => ["warning", text]),
  ];
  const node = status.node === "" ? "" : `, as node ${status.node}`;
  const uptime = roughDuration(status.uptimeSeconds * 1000);
  return [
    `iot-server ${status.version} has served UDP ${status.port} for ${uptime}${node}.`,
    ...rows.map(([label, facts]) => `  ${label.padEnd(10)} ${printable(facts)}`),
  ];
}

function spread({ p50, p99 }: { readonly p50: number; readonly p99: number }): string {
  return `p50 ${p50} ms, p99 ${p99} ms`;
}

function bytes(count: number): string {
  return count < 1e9 ? `${(count / 1e6).toFixed(1)} MB` : `${(count / 1e9).toFixed(1)} GB`;
}

/**
 * Prints how the server is, in a word and the reason.
 * @param health null if no server answers
 * @throws OperatingError `server-not-running`, with the exit code for no answer
 */
export function printHealth(
  { json, db }: { readonly json: boolean; readonly db: string },
  health: Health | null,
  write: WriteLine,
): ExitCode {
  if (health === null) {
    throw new OperatingError(
      "server-not-running",
      `No iot-server answers for ${db}.`,
      "Start it, run this as the user that started it, or name its database with --db, its folder with --data.",
      exitCode.noAnswer,
    );
  }
  const { status, why } = health;
  if (json) write(JSON.stringify(health));
  else write(why === null ? status : printable(`${status}: ${why}. See iot-server status.`));
  return isServing(health) ? exitCode.done : exitCode.refused;
}
