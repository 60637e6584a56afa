// Registers the devices of an import, a batch at a time, wherever that is done. Reads no file and knows no socket.

import { describeAck } from "../../protocol/codes.ts";
import type { ImportedDevice, ImportLine, RefusedLine } from "./import-file.ts";

/** A device to register; `hash` of its password is null where it is first asked whether it would be refused. */
type Candidate = Omit<ImportedDevice, "line" | "password"> & { readonly hash: string | null };

/** An ACK code, or the hash is wanted. */
type EnrollAnswer = { readonly kind: "hash" } | { readonly kind: "done"; readonly code: string };

/** What an import needs. */
export type ImportPort = {
  enroll(candidates: readonly Candidate[]): Promise<readonly EnrollAnswer[]>;
  hashPassword(password: string): Promise<string>;
  onRefused(line: RefusedLine): void;
  /** @param lines behind the heading, so far */
  onProgress(lines: number): void;
};

/** What became of an import. */
export type Imported = { registered: number; unchanged: number; refused: number };

/** Lines of a batch: few enough for the memory that their hashes take, and for a call. */
const batchLines = 64;

/**
 * Registers the devices of an import; each line wholly or not at all.
 * @param counts is counted up; where this ends in an error, so far was it
 * @throws whatever `enroll` throws; a second run goes on where this one stopped
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

/** Registers some; returns those that were refused. */
async function enrollAll(
  devices: readonly ImportedDevice[],
  { enroll, hashPassword }: ImportPort,
  counts: Imported,
): Promise<RefusedLine[]> {
  if (devices.length === 0) return [];
  const first = await enroll(devices.map((device) => candidateOf(device, null)));
  // A hash takes a core for a hundredth of a second or two: only for devices that will not be refused without it.
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
