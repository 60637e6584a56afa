// Registers the devices of an import in batches, through a port: a running server or the database. Never reads a file
// and never opens a socket.

import { describeAck } from "../../protocol/codes.ts";
import { type LabelChange, labelsMax } from "../../server/labels.ts";
import type { Candidate, EnrollResult, LabelResult } from "../../server/operator.ts";
import type { ImportedDevice, ImportLine, RefusedLine } from "./import-file.ts";

/** What an import needs from its caller. */
export type ImportPort = {
  enroll(candidates: readonly Candidate[]): Promise<readonly EnrollResult[]>;
  /** Sets the labels of devices, each its own; a result for each, in the same order. */
  label(
    changes: readonly { readonly id: string; readonly changes: readonly LabelChange[] }[],
  ): Promise<readonly LabelResult[]>;
  hashPassword(password: string): Promise<string>;
  onRefused(line: RefusedLine): void;
  /** @param lines number of lines done, without the heading */
  onProgress(lines: number): void;
};

/** Counts of an import's lines. */
export type Imported = { registered: number; unchanged: number; refused: number };

/** Lines per batch: few enough to hash their passwords at the same time, and to fit into one call; more without any. */
const batchLines = 64;
const hashedBatchLines = 512;

/**
 * Registers the devices of an import; each line completely or not at all.
 * @param counts is updated batch by batch; after an error it counts the lines done so far
 * @throws whatever the port throws. The import can be run again: devices that are registered already count as unchanged
 */
export async function importDevices(
  lines: Iterable<ImportLine>,
  port: ImportPort,
  counts: Imported,
): Promise<void> {
  let done = 0;
  let batch: ImportLine[] = [];
  let most = hashedBatchLines;
  const flush = async () => {
    const devices = batch.filter((line): line is ImportedDevice => "id" in line);
    const refused = batch.filter((line): line is RefusedLine => "reason" in line);
    refused.push(...(await enrollAll(devices, port, counts)));
    counts.refused += refused.length;
    for (const line of refused.sort((a, b) => a.line - b.line)) port.onRefused(line);
    done += batch.length;
    batch = [];
    most = hashedBatchLines;
    port.onProgress(done);
  };
  for (const line of lines) {
    if ("id" in line && line.hash === null) most = batchLines;
    if (batch.push(line) >= most) await flush();
  }
  if (batch.length > 0) await flush();
}

/** Registers some devices, and sets their labels; returns the lines that were refused. */
async function enrollAll(
  devices: readonly ImportedDevice[],
  port: ImportPort,
  counts: Imported,
): Promise<RefusedLine[]> {
  if (devices.length === 0) return [];
  const first = await port.enroll(devices.map((device) => candidateOf(device, device.hash)));
  // A hash takes 10 to 20 ms of a core: compute it only for devices that would be registered.
  const wanted = devices.filter((_, i) => first[i]?.kind === "hash");
  const hashed = await Promise.all(
    wanted.map(async (device) =>
      candidateOf(device, await port.hashPassword(device.password as string)),
    ),
  );
  const second = hashed.length === 0 ? [] : await port.enroll(hashed);
  const refused: RefusedLine[] = [];
  const there: ImportedDevice[] = [];
  for (const [i, device] of devices.entries()) {
    const answer = first[i]?.kind === "hash" ? second[wanted.indexOf(device)] : first[i];
    const code = answer?.kind === "done" ? answer.code : "95";
    if (code === "00") counts.registered++;
    else if (code === "01") counts.unchanged++;
    else refused.push(refusal(device, code));
    if (code === "00" || code === "01") there.push(device);
  }
  return [...refused, ...(await labelAll(there, port))];
}

/** Sets the labels of devices that are registered; returns the lines whose labels were refused. */
async function labelAll(
  devices: readonly ImportedDevice[],
  port: ImportPort,
): Promise<RefusedLine[]> {
  const labelled = devices.filter(({ labels }) => labels.length > 0);
  if (labelled.length === 0) return [];
  const results = await port.label(labelled.map(({ id, labels: changes }) => ({ id, changes })));
  return labelled.flatMap(({ line, id }, i) => {
    const kind = results[i]?.kind;
    if (kind === "labelled" || kind === "unchanged") return [];
    const why =
      kind === "too-many"
        ? `a device has at most ${labelsMax} labels`
        : "the server's error.log says why";
    return [{ line, reason: `${id}: is registered, but its labels were refused: ${why}` }];
  });
}

function refusal({ line, id }: ImportedDevice, code: string): RefusedLine {
  return { line, reason: `${id}: ${code} ${describeAck(code)}` };
}

function candidateOf({ id, mac, ip, port }: ImportedDevice, hash: string | null): Candidate {
  return { id, mac, ip, port, hash };
}
