// Owns every number of the sealed envelope: what the wire contract fixes first, what this
// implementation chose second. Never holds a value that a flag or the environment may change.

// ---- Specification: a change here is another protocol. ----

/** Noise prologue: both sides mix it in, so that no other protocol's handshake fits. */
export const prologue = "iot-sealed/1";

/** What the server's voucher signature covers before the voucher itself. */
export const voucherContext = "iot-peer/1";

export const protocolName = "Noise_IK_25519_AESGCM_SHA256";
export const protocolNamePsk = "Noise_IKpsk2_25519_AESGCM_SHA256";

/** X25519, Ed25519 public and AES-256 keys, PSKs, hashes, proofs and tickets, in bytes. */
export const keyBytes = 32;
export const hashBytes = 32;
export const ticketBytes = 32;
export const proofBytes = 32;
export const signatureBytes = 64;

/** AES-GCM tag, and mac1, mac2, cookie, HELLO nonce and COOKIE salt, in bytes. */
export const tagBytes = 16;
export const macBytes = 16;
export const cookieBytes = 16;
export const helloNonceBytes = 16;
export const saltBytes = 16;

/** The largest datagram, and with it the largest packet, in bytes. */
export const datagramBytesMax = 1_200;

/** Packet sizes in bytes; DATA has a smallest size and grows by whole blocks. */
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

/** Inner frames: header and block of the padding, in bytes. */
export const frameHeaderBytes = 12;
export const frameBlockBytes = 16;
export const frameBytesMax = datagramBytesMax - dataHeaderBytes - tagBytes;
export const frameBodyBytesMax = frameBytesMax - frameHeaderBytes;

/** An id in RESUME, PEER and RELAY, and an IP literal in RESUME, in bytes. */
export const idBytesMax = 64;
export const ipBytesMax = 45;

/** Receive window in counters. */
export const replayWindowCounters = 2_048;

/** The client makes new keys after either of these. */
export const rekeyAfterMs = 15 * 60_000;
export const rekeyAfterMessages = 2 ** 20;

/** Keys seal and open nothing after either of these. */
export const deadAfterMs = 30 * 60_000;
export const deadAfterMessages = 2 ** 24;

/** A cookie secret is replaced at this age. */
export const cookieSecretMs = 120_000;

/** A client believes at most one RESET in this time. */
export const resetIntervalMs = 5_000;

/** How long a voucher lives, in seconds. */
export const voucherSeconds = 3_600;

// ---- Implementation: chosen here; the wire does not show it. ----

/** Latest packets whose tags a client keeps to recognise a RESET. */
export const sentTagsKept = 8;

/** Bits in one word of the replay window. */
export const replayWordBits = 32;
