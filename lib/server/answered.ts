// Answers a repeated sealed request from the stored answer, so that it has one effect (protocol §5.20). The store keeps
// the answers. Not used for LOGIN and RESUME: their repeat is carried out again, because the client needs a session and
// a ticket that it can use.

import type { Desk } from "./desk.ts";
import type { SealedRequest } from "./operation.ts";
import type { Request } from "./request.ts";

/** The identity of a sealed request, by which its repeat is recognised; null for a text request. */
export function sealedRequestOf({ link, msgid }: Request, device: string): SealedRequest | null {
  return link === null ? null : { device, clientKey: link.clientKey, msgid };
}

/**
 * Sends the stored answer if the request was carried out before; otherwise calls `goOn`.
 * @param device the id in the request
 * @param goOn carries the request out. Called at once for a text request, else after the look-up in the store.
 */
export function doOnce(desk: Desk, request: Request, device: string, goOn: () => void): void {
  const sealed = sealedRequestOf(request, device);
  if (sealed === null) return goOn();
  desk.submit({ kind: "answered", request: sealed }, request, (outcome) => {
    if (outcome.kind !== "answered" || outcome.code === null) return goOn();
    desk.acknowledge(request, outcome.code, device);
  });
}
