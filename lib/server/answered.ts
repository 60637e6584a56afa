// Answers a repeated sealed request from the stored answer, so that it has one effect (protocol §5.20). The store keeps
// the answers. Not used for LOGIN and RESUME: their repeat is carried out again, because the client needs a session and
// a ticket that it can use.

import { ack, type AckCode } from "../protocol/codes.ts";
import { equal, hmac } from "../sealed/primitives.ts";
import type { Desk } from "./desk.ts";
import { msgidOf, type Request } from "./request.ts";
import type { SealedRequest } from "./rows.ts";
import type { Rule, Write } from "./store-port.ts";
import { refuse } from "./responses.ts";

/** Enough that no two requests of a device have the same. */
const digestBytes = 16;

/** `isSame`: the answer is to the same text, and not to another request with its msgid. */
type Answered = { readonly code: AckCode; readonly isSame: boolean };

/** The identity of a sealed request, by which its repeat is recognised; null for a text request. */
export function sealedRequestOf(
  { identity }: Desk,
  request: Request,
  device: string,
): SealedRequest | null {
  const { link } = request;
  if (link === null) return null;
  const digest = hmac(identity.digestKey, Buffer.from(request.digest.hex)).subarray(0, digestBytes);
  return { device, clientKey: link.clientKey, msgid: msgidOf(request), digest };
}

/** The rule that looks up the answer to a request; its outcome is null if the request was not carried out before. */
export function answerTo(request: SealedRequest): Rule<Answered | null> {
  return {
    kind: "rule",
    keys: { answered: request },
    decide: ({ answered }) => {
      if (answered === null) return { outcome: null, writes: [] };
      const { code, digest } = answered;
      // Rows of 1.0.0 have no digest.
      const isSame = digest === null || equal(digest, request.digest);
      return { outcome: { code, isSame }, writes: [] };
    },
  };
}

/** What keeps the answer to a request in the transaction of its effect; nothing for a text request (null). */
export function keepAnswer(request: SealedRequest | null, code: AckCode): Write[] {
  return request === null ? [] : [{ kind: "keep-answer", request, code }];
}

/**
 * Sends the stored answer if the request was carried out before; otherwise calls `goOn`.
 * @param device the id in the request
 * @param goOn carries the request out. Called at once for a text request, else after the look-up in the store.
 */
export function doOnce(desk: Desk, request: Request, device: string, goOn: () => void): void {
  const sealed = sealedRequestOf(desk, request, device);
  if (sealed === null) return goOn();
  desk.batch.submit(answerTo(sealed), request, (answered) => {
    if (answered === null) return goOn();
    if (answered.isSame) return desk.outbox.acknowledge(request, answered.code, device);
    refuse(desk, request, {
      code: ack.malformed,
      id: device,
      what: request.verb,
      reason: "this msgid was another request's",
    });
  });
}
