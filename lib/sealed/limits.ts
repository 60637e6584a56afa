// Owns every number of the sealed envelope: first those that the wire protocol fixes, then those that
// this implementation chose. Never holds a value that a flag or the environment can change.

// ---- Specification: a change here makes a different, incompatible protocol. ----

/** The version in KEY: this implementation speaks no other. */
export const envelopeVersion = 2;

/** Noise prologue. Both sides mix it into the handshake, so that a handshake of another protocol fails. */
export const prologue = "iot-sealed/2";

/** The server signs this text followed by the voucher, so that the signature is valid for nothing else. */
export const voucherContext = "iot-peer/1";

export const protocolName = "Noise_IK_25519_ChaChaPoly_SHA256";
export const protocolNamePsk = "Noise_IKpsk2_25519_ChaChaPoly_SHA256";

/** X25519, Ed25519 public and ChaCha20 keys, PSKs, hashes, proofs and tickets, in bytes. */
export const keyBytes = 32;
export const hashBytes = 32;
export const ticketBytes = 32;
export const proofBytes = 32;
export const signatureBytes = 64;

/** Poly1305 tag, and mac1, mac2, cookie, HELLO nonce and COOKIE salt, in bytes. */
export const tagBytes = 16;
export const macBytes = 16;
export const cookieBytes = 16;
export const helloNonceBytes = 16;
export const saltBytes = 16;

/** The largest datagram, and with it the largest packet, in bytes. */
export const datagramBytesMax = 1_200;

/** Packet sizes in bytes. DATA has a minimum size and grows by whole blocks of 16 bytes. */
export const helloBytes = 64;
export const keyPacketBytes = 56;
export const initBytes = 148;
export const respBytes = 92;
export const cookiePacketBytes = 56;
export const resetBytes = 24;
export const dataHeaderBytes = 16;
export const dataBytesMin = dataHeaderBytes + 16 + tagBytes;

/** Noise messages inside INIT (e, enc(s), enc(payload)) and RESP (e, tag), in bytes. */
export const initNoiseBytes = 108;
export const respNoiseBytes = 48;
export const initPayloadBytes = 12;

/** The frames in DATA: their header, the block to which all together are padded, and maximum sizes, in bytes. */
export const frameHeaderBytes = 12;
export const paddingBlockBytes = 16;
export const plaintextBytesMax = datagramBytesMax - dataHeaderBytes - tagBytes;
export const frameBodyBytesMax = plaintextBytesMax - frameHeaderBytes;

/** A RECEIPT: a code and the server's time, then the msgids, in bytes. */
export const receiptHeadBytes = 10;
export const msgidBytes = 8;

/** Longest id in RESUME, PEER and RELAY, and longest IP literal in RESUME, in bytes. */
export const idBytesMax = 64;
export const ipBytesMax = 45;

/** Size of the replay window, in counters. */
export const replayWindowCounters = 2_048;

/** The client rekeys when either limit is reached. */
export const rekeyAfterMs = 15 * 60_000;
export const rekeyAfterMessages = 2 ** 20;

/** Keys seal and open nothing once either limit is reached. */
export const deadAfterMs = 30 * 60_000;
export const deadAfterMessages = 2 ** 24;

/** A cookie secret is replaced at this age. */
export const cookieSecretMs = 120_000;

/** A client accepts at most one RESET in this time. */
export const resetIntervalMs = 5_000;

/** Lifetime of a voucher, in seconds. */
export const voucherSeconds = 3_600;

// ---- Implementation: chosen here, not visible on the wire. ----

/** How many of its latest packets a client remembers by tag, to recognise a genuine RESET. */
export const sentTagsKept = 8;

/** Bits in one word of the replay window. */
export const replayWordBits = 32;
