// The policy of a server that is started without flags.

import { offlineAfterMs } from "../../lib/protocol/limits.ts";
import type { Policy } from "../../lib/server/policy.ts";

export const defaultPolicy: Policy = {
  sharedIp: false,
  offlineAfterMs,
  requireEncryption: false,
  join: "open",
  keyPolicy: "replace",
};
