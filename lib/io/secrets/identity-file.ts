// The server's keys on the disk: `identity.key` beside its database, created at the first start. Also reads the
// pre-shared key of `--psk-file`.

import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import { OperatingError } from "../../operating-error.ts";
import { ed25519KeyPair, hmac, x25519KeyPair } from "../../sealed/primitives.ts";
import type { Identity } from "../../server/identity.ts";
import { readSecretFile, writeSecretFile } from "./secret-file.ts";

const heading = "iot-server identity 1";
const secretBytes = 32;

/** The path of the server's keys, in the folder of its database. */
export function identityPathOf(databasePath: string): string {
  return join(dirname(databasePath), "identity.key");
}

/**
 * Reads the server's keys, or creates them.
 * @param psk the pre-shared key, 32 bytes, or null
 * @throws OperatingError `identity-damaged`, `secret-exposed`, `secret-unwritable`
 */
export function openIdentity(databasePath: string, psk: Uint8Array | null): Identity {
  return readIdentity(databasePath, psk) ?? makeIdentity(databasePath, psk);
}

/**
 * Reads the server's keys; null if there are none yet.
 * @param psk the pre-shared key, 32 bytes, or null
 * @throws OperatingError `identity-damaged`, `secret-exposed`, `secret-unreadable`
 */
export function readIdentity(databasePath: string, psk: Uint8Array | null): Identity | null {
  const path = identityPathOf(databasePath);
  const text = readSecretFile(path)?.toString("latin1");
  if (text === undefined) return null;
  const [first, sealing = "", signing = ""] = text.split("\n");
  const secrets = [sealing, signing].map((line) => Buffer.from(line, "base64"));
  if (first !== heading || secrets.some((secret) => secret.length !== secretBytes)) {
    throw new OperatingError(
      "identity-damaged",
      `${path} is damaged.`,
      "Restore it from a backup. Without it devices see a changed key and stop.",
    );
  }
  return identityOf(secrets[0] as Buffer, secrets[1] as Buffer, psk);
}

/**
 * Reads a pre-shared key: 32 bytes in hex or base64.
 * @throws OperatingError `psk-unusable`, `secret-exposed`
 */
export function readPsk(path: string): Uint8Array {
  const text = readSecretFile(path)?.toString("latin1").trim();
  if (text !== undefined) {
    const bytes = Buffer.from(text, /^[0-9a-f]{64}$/i.test(text) ? "hex" : "base64");
    if (bytes.length === secretBytes) return bytes;
  }
  throw new OperatingError(
    "psk-unusable",
    text === undefined
      ? `There is no ${path}.`
      : `${path} does not contain 32 bytes in hex or base64.`,
    `Make one with: (umask 077; head -c 32 /dev/urandom | base64 > ${path}) and copy it to both sides.`,
  );
}

function makeIdentity(databasePath: string, psk: Uint8Array | null): Identity {
  const sealing = randomBytes(secretBytes);
  const signing = randomBytes(secretBytes);
  const text = [heading, sealing.toString("base64"), signing.toString("base64"), ""].join("\n");
  writeSecretFile(identityPathOf(databasePath), Buffer.from(text));
  return identityOf(sealing, signing, psk);
}

function identityOf(sealing: Uint8Array, signing: Uint8Array, psk: Uint8Array | null): Identity {
  const digestKey = hmac(sealing, Buffer.from("iot-server digests"));
  return { sealing: x25519KeyPair(sealing), signing: ed25519KeyPair(signing), psk, digestKey };
}
