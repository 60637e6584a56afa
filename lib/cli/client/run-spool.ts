// Opens the spool that the command run is configured to use. An agent that cannot write its state goes on in memory.

import { ReportQueue } from "../../client/report-queue.ts";
import type { Spool } from "../../client/spool.ts";
import type { ClientConfig } from "../../config/client.ts";
import { OperatingError } from "../../operating-error.ts";
import type { Machine } from "./machine.ts";

type RunConfig = Extract<ClientConfig, { command: "run" | "wake" }>;

/** What does not stop an agent that was not told to keep its reports in a certain file. */
const bearable = ["secret-unwritable", "spool-unusable"];

/**
 * Opens the spool, and says how many reports wait in it.
 * @param notice shows a line to a person
 * @throws OperatingError if the spool is in use or another device's, can be read by others, or if a file that was named
 *   cannot be used
 */
export function openSpool(
  { id, spool, spoolMax }: Pick<RunConfig, "id" | "spool" | "spoolMax">,
  machine: Machine,
  notice: (line: string) => void,
): Spool {
  if (spool === null) return new ReportQueue(spoolMax);
  try {
    const path = spool === "state" ? null : spool.file;
    const opened = machine.openSpool(id, path, spoolMax, notice);
    if (opened.length > 0) notice(`* reports that wait since the last end: ${opened.length}`);
    return opened;
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    if (spool !== "state" || !bearable.includes(error.code)) throw error;
    notice(`${error.message} Reports that are not delivered are kept in memory only.`);
    return new ReportQueue(spoolMax);
  }
}
