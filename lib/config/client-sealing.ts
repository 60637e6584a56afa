// The client's flags for the envelope: text or sealed, the pre-shared key, the server's key. Never opens a file.

import { isFingerprint } from "../sealed/fingerprint.ts";
import type { Arguments } from "./arguments.ts";
import type { FlagName } from "./client-flags.ts";
import { quoted, usageError } from "./values.ts";

/** Whether messages are sealed, and the settings of the envelope if they are. */
export type Sealing = { readonly kind: "text" } | Sealed;

/** The settings of the envelope. */
export type Sealed = {
  readonly kind: "sealed";
  /** The file with the 32 bytes of the pre-shared key, or null for none. */
  readonly pskFile: string | null;
  /** The fingerprint that the server's key must have, or null to trust the key of the first contact. */
  readonly serverKey: string | null;
  /** Whether the device answers plain text of others, too. */
  readonly answerText: boolean;
};

/**
 * Reads the flags of the envelope, --text among them.
 * @throws OperatingError `usage`
 */
export function sealingOf(given: Arguments<FlagName>): Sealing {
  if (!given.isOn("text")) return { ...sealedOf(given), answerText: given.isOn("answer-text") };
  if ((given.value("psk-file") ?? given.value("server-key")) !== null) {
    throw usageError("--text uses no keys.", "Leave out --text, or --psk-file and --server-key.");
  }
  return { kind: "text" };
}

/**
 * Reads the settings of the envelope.
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
  return { kind: "sealed", pskFile: value("psk-file"), serverKey, answerText: false };
}
