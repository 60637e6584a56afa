// Requests are done once (sealed, Retransmission): a sealed request that changed something, sent again because its answer
// was lost, gets the stored answer. What was stored, the store says; LOGIN and RESUME are not here, for a repeat of one
// needs a session and a ticket that it can use.

import type { Desk } from "./desk.ts";
import type { SealedRequest } from "./operation.ts";
import type { Request } from "./request.ts";

/** What a repeat of the request is known by; null where it came in text. */
export function sealedRequestOf({ link, msgid }: Request, device: string): SealedRequest | null {
  return link === null ? null : { device, clientKey: link.clientKey, msgid };
}

/**
 * Answers a request that was carried out before; otherwise goes on with it.
 * @param goOn carries the request out; for a text request at once
 */
export function doOnce(desk: Desk, request: Request, device: string, goOn: () => void): void {
  const sealed = sealedRequestOf(request, device);
  if (sealed === null) return goOn();
  desk.submit({ kind: "answered", request: sealed }, request, (outcome) => {
    if (outcome.kind !== "answered" || outcome.code === null) return goOn();
    desk.acknowledge(request, outcome.code, device);
  });
}
