// The UDP socket: receives datagrams one by one or in bulk, and sends them. Knows no message; queues only datagrams
// that the kernel did not accept yet.

import { ptr } from "bun:ffi";
import { OperatingError } from "../../operating-error.ts";
import type { Outgoing } from "../../protocol/messages.ts";
import { BulkSocket } from "./bulk-socket.ts";
import { openLibc } from "../libc.ts";
import { type Peer, PeerTable } from "./peers.ts";

/** A socket that sends and receives datagrams, for the shells of both engines. */
export type UdpEndpoint = {
  /** The address to which it is bound: `0.0.0.0` in place of `::` where the system has no IPv6. */
  readonly host: string;
  readonly port: number;
  /**
   * Sends datagrams, in order. A bounded number that the kernel does not accept at once waits; further ones are dropped
   * and counted, as a network may drop them.
   */
  send(batch: readonly Outgoing[]): void;
  /**
   * Receives the waiting datagrams with one system call, if the system can. This overwrites the bytes of all earlier
   * datagrams, so the caller must not need them any more.
   */
  collect(): void;
  /** Datagrams that could not be sent since the start. */
  readonly dropped: number;
  close(): void;
};

export type { Peer } from "./peers.ts";

/** Called for every datagram. The bytes are valid until the next `collect`. Datagrams of a peer may share an object. */
export type OnDatagram = (bytes: Uint8Array, peer: Peer) => void;

/** How a socket is used. */
export type SocketUse = {
  /** A server's: it sends and receives many datagrams with one system call, if the system can. */
  readonly isBusy?: boolean;
  /**
   * Called when the system says that nobody listens where a datagram was sent (ICMP). Only for a socket with one peer:
   * a refusal does not name its peer, and can cost the next datagram a second attempt.
   */
  readonly onRefused?: (() => void) | undefined;
};

/** `sendMany` sends at most 204 datagrams with one call, and Bun does not queue the rest. */
const datagramsPerSend = 200;
const waitingMax = 8_192;
const receiveBufferBytes = 8 << 20;

/**
 * Binds a UDP socket.
 * @param host an IP literal; `::` means all addresses, IPv4 and, where the system has it, IPv6
 * @param port 0 to 65535; 0 lets the system choose
 * @param onDatagram called for every datagram
 * @param use how it is used
 * @throws OperatingError `port-in-use`, `port-denied`, `no-such-address`, `no-ipv6`, `bind-failed`
 */
export async function openUdp(
  host: string,
  port: number,
  onDatagram: OnDatagram,
  use: SocketUse = {},
): Promise<UdpEndpoint> {
  try {
    return await openOn(host, port, onDatagram, use);
  } catch (error) {
    const isWithoutIpv6 = error instanceof OperatingError && error.code === "no-ipv6";
    if (!isWithoutIpv6 || host !== "::") throw error;
    return openOn("0.0.0.0", port, onDatagram, use);
  }
}

async function openOn(
  host: string,
  port: number,
  onDatagram: OnDatagram,
  { isBusy = false, onRefused }: SocketUse,
): Promise<UdpEndpoint> {
  const isIpv6 = host.includes(":");
  const peers = new PeerTable(isIpv6);
  let waiting: Outgoing[] = [];
  let dropped = 0;

  const socket = await bind(host, port, {
    data(_socket, bytes, fromPort, fromIp) {
      onDatagram(bytes, peers.named(fromIp, fromPort));
    },
    drain() {
      const batch = waiting;
      waiting = [];
      send(batch);
    },
    // A closed port of a peer causes an ICMP error; without this handler that ends the process.
    error: onRefused === undefined ? () => {} : refusalsTo(onRefused),
  });
  tuneSocket(fileDescriptorOf(socket), isIpv6, onRefused !== undefined);
  let bulk = isBusy ? BulkSocket.on(fileDescriptorOf(socket), isIpv6, peers) : null;

  function send(batch: readonly Outgoing[]): void {
    for (let at = 0; at < batch.length;) {
      if (waiting.length > 0) return hold(batch.slice(at));
      if (bulk !== null) at = bulk.send(batch, at);
      // The rest is sent by Bun, which calls `drain` when the kernel has room again.
      const end = Math.min(at + (bulk === null ? datagramsPerSend : 1), batch.length);
      const chunk = batch.slice(at, end);
      if (chunk.length > 0) at += sendChunk(chunk);
      if (at < end) return hold(batch.slice(at));
    }
  }

  /** Returns how many were sent. Bun throws for a bad address or a pending socket error: then each is sent alone. */
  function sendChunk(chunk: readonly Outgoing[]): number {
    try {
      return socket.sendMany(chunk.flatMap(({ payload, to }) => [payload, to.port, to.ip]));
    } catch {
      for (const datagram of chunk) sendOne(datagram);
      return chunk.length;
    }
  }

  function sendOne({ payload, to }: Outgoing): void {
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        socket.send(payload, to.port, to.ip);
        return;
      } catch {
        // The first error may be a pending one, caused by another peer; the second is this datagram's own.
      }
    }
    dropped++;
  }

  function hold(rest: readonly Outgoing[]): void {
    const room = waitingMax - waiting.length;
    if (rest.length > room) dropped += rest.length - room;
    waiting.push(...rest.slice(0, room));
  }

  return {
    host,
    port: socket.port,
    send,
    collect: () => bulk?.receive(onDatagram),
    get dropped() {
      return dropped;
    },
    close() {
      // The descriptor may soon belong to another file.
      bulk = null;
      socket.close();
    },
  };
}

type Socket = Bun.udp.Socket<"buffer">;

async function bind(
  host: string,
  port: number,
  handlers: Bun.udp.SocketHandler<"buffer">,
): Promise<Socket> {
  try {
    return await Bun.udpSocket({ hostname: host, port, binaryType: "buffer", socket: handlers });
  } catch (error) {
    throw explainBind(error, host, port);
  }
}

function explainBind(error: unknown, host: string, port: number): OperatingError {
  const code = (error as { code?: string }).code ?? "";
  switch (code) {
    case "EADDRINUSE":
      return new OperatingError(
        "port-in-use",
        `Port ${port}/udp is in use.`,
        "Stop the other server or choose another port.",
      );
    case "EACCES":
    case "EPERM":
      return new OperatingError(
        "port-denied",
        `Port ${port}/udp may not be opened by this user.`,
        "Choose a port from 1024 on.",
      );
    case "EADDRNOTAVAIL":
      return new OperatingError(
        "no-such-address",
        `${host} is not an address of this machine.`,
        "Give --host an address that `ip address` lists, or leave it out for all.",
      );
    case "EAFNOSUPPORT":
      return new OperatingError(
        "no-ipv6",
        `${host} cannot be opened: this system has no IPv6.`,
        "Give --host an IPv4 address, or leave it out for all addresses.",
      );
    default:
      return new OperatingError(
        "bind-failed",
        `Port ${port}/udp on ${host} could not be opened: ${String(error)}.`,
        "Choose another port or address.",
      );
  }
}

/** Bun calls the handler with the error alone, not with the socket as typed. */
function refusalsTo(onRefused: () => void): () => void {
  return (...given: unknown[]) => {
    if (given.some((it) => (it as { code?: string } | null)?.code === "ECONNREFUSED")) onRefused();
  };
}

function fileDescriptorOf(socket: Socket): number {
  return (socket as unknown as { fd?: number }).fd ?? -1;
}

/** Sets Linux socket options that Bun does not set. On other systems only the retry in `sendOne` helps. */
function tuneSocket(fd: number, dualStack: boolean, hearsErrors: boolean): void {
  if (process.platform !== "linux" || fd < 0) return;
  const library = openLibc({
    setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
  });
  if (library === null) return;
  const set = (level: number, option: number, value: number) => {
    const bytes = new Int32Array([value]);
    return library.symbols.setsockopt(fd, level, option, ptr(bytes), 4);
  };
  // Bun turns IP_RECVERR on: an ICMP error of one peer then makes the next send to another peer fail. Turn it off.
  if (!hearsErrors) set(0, 11, 0);
  if (!hearsErrors && dualStack) set(41, 25, 0);
  // The default holds about 260 small datagrams. SO_RCVBUFFORCE needs root; SO_RCVBUF is capped by rmem_max.
  if (set(1, 33, receiveBufferBytes) !== 0) set(1, 8, receiveBufferBytes);
  library.close();
}
