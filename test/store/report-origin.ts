// What tells a report of the tests from every other, for stores that need more than its key. Knows no store.

import { Digest } from "../../lib/protocol/digest.ts";
import type { ReportOrigin } from "../../lib/server/store-port.ts";

/** What a store may tell reports by, from a text that tells them. */
export function originOf(text: string, timeMs: number | null = null): ReportOrigin {
  const digest = new Digest(Buffer.from(text));
  return { timeMs, digest, link: null, msgidHigh: 0, msgidLow: 0 };
}
