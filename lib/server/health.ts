// How a server is: the one judgement that /healthz, `iot-server health` and `iot-server status` share. Pure; measures nothing.

import type { StoreLoss } from "./store-care.ts";

/** Why the store of a running server cannot be relied on now. `unsure`: other servers may have taken its devices over. */
export type Loss = { readonly kind: StoreLoss["kind"] | "unsure"; readonly why: string };

/** How a server is; `why` is a sentence without its full stop, null if all is well. */
export type Health = {
  readonly status: "ok" | "damaged" | "failing" | Loss["kind"];
  readonly why: string | null;
};

/**
 * Judges how a server is.
 * @param seen `isStoring`: whether the last batch could be stored; `damage`: what was found damaged, in words
 */
export function healthOf(seen: {
  readonly loss: Loss | null;
  readonly isStoring: boolean;
  readonly damage: string | null;
}): Health {
  const { loss, isStoring, damage } = seen;
  if (loss !== null) return { status: loss.kind, why: loss.why };
  if (!isStoring) return { status: "failing", why: "The last batch could not be stored" };
  if (damage !== null) return { status: "damaged", why: `The database is damaged (${damage})` };
  return { status: "ok", why: null };
}

/** Whether devices are served: also while a part of the database is damaged. */
export function isServing({ status }: Health): boolean {
  return status === "ok" || status === "damaged";
}
