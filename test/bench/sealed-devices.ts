// Sealed devices for a database: their keys and tickets are derived from their numbers, so that a simulated device
// needs its number only. Sends nothing.

import { openIdentity } from "../../lib/io/secrets/identity-file.ts";
import { hash, type KeyPair, x25519KeyPair } from "../../lib/sealed/primitives.ts";
import { resumeProof, storedProof } from "../../lib/sealed/ticket.ts";
import { deviceId, openToFill, seedDevices } from "./seed.ts";
import { databaseIn } from "./server-process.ts";

const password = "password";

/** The static key pair of a device. */
export function keyPairOf(device: number): KeyPair {
  return x25519KeyPair(hash(Buffer.from(`key of ${device}`)));
}

/** The proof that a device shows in a RESUME. */
export function proofOf(device: number): Uint8Array {
  return resumeProof(hash(Buffer.from(`ticket of ${device}`)), deviceId(device), password);
}

/** The public key, 32 bytes, of the server with its database in this folder; created if there is none. */
export function serverKeyIn(folder: string): Uint8Array {
  return openIdentity(databaseIn(folder), null).sealing.publicKey;
}

/**
 * Creates a database of devices that have all logged in sealed once.
 * @param isOpen whether their sessions are open
 */
export async function seedSealedDevices(
  folder: string,
  devices: number,
  isOpen: boolean,
): Promise<void> {
  await seedDevices(folder, devices);
  const database = openToFill(folder);
  const seal = database.prepare(
    "UPDATE registrar SET sealed_key = ?2, stored_proof = ?3, text_locked = 1 WHERE id = ?1",
  );
  const open = database.prepare(
    `INSERT INTO login (device, ip, port, login_ip, login_port, started, last_seen, client_key)
     VALUES (?1, '127.0.0.1', 9, '127.0.0.1', 9, ?2, ?2, ?3)`,
  );
  database.transaction(() => {
    database.run("DELETE FROM login");
    for (let device = 0; device < devices; device++) {
      const { publicKey } = keyPairOf(device);
      seal.run(deviceId(device), publicKey, storedProof(proofOf(device)));
      if (isOpen) open.run(deviceId(device), Date.now(), publicKey);
    }
  })();
  seal.finalize();
  open.finalize();
  database.run("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
}
