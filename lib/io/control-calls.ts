// The calls of commands to the running server, over its control socket. Serves nothing, and words no output.

import { dirname } from "node:path";
import { type AlertOperations, operationNames } from "../alerts/alert-operations.ts";
import { type Notice, OperatingError } from "../operating-error.ts";
import type { AskResult } from "../server/asks.ts";
import type { BridgeState } from "../server/bridge-state.ts";
import type { DoorAction, DoorResult } from "../server/door/door-action.ts";
import type { Health } from "../server/health.ts";
import type { CancelResult, QueueResult } from "../server/commands/commanding.ts";
import type { Ordered } from "../server/commands/command-rules.ts";
import type { CommandRow } from "../server/rows.ts";
import type {
  Candidate,
  ChangeResult,
  EnrollResult,
  LabelResult,
  RemoveResult,
} from "../server/operator.ts";
import type { ToldStatus } from "../server/told-status.ts";
import { fromDoorJson, toDoorJson } from "./door-json.ts";
import {
  type ControlQuestion,
  isOnlyFolder,
  type OperationOutcome,
  type Relabelling,
  type SentLabels,
  socketPathOf,
  socketPathsOf,
} from "./control-socket.ts";

/**
 * Asks the running server to ask a device.
 * @throws OperatingError `server-not-running`
 */
export function askServer(databasePath: string, question: ControlQuestion): Promise<AskResult> {
  return call(databasePath, "/query", question) as Promise<AskResult>;
}

/**
 * Asks the running server to allow text requests of a device again; whether the device is registered.
 * @throws OperatingError `server-not-running`
 */
export async function allowTextOn(databasePath: string, id: string): Promise<boolean> {
  const answered = await call(databasePath, "/allow-text", { id });
  return (answered as { known: boolean }).known;
}

/**
 * Asks the running server to register devices.
 * @param candidates at most a few hundred: a request has at most 256 KiB
 * @throws OperatingError `server-not-running`
 */
export async function enrollOn(
  databasePath: string,
  candidates: readonly Candidate[],
): Promise<readonly EnrollResult[]> {
  return (await call(databasePath, "/enroll", candidates)) as EnrollResult[];
}

/** A request has at most 256 KiB; what is asked for of one device has at most a tenth of the rest. */
const groupBytes = 200 << 10;

/** With all labels that a device can have, as many actions fit into a request. */
const doorActions = 30;

/**
 * Asks the running server to change the labels of devices; a result for each, in the same order.
 * @param devices those that fit into one request are one transaction
 * @throws OperatingError `server-not-running`
 */
export async function labelOn(
  databasePath: string,
  devices: readonly Relabelling[],
): Promise<readonly LabelResult[]> {
  const answered = await inGroups(databasePath, "/label", devices);
  return (answered as SentLabels[]).map(receivedLabels);
}

/**
 * Asks the running server to queue commands; a result for each, in the same order.
 * @param all those that fit into one request are one transaction
 * @throws OperatingError `server-not-running`
 */
export async function commandOn(
  databasePath: string,
  all: readonly Ordered[],
): Promise<readonly QueueResult[]> {
  return (await inGroups(databasePath, "/command", all)) as QueueResult[];
}

/** Asks the running server to cancel commands. @throws OperatingError `server-not-running` */
export async function cancelOn(
  databasePath: string,
  numbers: readonly number[],
): Promise<readonly CancelResult[]> {
  return (await inGroups(databasePath, "/cancel", numbers)) as CancelResult[];
}

/** Asks the running server to cancel all open commands of a device. @throws OperatingError `server-not-running` */
export async function cancelAllOn(
  databasePath: string,
  device: string,
): Promise<readonly CommandRow[] | null> {
  const answered = await call(databasePath, "/cancel-all", { device });
  return (answered as { cancelled: readonly CommandRow[] | null }).cancelled;
}

/** Makes a call in as many requests as it needs; the results in order. */
async function inGroups(
  databasePath: string,
  path: string,
  all: readonly unknown[],
): Promise<unknown[]> {
  const results: unknown[] = [];
  for (let from = 0; from < all.length;) {
    const group: unknown[] = [];
    for (let bytes = 0; bytes < groupBytes && from < all.length; from++) {
      bytes += Buffer.byteLength(JSON.stringify(all[from]));
      group.push(all[from]);
    }
    results.push(...((await call(databasePath, path, group)) as unknown[]));
  }
  return results;
}

/**
 * Asks the running server for a link that logs a browser in once; null if it serves no dashboard.
 * @throws OperatingError `server-not-running`
 */
export async function loginLinkOf(databasePath: string): Promise<string | null> {
  return ((await call(databasePath, "/login-link", {})) as { link: string | null }).link;
}

/** Whether a server answers that shares the folder of this database. */
export async function answersHere(databasePath: string): Promise<boolean> {
  try {
    await call(databasePath, "/retention", {});
    return true;
  } catch {
    return false;
  }
}

/**
 * Asks the running server why it removes no old reports for a while; null if it does.
 * @throws OperatingError `server-not-running`
 */
export async function retentionHoldOf(databasePath: string): Promise<Notice | null> {
  return ((await call(databasePath, "/retention", {})) as { hold: Notice | null }).hold;
}

/** Asks the running server to deregister a device. @throws OperatingError `server-not-running` */
export async function removeOn(databasePath: string, id: string): Promise<RemoveResult> {
  const answered = await call(databasePath, "/deregister", { id });
  return (answered as { result: RemoveResult }).result;
}

/**
 * Asks the running server to give a device another password.
 * @param hash argon2id of the password
 * @throws OperatingError `server-not-running`
 */
export async function changePasswordOn(
  databasePath: string,
  id: string,
  hash: string,
): Promise<ChangeResult> {
  const answered = await call(databasePath, "/password", { id, hash });
  return (answered as { result: ChangeResult }).result;
}

/**
 * Has the running server carry out actions at the door; a result for each, in the same order.
 * @param actions as many as fit into a request are one transaction
 * @throws OperatingError `server-not-running`
 */
export async function doorOn(
  databasePath: string,
  actions: readonly DoorAction[],
): Promise<DoorResult[]> {
  const results: DoorResult[] = [];
  for (let from = 0; from < actions.length; from += doorActions) {
    const some: unknown = JSON.parse(toDoorJson(actions.slice(from, from + doorActions)));
    const answered = await call(databasePath, "/door", some);
    results.push(...(fromDoorJson(JSON.stringify(answered)) as DoorResult[]));
  }
  return results;
}

/**
 * How the running server is.
 * @param port the UDP port of one of several servers that share a folder; null for any
 * @throws OperatingError `server-not-running`
 */
export function healthOn(databasePath: string, port: number | null): Promise<Health> {
  return call(databasePath, "/health", {}, port) as Promise<Health>;
}

/** The status of the running server. @param port as for `healthOn` @throws OperatingError `server-not-running` */
export function statusOn(databasePath: string, port: number | null): Promise<ToldStatus> {
  return call(databasePath, "/status", {}, port) as Promise<ToldStatus>;
}

/** Alerts as the running server has them. Each operation also throws OperatingError `server-not-running`. */
export function alertsOn(databasePath: string): AlertOperations {
  const operation =
    (name: string) =>
    async (...args: readonly unknown[]): Promise<unknown> => {
      const outcome = (await call(databasePath, "/alert", { name, args })) as OperationOutcome;
      if ("value" in outcome) return outcome.value;
      const { code, message, nextStep } = outcome.refused;
      throw new OperatingError(code, message, nextStep);
    };
  // Each takes and gives what JSON has.
  return Object.fromEntries(operationNames.map((name) => [name, operation(name)])) as never;
}

/** How the bridge to an MQTT broker is; null without one. @throws OperatingError `server-not-running` */
export async function bridgeOn(databasePath: string): Promise<BridgeState | null> {
  return ((await call(databasePath, "/mqtt", {})) as { bridge: BridgeState | null }).bridge;
}

async function call(
  databasePath: string,
  path: string,
  body: unknown,
  port: number | null = null,
): Promise<unknown> {
  const own = socketPathOf(databasePath);
  const all = socketPathsOf(databasePath);
  const some = all.filter((unix) => unix === own || unix.endsWith(`-${port}.sock`));
  for (const unix of port === null ? all : some) {
    try {
      const sent = { method: "POST", unix, body: JSON.stringify(body) };
      const response = await fetch(`http://localhost${path}`, sent);
      return await response.json();
    } catch {
      // A leftover, or a server that stops: another one may answer.
    }
  }
  throw new OperatingError(
    "server-not-running",
    isOnlyFolder(databasePath)
      ? `No iot-server answers in the folder ${dirname(databasePath)}.`
      : `No iot-server answers for ${databasePath}.`,
    "Start it, run this as the user that started it, or name its database with --db, its folder with --data.",
  );
}

function receivedLabels({ labels, ...result }: SentLabels): LabelResult {
  const had = labels === undefined ? {} : { labels: new Map(Object.entries(labels)) };
  return Object.assign(result, had) as LabelResult;
}
