// Answers a repeated sealed request from the stored answer, so that it has one effect (protocol §5.20). The store keeps
// the answers. Not used for LOGIN and RESUME: their repeat is carried out again, because the client needs a session and
// a ticket that it can use.

import { ack } from "../protocol/codes.ts";
import { hmac } from "../sealed/primitives.ts";
import type { Desk } from "./desk.ts";
import type { SealedRequest } from "./operation.ts";
import type { Request } from "./request.ts";

/** Enough that no two requests of a device have the same. */
const digestBytes = 16;

/** The identity of a sealed request, by which its repeat is recognised; null for a text request. */
export function sealedRequestOf(
  { identity }: Desk,
  { link, msgid, hash }: Request,
  device: string,
): SealedRequest | null {
  if (link === null) return null;
  const digest = hmac(identity.digestKey, Buffer.from(hash)).subarray(0, digestBytes);
  return { device, clientKey: link.clientKey, msgid, digest };
}

/**
 * Sends the stored answer if the request was carried out before; otherwise calls `goOn`.
 * @param device the id in the request
 * @param goOn carries the request out. Called at once for a text request, else after the look-up in the store.
 */
export function doOnce(desk: Desk, request: Request, device: string, goOn: () => void): void {
  const sealed = sealedRequestOf(desk, request, device);
  if (sealed === null) return goOn();
  desk.submit({ kind: "answered", request: sealed }, request, (outcome) => {
    if (outcome.kind !== "answered" || outcome.code === null) return goOn();
    if (outcome.isSame) return desk.acknowledge(request, outcome.code, device);
    desk.refuse(request, ack.malformed, device, request.verb, "this msgid was another request's");
  });
}
