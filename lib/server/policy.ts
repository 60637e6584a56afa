// What an operator decides about how the engine behaves. Read once at start, never changed.

import { missedHeartbeats, offlineAfterMs } from "../protocol/limits.ts";

export type Policy = {
  /** Whether an IP may belong to several devices with different ports (gateways, NAT). */
  readonly sharedIp: boolean;
  /** A session that stated no interval is offline after this long without a packet, in ms. */
  readonly offlineAfterMs: number;
  /** Whether text datagrams are refused. */
  readonly requireEncryption: boolean;
  /** Whether a device may come back with another key (`replace`) or not (`strict`). */
  readonly keyPolicy: "replace" | "strict";
};

export const defaultPolicy: Policy = {
  sharedIp: false,
  offlineAfterMs,
  requireEncryption: false,
  keyPolicy: "replace",
};

/**
 * How long a session may be silent before it is offline, in ms.
 * @param everySeconds the heartbeat interval the device stated, or null
 */
export function silenceMaxMs(policy: Policy, everySeconds: number | null): number {
  return everySeconds === null ? policy.offlineAfterMs : everySeconds * missedHeartbeats * 1000;
}

/** Implementation limits: every queue and table of the engine has one. */
export const limits = {
  /** Password checks that may wait at once; past it 93. */
  hashJobs: 512,
  /** Of these, from one source IP. */
  hashJobsPerSource: 128,
  /** Passwords whose last check is remembered, keyed. */
  verifiers: 262_144,
  /** Source and id pairs whose refused credentials are counted. */
  guardedPairs: 65_536,
  /** Refused credentials a minute from one source IP for one id (clause 4). */
  refusalsPerMinute: 10,
  /** Replies to sources without a session that are longer than the amplification limit, a second and in a burst. */
  longRepliesPerSecond: 5,
  longRepliesBurst: 20,
  /** The same in all. */
  longRepliesPerSecondInAll: 1_000,
  longReplySources: 16_384,
  /** Questions of the operator to devices that may wait at once. */
  asks: 1_024,
  /** An operator's question is given up after this long, in ms, and sent again at these ages. */
  askTimeoutMs: 8_000,
  askRepeatMs: 2_000,
  /** Sessions written behind in one batch. */
  touchesPerBatch: 512,
  /** How often a live session's last packet is written, in ms. */
  touchEveryMs: 10_000,
  /** Links that nobody has logged in over, and how long each may be one, ms (sealed, Load). */
  strangers: 4_096,
  strangerMs: 30_000,
  /** INITs a second above which a stranger has to show a cookie. */
  initsPerSecond: 2_000,
  /** Client keys whose handshake counter is remembered. */
  handshakeCounters: 262_144,
  /** Packets a device may have relayed a second, and in a burst. */
  relaysPerSecond: 50,
  relaysBurst: 200,
  relaySenders: 65_536,
  /** Lines of error.log a second; past it they are counted. */
  errorLinesPerSecond: 200,
} as const;
