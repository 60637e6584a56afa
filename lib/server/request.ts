// A request on its way through the engine: where it came from and what ties a reply to it.

import type { Link } from "./links/link.ts";
import type { Endpoint } from "./operation.ts";
import type { Verb } from "./traffic.ts";

/** A datagram that decoded to a message from a device. */
export type Request = {
  /** Where the reply goes; moves when the request is repeated from another port while it is under way. */
  source: Endpoint;
  /** The device it is about; `-` until one was read in it. */
  id: string;
  /** What it asks for; `other` until that was read. */
  verb: Verb;
  /** Length of the datagram, in bytes. */
  readonly bytes: number;
  /** Lower-case hex SHA-256 of the datagram (sealed: of the inner text). */
  readonly hash: string;
  /** Whose sessions it may act for: the source IP, or over a link the client's static key in base64. */
  readonly owner: string;
  /** The link it came over, or null for a text datagram. */
  link: Link | null;
  /** The request's number on its link; 0 for a text datagram. */
  readonly msgid: bigint;
};
