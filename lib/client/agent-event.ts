// The agent's input and output: its identity and settings at the start, its events while it runs. Types only.

import type { Address, Message } from "../protocol/messages.ts";

/** The fields a device states about itself in REGISTER and LOGIN. */
export type StatedIdentity = {
  readonly id: string;
  readonly password: string;
  readonly mac: string;
  readonly ip: string;
  readonly port: number;
};

/** What the agent reports to its caller. */
export type AgentEvent =
  | { readonly kind: "registered"; readonly code: string }
  /** REGISTER was refused, but the device is registered, with other facts, and has logged in. */
  | { readonly kind: "registration-kept"; readonly code: string; readonly reason: string }
  | { readonly kind: "logged-in"; readonly again: boolean }
  /** The session was lost again and again: the next login waits. */
  | { readonly kind: "contested"; readonly lost: number; readonly pauseMs: number }
  | { readonly kind: "away"; readonly queued: number }
  | { readonly kind: "back"; readonly queued: number }
  | { readonly kind: "later"; readonly code: string; readonly reason: string }
  | { readonly kind: "report-dropped"; readonly dropped: number }
  /** A report of this many bytes does not fit; `kept` of them are sent. */
  | { readonly kind: "report-cut"; readonly bytes: number; readonly kept: number }
  | { readonly kind: "report-refused"; readonly code: string; readonly reason: string }
  | {
      readonly kind: "refused";
      readonly verb: Message["type"];
      readonly code: string;
      readonly reason: string;
      readonly undelivered: number;
      readonly kept: number;
    }
  | {
      readonly kind: "stopped";
      readonly loggedOff: boolean;
      readonly undelivered: number;
      /** How many of these the next start delivers. */
      readonly kept: number;
    };

export type AgentSettings = {
  readonly server: Address;
  /** Interval of the heartbeats, 1 to 86,400 s. */
  readonly heartbeatSeconds: number;
  /** After a stop: how long to go on delivering while the server answers, 0 or more ms. */
  readonly drainMs: number;
};
