// The numbers of the text protocol. Specification constants are fixed by the wire: a peer nobody here wrote relies on
// them. Implementation constants are ours to change.

/** Longest datagram of either kind, in bytes (clause 1). */
export const datagramBytesMax = 1200;
/** Longest device id, in characters (clause 2). */
export const idCharsMax = 64;
/** Longest password, in bytes (clause 2). */
export const passwordBytesMax = 128;
/** Longest MAC, in characters (clause 2). It is an opaque name. */
export const macCharsMax = 64;
/** Longest time field, in characters (clause 2). */
export const timeCharsMax = 32;
/** A session that stated no heartbeat interval is offline after this long without a packet, in ms (clause 4). */
export const offlineAfterMs = 9 * 60_000;
/** A session that stated its interval is offline after this many of them without a packet (clause 4). */
export const missedHeartbeats = 2.5;
/** A reply to a source without a session is at most this many times as long as its request (clause 4). */
export const amplificationMax = 3;

/** Implementation: a stated heartbeat interval is held within these bounds, in seconds. */
export const heartbeatSecondsMin = 1;
export const heartbeatSecondsMax = 86_400;
/** Implementation: longest reason appended to an ACK 9x, in characters. */
export const reasonCharsMax = 120;
