// The command for alerts: through the running server, or in the store if no server runs. Connects it to the terminal.

import { readFileSync } from "node:fs";
import { AlertDesk } from "../lib/alerts/alert-desk.ts";
import { type AlertOperations, operationsOn } from "../lib/alerts/alert-operations.ts";
import { runAlertAction } from "../lib/cli/server/alert-run.ts";
import { confirmation } from "../lib/cli/server/confirm.ts";
import type { WriteLine } from "../lib/cli/server/commands.ts";
import type { AlertAction } from "../lib/config/alert-arguments.ts";
import type { DataPlace } from "../lib/config/store-source.ts";
import { alertsOn } from "../lib/io/control-calls.ts";
import { httpPost } from "../lib/io/http-post.ts";
import { type ExitCode, OperatingError } from "../lib/operating-error.ts";
import type { Selector } from "../lib/server/selector.ts";
import { selected } from "./label.ts";
import { needsServer, openHere } from "./opened-store.ts";
import { placeOf } from "./place.ts";
import { version } from "./version.ts";

const headerFileBytesMax = 64 << 10;

/** Carries out an action of `iot-server alert`. */
export async function runAlert(
  { alert, json, ...place }: DataPlace & { readonly alert: AlertAction; readonly json: boolean },
  write: WriteLine,
): Promise<ExitCode> {
  const store = placeOf(place);
  const terminal = {
    selected: (select: Selector) => selected(store, select),
    confirm: confirmation(),
    readHeaders,
  };
  const run = (operations: AlertOperations) =>
    runAlertAction(alert, { operations, ...terminal, now: Date.now(), json, write });
  if (await needsServer(store)) return run(alertsOn(store.path));
  // Where nothing is stored there is nothing to list: nothing is made for it.
  if (alert.action === "list" || alert.action === "rules") await store.isRegistered("");
  const opened = await openHere(store, "alert", false);
  try {
    const now = () => ({ wall: Date.now(), monotonic: performance.now() });
    const ports = { now, post: httpPost(version), sender: { url: "" } };
    return await run(operationsOn(new AlertDesk(opened.alerts, () => {}, now), ports));
  } finally {
    await opened.close();
  }
}

function readHeaders(file: string): string {
  try {
    const bytes = readFileSync(file);
    if (bytes.length <= headerFileBytesMax) return bytes.toString("utf8");
  } catch (error) {
    const { code } = error as { code?: string };
    const message = `${file} cannot be read (${code ?? "unknown"}).`;
    throw new OperatingError("file-unreadable", message, "Name a file with a header a line.");
  }
  throw new OperatingError(
    "file-unreadable",
    `${file} is too long for headers.`,
    "Name another file.",
  );
}
