// What the client does where nothing else is given, by the names of its flags: the only place for these values.

import type { FlagName } from "./client-flags.ts";

export const clientDefaults = {
  port: "1994",
  code: "01",
  heartbeat: "60s",
  every: "60s",
  drain: "10s",
  "spool-max": "100000",
  "command-timeout": "5m",
} as const satisfies Partial<Record<FlagName, string>>;
