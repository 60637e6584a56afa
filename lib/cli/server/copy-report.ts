// The words after a copy to PostgreSQL: what is there, that it was compared, and how a server starts with it.

import { counted } from "./check-report.ts";

/**
 * The lines of `iot-server copy`.
 * @param source the name of what was copied
 * @param target the address of the database, without its password
 * @param key the path of the key that a server needs there, too; null if there is none
 */
export function copyLines(
  source: string,
  target: string,
  found: {
    readonly counts: Readonly<Record<string, number>>;
    readonly hash: string;
    readonly sharedIp: boolean;
  },
  key: string | null,
): string[] {
  const { counts, hash, sharedIp } = found;
  const words = [
    counted(counts["device"] ?? 0, "device"),
    counted(counts["label"] ?? 0, "label"),
    counted(counts["session"] ?? 0, "session"),
    counted(counts["report"] ?? 0, "report"),
    counted(counts["question"] ?? 0, "question"),
    counted(counts["answered"] ?? 0, "answered request"),
  ];
  const lines = [
    `${target}: ${words.join(", ")}.`,
    `Compared row by row with ${source}: SHA-256 ${hash} on both sides.`,
  ];
  if (key !== null) {
    lines.push(
      `Copy ${key} into the folder of --data: devices know this key.`,
      `Copy ${source}.token there as iot-server.token, to keep the admin token.`,
    );
  }
  lines.push(`Then: iot-server 9000 --store ${target} --data DIR${sharedIp ? " --shared-ip" : ""}`);
  return lines;
}
