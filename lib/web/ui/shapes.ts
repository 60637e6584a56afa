// The types of what the HTTP API sends, as described in API.md. Types only, no code.

export type Presence = "online" | "offline" | "never";

/** What the device list can be filtered by; `silent` and `left` are the two parts of `offline`. */
export type PresenceFilter = Presence | "silent" | "left";

export type EndReason = "logoff" | "offline" | "replaced" | "deregistered";

export type Address = { readonly ip: string; readonly port: number };

export type Report = {
  readonly sequence: number;
  readonly device: string;
  /** The device's own time, as it sent it. */
  readonly time: string;
  readonly received: string;
  /** When it was measured: the device's time, corrected by the server. */
  readonly at: string;
  readonly code: string;
  readonly message: string;
};

/** The fields of a device that change when it comes or goes. */
export type PresenceChange = {
  readonly id: string;
  readonly presence: Presence;
  readonly since: string | null;
  readonly reason: EndReason | null;
  readonly lastSeen: string | null;
};

export type Device = PresenceChange &
  Address & {
    readonly mac: string;
    readonly registered: string;
    readonly transport: "text" | "sealed" | null;
    readonly everySeconds: number | null;
    readonly source: Address | null;
    readonly lastReport: Report | null;
    readonly repeats: number;
  };

export type Session = Address & {
  readonly session: number;
  readonly started: string;
  readonly ended: string | null;
  readonly lastSeen: string;
  readonly reason: EndReason | null;
};

export type Field = { readonly name: string; readonly latest: number };

export type Series = {
  readonly device: string;
  readonly field: string;
  readonly from: string;
  readonly to: string;
  readonly reports: number;
  /** The latest reading in the range. */
  readonly last: number | null;
  readonly times: readonly number[];
  readonly min: readonly number[];
  readonly max: readonly number[];
  readonly mean: readonly number[];
  readonly count: readonly number[];
};

export type Line = {
  readonly time: string;
  readonly level: string;
  readonly peer: string;
  readonly direction: "RECV" | "SEND" | "-";
  readonly words: string;
};

/** Milliseconds. */
export type Spread = { readonly p50: number; readonly p99: number; readonly max: number };

export type Status = {
  readonly version: string;
  readonly time: string;
  readonly started: string;
  readonly uptimeSeconds: number;
  readonly devices: Readonly<Record<"registered" | "silent" | Presence, number>>;
  readonly rates: Readonly<Record<RateName, number>>;
  readonly latency: { readonly commit: Spread; readonly request: Spread };
  readonly queues: Readonly<Record<QueueName | `${QueueName}Max`, number>>;
  readonly totals: Readonly<Record<TotalName, number>>;
  readonly database: {
    readonly bytes: number;
    readonly walBytes: number;
    readonly reports: number;
  };
  readonly memoryBytes: number;
  readonly warnings: readonly {
    readonly code: string;
    readonly text: string;
    readonly count: number;
  }[];
};

export type RateName =
  | "datagramsPerSecond"
  | "repliesPerSecond"
  | "reportsPerSecond"
  | "commitsPerSecond"
  | "dropsPerSecond";

export type QueueName = "packets" | "passwords" | "asks" | "liveClients";

export type TotalName =
  "datagrams" | "replies" | "reports" | "malformed" | "refused" | "busy" | "silenced" | "dropped";

export type Rights = {
  readonly loggedIn: boolean;
  readonly mayRead: boolean;
  readonly mayChange: boolean;
  readonly version: string;
};

/** The data of each live event, by event name. */
export type LiveEvents = {
  readonly hello: {
    readonly time: string;
    readonly version: string;
    /** The UDP port that devices send to. */
    readonly devicePort: number;
  };
  readonly devices: {
    readonly changes: readonly PresenceChange[];
    readonly removed: readonly string[];
  };
  readonly reports: { readonly reports: readonly Report[]; readonly more: boolean };
  readonly seen: { readonly seen: readonly (readonly [id: string, ms: number])[] };
  readonly activity: { readonly lines: readonly Line[]; readonly skipped: number };
  readonly status: Status;
};
