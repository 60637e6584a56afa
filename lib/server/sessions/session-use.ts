// Which session a request may use (protocol §4.8). Opens and ends none.

import type { Desk } from "../desk.ts";
import type { Request } from "../request.ts";
import type { Session } from "./session.ts";

/** The session of this device if it belongs to the request's owner. */
export function sessionOf(
  { sessions, links }: Desk,
  request: Request,
  id: string,
): Session | undefined {
  const session = sessions.at(id, request.owner);
  const { link } = request;
  // The link has the key that owns the session, which proves as much as a RESUME: the link becomes the device's.
  if (session !== undefined && link !== null && link.device === null) links.admit(link, id);
  return session;
}
