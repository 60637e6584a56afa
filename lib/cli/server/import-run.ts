// Registers the devices of an import in batches, through a port: a running server or the database. Never reads a file
// and never opens a socket.

import { describeAck } from "../../protocol/codes.ts";
import type { Candidate, EnrollResult } from "../../server/operator.ts";
import type { ImportedDevice, ImportLine, RefusedLine } from "./import-file.ts";

/** What an import needs from its caller. */
export type ImportPort = {
  enroll(candidates: readonly Candidate[]): Promise<readonly EnrollResult[]>;
  hashPassword(password: string): Promise<string>;
  onRefused(line: RefusedLine): void;
  /** @param lines number of lines done, without the heading */
  onProgress(lines: number): void;
};

/** Counts of an import's lines. */
export type Imported = { registered: number; unchanged: number; refused: number };

/** Lines per batch: few enough to hash their passwords at the same time, and to fit into one call. */
const batchLines = 64;

/**
 * Registers the devices of an import; each line completely or not at all.
 * @param counts is updated batch by batch; after an error it counts the lines done so far
 * @throws whatever `enroll` throws. The import can be run again: devices that are registered already count as unchanged
 */
export async function importDevices(
  lines: Iterable<ImportLine>,
  port: ImportPort,
  counts: Imported,
): Promise<void> {
  let done = 0;
  let batch: ImportLine[] = [];
  const flush = async () => {
    const devices = batch.filter((line): line is ImportedDevice => "id" in line);
    const refused = batch.filter((line): line is RefusedLine => "reason" in line);
    refused.push(...(await enrollAll(devices, port, counts)));
    counts.refused += refused.length;
    for (const line of refused.sort((a, b) => a.line - b.line)) port.onRefused(line);
    done += batch.length;
    batch = [];
    port.onProgress(done);
  };
  for (const line of lines) {
    if (batch.push(line) >= batchLines) await flush();
  }
  if (batch.length > 0) await flush();
}

/** Registers some devices; returns the lines that were refused. */
async function enrollAll(
  devices: readonly ImportedDevice[],
  { enroll, hashPassword }: ImportPort,
  counts: Imported,
): Promise<RefusedLine[]> {
  if (devices.length === 0) return [];
  const first = await enroll(devices.map((device) => candidateOf(device, null)));
  // A hash takes 10 to 20 ms of a core: compute it only for devices that would be registered.
  const wanted = devices.filter((_, i) => first[i]?.kind === "hash");
  const hashed = await Promise.all(
    wanted.map(async (device) => candidateOf(device, await hashPassword(device.password))),
  );
  const second = hashed.length === 0 ? [] : await enroll(hashed);
  return devices.flatMap((device, i) => {
    const answer = first[i]?.kind === "hash" ? second[wanted.indexOf(device)] : first[i];
    const code = answer?.kind === "done" ? answer.code : "95";
    if (code === "00") counts.registered++;
    else if (code === "01") counts.unchanged++;
    else return { line: device.line, reason: `${device.id}: ${code} ${describeAck(code)}` };
    return [];
  });
}

function candidateOf({ id, mac, ip, port }: ImportedDevice, hash: string | null): Candidate {
  return { id, mac, ip, port, hash };
}
