// The operator's choices for the engine, fixed at the start, and the engine's limits. Reads no flags.

import { missedHeartbeats } from "../protocol/limits.ts";

/** Which unknown devices may register: any, those that the operator approves, or none. */
export type Join = "open" | "approve" | "closed";

export const joins: readonly Join[] = ["open", "approve", "closed"];

export type Policy = {
  /** Whether an IP may belong to several devices with different ports (gateways, NAT; protocol §4.1). */
  readonly sharedIp: boolean;
  /** A session without a stated heartbeat interval is offline after this long without a packet, in ms. */
  readonly offlineAfterMs: number;
  /** Whether text datagrams are refused. */
  readonly requireEncryption: boolean;
  /** Whether a REGISTER of an unknown id is accepted (`open`), waits for approval (`approve`) or is refused (`closed`). */
  readonly join: Join;
  /** Whether a sealed LOGIN may replace the device's key (`replace`) or is refused (`strict`). */
  readonly keyPolicy: "replace" | "strict";
};

/**
 * How long a session may be silent before it is offline, in ms.
 * @param everySeconds the heartbeat interval the device stated, or null
 */
export function silenceMaxMs(policy: Policy, everySeconds: number | null): number {
  return everySeconds === null ? policy.offlineAfterMs : everySeconds * missedHeartbeats * 1000;
}

/** Implementation limits. Every queue and table of the engine has one. */
export const limits = {
  /** Password computations that wait, by lane (see `HashQueue`); a request above that is answered with 93. */
  hashJobs: { sealed: 2_048, known: 512, stranger: 512 },
  /** Devices whose right password is remembered, as an HMAC. */
  verifiers: 262_144,
  /** Pairs of source IP and id whose refused credentials are counted. */
  guardedPairs: 65_536,
  /** Refused credentials a minute from one source IP for one id (protocol §4.10). */
  refusalsPerMinute: 10,
  /** Replies above the amplification limit to one source IP without a session, a second and in a burst. */
  longRepliesPerSecond: 5,
  longRepliesBurst: 20,
  /** The same to all sources together; the burst is as large. */
  longRepliesPerSecondInAll: 1_000,
  /** Source IPs with such a count. */
  longReplySources: 16_384,
  /** The operator's questions that may be open or wait at once. */
  asks: 1_024,
  /** A question is given up this long after its first sending, and sent again at this interval, in ms. */
  askTimeoutMs: 8_000,
  askRepeatMs: 2_000,
  /** Requests that wait until it is known whether their session is at another node. */
  adoptions: 4_096,
  /** The same of one source IP, or of one client key: nobody fills the room of the others. */
  adoptionsOfOne: 512,
  /** Devices that other nodes have changed lately, and devices of which it is not known what became of a request. */
  recentChanges: 65_536,
  doubts: 16_384,
  /** Session rows written in one batch. */
  touchesPerBatch: 512,
  /** How often the rows of live sessions are written, in ms. */
  touchEveryMs: 10_000,
  /** Links without a login, and how long each is kept, in ms (protocol §5.15). */
  strangers: 4_096,
  strangerMs: 30_000,
  /** Frames of a packet that are handled over a link without a login; the rest of the packet is dropped. */
  strangerFrames: 4,
  /** Vouchers signed for one client key, a second and in a burst; and keys with such a count. */
  vouchersPerSecond: 20,
  vouchersBurst: 60,
  voucherAskers: 65_536,
  /** Requests in a turn, or steps that wait for a commit, after which no further datagram is received; one can hold 97. */
  requestsPerTurn: 4_096,
  /** INIT packets a second above which an INIT needs a cookie (protocol §5.4). */
  initsPerSecond: 2_000,
  /** Client keys without a current link whose handshake counter is remembered. */
  handshakeCounters: 262_144,
  /** Packets relayed for one client key, a second and in a burst; and keys with such a count. */
  relaysPerSecond: 50,
  relaysBurst: 200,
  relaySenders: 65_536,
  /** Packets of all senders together to devices of other nodes, a second and in a burst. */
  nodeRelaysPerSecond: 200,
  /** Lines of error.log a second, also in a burst; further ones are only counted. */
  errorLinesPerSecond: 200,
  /** Lines of Activity.log about sources without a session, a second and in a burst; further ones are only counted. */
  strangerLinesPerSecond: 20,
  strangerLinesBurst: 1_000,
} as const;
