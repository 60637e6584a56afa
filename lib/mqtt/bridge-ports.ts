// What the bridge uses of the server. Types only.

import type { PresenceSource } from "../fleet/live-session.ts";
import type { Roster } from "../fleet/roster.ts";
import type { ActAtDoor } from "./bridged-door.ts";
import type { Broker } from "./broker.ts";
import type { Origin } from "./discovery.ts";
import type { RecordReads } from "./fleet-records.ts";
import type { RequestPorts } from "./requests.ts";
import type { TopicPlace } from "./topics.ts";

/** What the bridge uses of the server. */
export type BridgePorts = RequestPorts & {
  readonly place: TopicPlace;
  readonly origin: Origin;
  readonly broker: Broker;
  readonly roster: Roster;
  readonly presence: Pick<PresenceSource, "get">;
  readonly reads: RecordReads;
  /** Looks at the door. */
  readonly door: ActAtDoor;
  /** Lets devices be served between two reads of the store. */
  readonly breathe: () => Promise<void>;
  /** The wall clock, ms since 1970. */
  readonly now: () => number;
  /** The monotonic clock, ms. */
  readonly uptimeMs: () => number;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Writes a line into the log. */
  readonly note: (words: string) => void;
};
