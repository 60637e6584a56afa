// What a running server tells a command of itself: a part of the status of the API, with the port and the health. Type only.

import type { Health } from "./health.ts";

type Spread = { readonly p50: number; readonly p99: number };

/** The status; latencies in ms and of the last minute, rates of the last second. */
export type ToldStatus = {
  /** The UDP port. */
  readonly port: number;
  readonly health: Health;
  readonly version: string;
  /** The name of this server among those of its store; empty if that is a file. */
  readonly node: string;
  readonly uptimeSeconds: number;
  readonly devices: {
    readonly registered: number;
    readonly online: number;
    readonly silent: number;
  };
  readonly rates: {
    readonly datagramsPerSecond: number;
    readonly reportsPerSecond: number;
    readonly dropsPerSecond: number;
  };
  readonly latency: { readonly commit: Spread; readonly request: Spread };
  readonly database: {
    readonly bytes: number;
    readonly walBytes: number;
    readonly reports: number;
  };
  readonly memoryBytes: number;
  readonly warnings: readonly { readonly text: string }[];
};
