// What tells a report of the tests from every other, for stores that need more than its key. Knows no store.

import type { ReportOrigin } from "../../lib/server/store-port.ts";

/** What a store may tell reports by, from a text that tells them. */
export function originOf(text: string, timeMs: number | null = null): ReportOrigin {
  const hash = Bun.SHA256.hash(text, "hex");
  return { timeMs, hash, link: null, msgidHigh: 0, msgidLow: 0 };
}
