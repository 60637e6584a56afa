// Owns the proof that stands in for the password after the first login, and what a server keeps
// of it. Never stores anything, and never learns whether a ticket was revoked.

import { proofBytes, ticketBytes } from "./limits.ts";
import { equal, hash, hmac } from "./primitives.ts";

const text = new TextEncoder();
const separator = new Uint8Array(1);

/**
 * What RESUME presents, 32 bytes: HMAC-SHA256(ticket, id ‖ 0 ‖ password). The password is part
 * of it, so that a stolen ticket alone is worth nothing (sealed, Login).
 * @param ticket 32 bytes from a TICKET
 */
export function resumeProof(ticket: Uint8Array, id: string, password: string): Uint8Array {
  if (ticket.length !== ticketBytes) throw new RangeError("A ticket has 32 bytes.");
  return hmac(ticket, text.encode(id), separator, text.encode(password));
}

/**
 * What the server stores, 32 bytes: SHA-256 of the proof. A stolen database resumes nothing.
 * @param proof 32 bytes
 */
export function storedProof(proof: Uint8Array): Uint8Array {
  return hash(proof);
}

/** Whether a proof from a RESUME is the one that is stored. */
export function provesTicket(stored: Uint8Array, proof: Uint8Array): boolean {
  return proof.length === proofBytes && equal(stored, hash(proof));
}
