// The digest by which a reply refers to its request (clause 1.9). It is computed for every datagram and must be fast.

/**
 * Lower-case hex SHA-256 of a request.
 * @param bytes the datagram exactly as received; for a sealed request the body of its frame
 */
export function digestOf(bytes: Uint8Array): string {
  // Pure, like the hash of node:crypto, and takes two thirds of its time.
  return Bun.SHA256.hash(bytes, "hex");
}
