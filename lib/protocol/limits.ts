// The numbers of the text protocol. Specification constants are fixed: other implementations rely on them.
// Implementation constants may change.

/** Longest datagram, text or sealed, in bytes (clause 1.2). */
export const datagramBytesMax = 1200;
/** Longest device id, in characters (clause 2.10). */
export const idCharsMax = 64;
/** Longest password, in bytes (clause 2.11). */
export const passwordBytesMax = 128;
/** Longest MAC, in characters (clause 2.12). It is an opaque name. */
export const macCharsMax = 64;
/** Longest time field, in characters (clause 2.15). */
export const timeCharsMax = 32;
/** A session without a stated heartbeat interval is offline after this long without a packet, in ms (clause 4.5). */
export const offlineAfterMs = 9 * 60_000;
/** A session with a stated heartbeat interval is offline after this many intervals without a packet (clause 4.5). */
export const missedHeartbeats = 2.5;
/** A reply to a source without a session is at most this many times as long as its request (clause 4.10). */
export const amplificationMax = 3;

/** Implementation: a stated heartbeat interval is limited to this range, in seconds. */
export const heartbeatSecondsMin = 1;
export const heartbeatSecondsMax = 86_400;
/** Implementation: longest reason that is sent with an ACK 9x, in characters. */
export const reasonCharsMax = 120;
