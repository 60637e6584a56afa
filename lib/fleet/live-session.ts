// The open sessions of this server, as whoever looks at the fleet sees them. Types only.

import type { Address } from "../protocol/messages.ts";

/** An open session, as the engine has it in memory; it is the same object as long as the session is open. */
export type LiveSession = {
  /** The number of its row. */
  readonly row: number;
  readonly id: string;
  /** When it was opened or restored, by `uptimeMs`. */
  readonly openedAt: number;
  readonly source: Address;
  readonly lastSeen: number;
  readonly everySeconds: number | null;
  /** Sequence number of its last report; 0 if there is none. */
  readonly lastReport: number;
  readonly sealed: boolean;
};

/** The open sessions that this server hears. */
export interface PresenceSource {
  get(id: string): LiveSession | undefined;
  all(): Iterator<LiveSession>;
}
