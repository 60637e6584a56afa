// The UDP socket: receives datagrams one by one, sends them in bulk. Knows no message and keeps no queue of its own
// beyond what the kernel did not take yet.

import { dlopen, ptr } from "bun:ffi";
import { OperatingError } from "../operating-error.ts";

/** A socket that sends and receives datagrams; what the engines' shells speak to. */
export type UdpEndpoint = {
  /** The port it is bound to. */
  readonly port: number;
  /**
   * Sends datagrams, in order. What the kernel does not take at once waits, bounded; past the bound it is dropped and
   * counted, as a network would.
   * @param batch payload, port, ip, payload, port, ip, … (ports 1 to 65535, IP literals only)
   */
  send(batch: SendBatch): void;
  /** Datagrams that could not be sent since the start. */
  readonly dropped: number;
  close(): void;
};

/** Payload, port, ip; repeated. Strings leave as UTF-8. */
export type SendBatch = (string | Uint8Array | number)[];

/** Where a datagram came from; IPv4 peers of a dual-stack socket without `::ffff:`. */
export type Peer = { readonly ip: string; readonly port: number };

/** Called for every datagram: its own buffer, safe to keep. A peer may be the same object as before. */
export type OnDatagram = (bytes: Uint8Array, peer: Peer) => void;

/** One sendMany passes at most 204 datagrams on; what is not sent is not queued by Bun. */
const datagramsPerSend = 200;
const waitingMax = 8_192;
const receiveBufferBytes = 8 << 20;
/** Peers remembered, a power of two. */
const peerSlots = 4_096;

/**
 * Binds a UDP socket.
 * @param host an IP literal; `::` is all addresses, IPv4 and IPv6
 * @param port 0 to 65535; 0 lets the system choose
 * @throws OperatingError `port-in-use`, `port-denied`, `no-such-address`, `bind-failed`
 */
export async function openUdp(
  host: string,
  port: number,
  onDatagram: OnDatagram,
): Promise<UdpEndpoint> {
  const dualStack = host.includes(":");
  const peers = new PeerCache();
  let waiting: SendBatch = [];
  let dropped = 0;

  const socket = await bind(host, port, {
    data(_socket, bytes, fromPort, fromIp) {
      onDatagram(bytes, peers.of(fromIp, fromPort));
    },
    drain() {
      const batch = waiting;
      waiting = [];
      send(batch);
    },
    // A peer that closed its port answers with ICMP; without this handler that ends the process.
    error() {},
  });
  tuneSocket(fileDescriptorOf(socket), dualStack);

  function send(batch: SendBatch): void {
    if (waiting.length > 0) return hold(batch, 0);
    for (let at = 0; at < batch.length;) {
      const end = Math.min(at + datagramsPerSend * 3, batch.length);
      const chunk = at === 0 && end === batch.length ? batch : batch.slice(at, end);
      const sent = sendChunk(chunk);
      at += sent * 3;
      if (sent * 3 < chunk.length) return hold(batch, at);
    }
  }

  /** Returns how many datagrams left. A bad address or a pending socket error makes Bun throw: try each by itself. */
  function sendChunk(chunk: SendBatch): number {
    try {
      return socket.sendMany(chunk);
    } catch {
      for (let at = 0; at < chunk.length; at += 3) sendOne(chunk, at);
      return chunk.length / 3;
    }
  }

  function sendOne(chunk: SendBatch, at: number): void {
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        socket.send(chunk[at] as string, chunk[at + 1] as number, chunk[at + 2] as string);
        return;
      } catch {
        // The first error may be another peer's, left on the socket; the second is this datagram's own.
      }
    }
    dropped++;
  }

  function hold(batch: SendBatch, from: number): void {
    const room = waitingMax * 3 - waiting.length;
    const rest = batch.slice(from);
    if (rest.length > room) dropped += (rest.length - room) / 3;
    waiting.push(...(rest.length > room ? rest.slice(0, room) : rest));
  }

  return {
    port: socket.port,
    send,
    get dropped() {
      return dropped;
    },
    close: () => socket.close(),
  };
}

/**
 * The last peers, by port: Bun makes a fresh string of the address for every datagram, and a string that is kept is
 * compared and hashed faster.
 */
class PeerCache {
  readonly #slots: ({ readonly fromIp: string; readonly peer: Peer } | undefined)[] = Array.from({
    length: peerSlots,
  });

  of(fromIp: string, port: number): Peer {
    const slot = port & (peerSlots - 1);
    const cached = this.#slots[slot];
    if (cached !== undefined && cached.peer.port === port && cached.fromIp === fromIp) {
      return cached.peer;
    }
    const ip = fromIp.startsWith("::ffff:") ? fromIp.slice(7) : fromIp;
    const peer = { ip, port };
    this.#slots[slot] = { fromIp, peer };
    return peer;
  }
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
    default:
      return new OperatingError(
        "bind-failed",
        `Port ${port}/udp on ${host} could not be opened: ${String(error)}.`,
        "Choose another port or address.",
      );
  }
}

function fileDescriptorOf(socket: Socket): number {
  return (socket as unknown as { fd?: number }).fd ?? -1;
}

/** Linux socket options that Bun does not set; elsewhere the retry in `sendOne` is all there is. */
function tuneSocket(fd: number, dualStack: boolean): void {
  if (process.platform !== "linux" || fd < 0) return;
  const library = openLibc();
  if (library === null) return;
  const set = (level: number, option: number, value: number) => {
    const bytes = new Int32Array([value]);
    return library.symbols.setsockopt(fd, level, option, ptr(bytes), 4);
  };
  // Bun turns IP_RECVERR on: a dead peer's ICMP error then makes the next send to a healthy peer fail.
  set(0, 11, 0);
  if (dualStack) set(41, 25, 0);
  // The default holds about 260 small datagrams. SO_RCVBUFFORCE needs root; SO_RCVBUF is capped by rmem_max.
  if (set(1, 33, receiveBufferBytes) !== 0) set(1, 8, receiveBufferBytes);
  library.close();
}

function openLibc() {
  const signature = {
    setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
  } as const;
  for (const name of ["libc.so.6", "libc.so", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"]) {
    try {
      return dlopen(name, signature);
    } catch {
      // The next name.
    }
  }
  return null;
}
