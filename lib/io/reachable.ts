// Knows whether a program listens on a TCP port. Sends nothing to it.

import { connect } from "node:net";

/**
 * Why nobody answers at an address.
 * @param host a host name or an IP
 * @param waitMs how long a connection may take
 * @returns null if somebody does; else the system's code, or `timeout`
 */
export function whyUnreachable(host: string, port: number, waitMs: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (why: string | null) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(why);
    };
    const timer = setTimeout(() => end("timeout"), waitMs);
    socket.once("connect", () => end(null));
    socket.once("error", (error: Error & { code?: string }) => end(error.code ?? error.message));
  });
}
