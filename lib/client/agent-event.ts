// What an agent is told at its start, and what it tells: who it is, how it behaves, what happened. Types only.

import type { Address, Message } from "../protocol/messages.ts";

/** What a device says of itself. */
export type Identity = {
  readonly id: string;
  readonly password: string;
  readonly mac: string;
  readonly ip: string;
  readonly port: number;
};

/** What the agent tells its surroundings. */
export type AgentEvent =
  | { readonly kind: "registered"; readonly code: string }
  | { readonly kind: "logged-in"; readonly again: boolean }
  | { readonly kind: "away"; readonly queued: number }
  | { readonly kind: "back"; readonly queued: number }
  | { readonly kind: "later"; readonly code: string; readonly reason: string }
  | { readonly kind: "report-dropped"; readonly dropped: number }
  | { readonly kind: "report-refused"; readonly code: string; readonly reason: string }
  | {
      readonly kind: "refused";
      readonly verb: Message["type"];
      readonly code: string;
      readonly reason: string;
    }
  | { readonly kind: "stopped"; readonly loggedOff: boolean; readonly undelivered: number };

export type AgentSettings = {
  readonly server: Address;
  /** 1 to 86,400. */
  readonly heartbeatSeconds: number;
  /** Reports kept while the server is away, 2 or more. */
  readonly reportsMax: number;
};
