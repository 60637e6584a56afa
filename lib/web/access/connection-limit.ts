// Owns the bound of open connections: while there are too many, it closes those that are idle or unfinished, of the
// peers that have most. The listening socket is never given up, because another program could take its port then, and
// with it the logins. Never reads a request.

import type { Connection, ConnectionSource } from "../ports.ts";

/** How many connections may be open at once; a process can usually have at least 1,024 open files. */
export const connectionsMax = 512;
/** How many of them one peer may have. All that comes through a proxy is of one peer. */
export const connectionsOfPeerMax = 128;
const checkEveryMs = 25;
/** An episode is told once; another one begins after this time without any. */
const tellAgainMs = 60_000;

export type ConnectionLimitOptions = {
  readonly port: number;
  readonly connections: ConnectionSource;
  /** A monotonic clock, ms. */
  readonly now: () => number;
  /** Called when connections are closed, once an episode. */
  readonly onFull: () => void;
};

export class ConnectionLimit {
  #closedAt = Number.NEGATIVE_INFINITY;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(private readonly options: ConnectionLimitOptions) {
    this.#timer = setInterval(() => this.check(), checkEveryMs);
  }

  /** Closes what is too much; called forty times a second. */
  check(): void {
    const { port, connections, now, onFull } = this.options;
    const surplus = surplusOf(connections.open(port, connectionsOfPeerMax));
    if (surplus.length === 0) return;
    for (const connection of surplus) connections.close(connection);
    if (now() - this.#closedAt > tellAgainMs) onFull();
    this.#closedAt = now();
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

/**
 * The connections to be closed. Peers take turns to keep one, each the one on which the last answer was sent most
 * recently, and those without an answer last: the more connections a peer has, the more of them are closed.
 */
export function surplusOf(open: readonly Connection[]): readonly Connection[] {
  const kept = new Map<string, number>();
  const turns = open
    .toSorted((a, b) => Number(b.isAnswered) - Number(a.isAnswered) || a.quietMs - b.quietMs)
    .map((connection) => {
      const turn = kept.get(connection.peer) ?? 0;
      kept.set(connection.peer, turn + 1);
      return { connection, turn };
    });
  return turns
    .toSorted((a, b) => a.turn - b.turn)
    .filter(({ turn }, place) => place >= connectionsMax || turn >= connectionsOfPeerMax)
    .map(({ connection }) => connection);
}
