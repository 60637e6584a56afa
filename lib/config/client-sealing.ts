// How a client speaks, as its flags say: text or sealed, and what the sealed side is told. Opens no file.

import { isFingerprint } from "../sealed/fingerprint.ts";
import type { Values } from "./client-arguments.ts";
import { quoted, usageError } from "./values.ts";

/** Whether the messages are sealed, and what the sealed side is told. */
export type Sealing =
  | { readonly kind: "text" }
  | {
      readonly kind: "sealed";
      /** A file with 32 bytes that both sides share, or null. */
      readonly pskFile: string | null;
      /** The fingerprint of the server's key, or null to trust the first contact. */
      readonly serverKey: string | null;
    };

/**
 * Reads the flags of the envelope.
 * @throws OperatingError `usage`
 */
export function sealingOf(values: Values): Sealing {
  const { text, "psk-file": pskFile = null, "server-key": serverKey = null } = values;
  if (text && (pskFile ?? serverKey) !== null) {
    throw usageError("--text has no keys.", "Leave out --text, or --psk-file and --server-key.");
  }
  if (serverKey !== null && !isFingerprint(serverKey)) {
    throw usageError(
      `--server-key is ${quoted(serverKey)}, not SHA256: and 43 characters.`,
      "Copy what the server prints at its start, or by iot-server fingerprint.",
    );
  }
  return text ? { kind: "text" } : { kind: "sealed", pskFile, serverKey };
}
