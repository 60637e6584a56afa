// A request on its way through the engine: where it came from and what ties a reply to it.

import type { Endpoint } from "./operation.ts";

/** A datagram that decoded to a message from a device. */
export type Request = {
  /** Where the reply goes. */
  readonly source: Endpoint;
  /** Length of the datagram, in bytes. */
  readonly bytes: number;
  /** Lower-case hex SHA-256 of the datagram. */
  readonly hash: string;
};
