// How a client speaks, as its flags say: text or sealed, and what the sealed side is told. Opens no file.

import { isFingerprint } from "../sealed/fingerprint.ts";
import type { Arguments } from "./arguments.ts";
import type { FlagName } from "./client-flags.ts";
import { quoted, usageError } from "./values.ts";

/** Whether the messages are sealed, and what the sealed side is told. */
export type Sealing = { readonly kind: "text" } | Sealed;

/** What the sealed side is told. */
export type Sealed = {
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
export function sealingOf(given: Arguments<FlagName>): Sealing {
  if (!given.isOn("text")) return sealedOf(given);
  if ((given.value("psk-file") ?? given.value("server-key")) !== null) {
    throw usageError("--text has no keys.", "Leave out --text, or --psk-file and --server-key.");
  }
  return { kind: "text" };
}

/**
 * Reads what the sealed side is told.
 * @throws OperatingError `usage`
 */
export function sealedOf({ value, nameOf }: Arguments<FlagName>): Sealed {
  const serverKey = value("server-key");
  if (serverKey !== null && !isFingerprint(serverKey)) {
    throw usageError(
      `${nameOf("server-key")} is ${quoted(serverKey)}, not SHA256: and 43 characters.`,
      "Copy what the server prints at its start, or by iot-server fingerprint.",
    );
  }
  return { kind: "sealed", pskFile: value("psk-file"), serverKey };
}
