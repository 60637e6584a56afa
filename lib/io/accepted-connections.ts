// Looks at the TCP connections that this process has accepted, and ends single ones, which Bun's server does not offer.
// Linux only; elsewhere none is seen. Knows nothing of what is spoken on them.

import { readdirSync } from "node:fs";
import { openLibc } from "./libc.ts";

// From the headers of Linux: IPPROTO_TCP, TCP_INFO, SHUT_RDWR, AF_INET; states of a connection that is in use.
const [tcp, tcpInfo, bothWays, ipv4] = [6, 11, 2, 2] as const;
const [established, closeWait] = [1, 8] as const;
/** Where `struct tcp_info` has the time since the last data was sent, ms, and the number of bytes acknowledged. */
const [lastDataSentAt, bytesAckedAt] = [44, 120] as const;
const mappedPrefix = "00000000000000000000ffff";

/** A connection, named by its descriptor; who is at the other end, and what was sent on it, as `WebPorts` has it. */
type Accepted = {
  readonly descriptor: number;
  readonly peer: string;
  readonly isAnswered: boolean;
  readonly quietMs: number;
};

/** Opens the view of this process's connections: the open ones to a port, and how to end one of them. */
export function acceptedConnections() {
  const libc = process.platform === "linux" ? openLibc(signatures)?.symbols : undefined;
  if (libc === undefined)
    return { open: (_port: number, _least: number): Accepted[] => [], close: () => {} };
  const info = Buffer.alloc(256);
  const address = Buffer.alloc(128);
  const length = new Uint32Array(1);
  const look = (descriptor: number, port: number): Accepted | null => {
    length[0] = info.length;
    // Fails for all that is not TCP; the listening socket is in another state.
    if (libc.getsockopt(descriptor, tcp, tcpInfo, info, length) !== 0) return null;
    if (info[0] !== established && info[0] !== closeWait) return null;
    length[0] = address.length;
    if (libc.getsockname(descriptor, address, length) !== 0) return null;
    if (address.readUInt16BE(2) !== port) return null;
    length[0] = address.length;
    if (libc.getpeername(descriptor, address, length) !== 0) return null;
    return {
      descriptor,
      peer: peerIn(address),
      // The handshake counts as one byte.
      isAnswered: info.readBigUInt64LE(bytesAckedAt) > 1n,
      quietMs: info.readUInt32LE(lastDataSentAt),
    };
  };
  return {
    open(port: number, least: number): Accepted[] {
      const found: Accepted[] = [];
      const names = descriptors();
      // Each is asked for with a system call, 40 times a second.
      if (names.length < least) return found;
      for (const name of names) {
        const connection = look(Number(name), port);
        if (connection !== null) found.push(connection);
      }
      return found;
    },
    // Bun sees the end of the stream and closes the descriptor, as if the peer had hung up.
    close: ({ descriptor }: Accepted) => void libc.shutdown(descriptor, bothWays),
  };
}

const signatures = {
  getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
  getsockname: { args: ["i32", "ptr", "ptr"], returns: "i32" },
  getpeername: { args: ["i32", "ptr", "ptr"], returns: "i32" },
  shutdown: { args: ["i32", "i32"], returns: "i32" },
} as const;

/**
 * The names of all descriptors in use. If none is free, the folder cannot be read; then the lowest are looked at, where
 * there are enough connections to close.
 */
function descriptors(): readonly (string | number)[] {
  try {
    return readdirSync("/proc/self/fd");
  } catch {
    return Array.from({ length: 4_096 }, (_, number) => number);
  }
}

/** The peer in a socket address: an IPv4 address, or the network (/64) of an IPv6 address, in hexadecimal. */
function peerIn(address: Buffer): string {
  if (address.readUInt16LE(0) === ipv4) return address.toString("hex", 4, 8);
  const ip = address.toString("hex", 8, 24);
  return ip.startsWith(mappedPrefix) ? ip.slice(mappedPrefix.length) : ip.slice(0, 16);
}
