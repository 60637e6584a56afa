// The engine's counters since the start. They only grow; the metrics and the dashboard read them.

export type Counters = {
  received: number;
  malformed: number;
  refused: number;
  replied: number;
  /** Replies not sent because of the amplification limit (protocol §4.10). */
  silenced: number;
  reportsStored: number;
  reportsRepeated: number;
  batches: number;
  batchesFailed: number;
  busy: number;
  /** Sealed packets and frames that were refused. */
  sealedRefused: number;
  handshakes: number;
  cookies: number;
  resets: number;
  relayed: number;
};

/** Counters that are all zero. */
export function newCounters(): Counters {
  return {
    received: 0,
    malformed: 0,
    refused: 0,
    replied: 0,
    silenced: 0,
    reportsStored: 0,
    reportsRepeated: 0,
    batches: 0,
    batchesFailed: 0,
    busy: 0,
    sealedRefused: 0,
    handshakes: 0,
    cookies: 0,
    resets: 0,
    relayed: 0,
  };
}
