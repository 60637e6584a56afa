// Owns the proof that replaces the password check after the first login, and the hash of it that a server stores.
// Never stores anything, and never knows whether a ticket was revoked.

import { proofBytes, ticketBytes } from "./limits.ts";
import { equal, hash, hmac } from "./primitives.ts";

const text = new TextEncoder();
const separator = new Uint8Array(1);

/**
 * The proof in a RESUME, 32 bytes: HMAC-SHA256(ticket, id ‖ 0 ‖ password). It covers the password, so
 * that a stolen ticket alone is useless (sealed, Login).
 * @param ticket 32 bytes from a TICKET; any other length is a RangeError
 */
export function resumeProof(ticket: Uint8Array, id: string, password: string): Uint8Array {
  if (ticket.length !== ticketBytes) throw new RangeError("A ticket has 32 bytes.");
  return hmac(ticket, text.encode(id), separator, text.encode(password));
}

/**
 * What the server stores, 32 bytes: SHA-256 of the proof. A stolen database cannot resume a session.
 * @param proof 32 bytes
 */
export function storedProof(proof: Uint8Array): Uint8Array {
  return hash(proof);
}

/** Whether the proof of a RESUME, of any length, matches the stored hash of 32 bytes. */
export function provesTicket(stored: Uint8Array, proof: Uint8Array): boolean {
  return proof.length === proofBytes && equal(stored, hash(proof));
}
