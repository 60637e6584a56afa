// Owns the streams of server-sent events to a bounded number of browsers. Disconnects a client that does not read, so
// that no other client waits for it. Never knows what an event says.

import type { LiveEvents } from "../api/shapes.ts";
import type { Topic } from "../api/words.ts";
import { Problem } from "../problem.ts";

export const liveClientsMax = 32;
/** How many bytes may wait for one client, besides those in the socket's own buffer. */
const waitingBytesMax = 1 << 20;
/** How long bytes may wait for one client, ms. */
const waitingMsMax = 30_000;
/** Interval of an empty comment line, ms: it keeps proxies from closing a quiet connection. */
const aliveEveryMs = 15_000;

export type Subscription = {
  readonly topics: readonly Topic[];
  /** The only device whose events it wants, or null for all. */
  readonly device: string | null;
};

export type LiveClient = Subscription & {
  /** Sends an event, unless it has left; several clients may get the same array. */
  send(bytes: Uint8Array): void;
};

const encoder = new TextEncoder();

export class LiveClients {
  readonly #clients = new Set<LiveClient>();
  readonly #closers = new Map<LiveClient, () => void>();
  #alive: ReturnType<typeof setInterval> | null = null;

  readonly clientsMax = liveClientsMax;

  /** @param now monotonic time in ms */
  constructor(private readonly now = () => performance.now()) {}

  get clients(): number {
    return this.#clients.size;
  }

  all(): Iterable<LiveClient> {
    return this.#clients;
  }

  /** Whether any client wants a topic. */
  wants(topic: Topic): boolean {
    for (const client of this.#clients) if (client.topics.includes(topic)) return true;
    return false;
  }

  /**
   * Sends an event to all clients that want its topic.
   * @param only returns the part of the data for clients that watch one device, or null for none; if omitted, they get
   *   the whole event
   */
  tell<T extends Topic>(
    topic: T,
    data: LiveEvents[T],
    only?: (device: string) => LiveEvents[T] | null,
  ): void {
    let shared: Uint8Array | null = null;
    for (const client of this.#clients) {
      if (!client.topics.includes(topic)) continue;
      if (client.device !== null && only !== undefined) {
        const own = only(client.device);
        if (own !== null) client.send(eventBytes(topic, own));
      } else {
        shared ??= eventBytes(topic, data);
        client.send(shared);
      }
    }
  }

  /**
   * Opens a stream of events.
   * @param hello the first event
   * @param onChange called after a client was added or removed
   * @throws Problem `too-many`
   */
  open(subscription: Subscription, hello: Uint8Array, onChange: () => void): Response {
    if (this.#clients.size >= liveClientsMax) {
      throw new Problem("too-many", `${liveClientsMax} browsers listen already.`, {
        "retry-after": "10",
      });
    }
    let leave = () => {};
    let waitingSince: number | null = null;
    const stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          const client: LiveClient = {
            ...subscription,
            send: (bytes) => {
              if (!this.#clients.has(client)) return;
              // desiredSize is 0 minus the number of bytes that wait.
              const room = waitingBytesMax + (controller.desiredSize ?? 0);
              if (room === waitingBytesMax) waitingSince = null;
              else waitingSince ??= this.now();
              const isStalled = waitingSince !== null && this.now() - waitingSince > waitingMsMax;
              if (room < bytes.length || isStalled) {
                leave();
                controller.error(new Error("the client reads too slowly"));
              } else {
                controller.enqueue(bytes);
              }
            },
          };
          leave = () => {
            this.#clients.delete(client);
            this.#closers.delete(client);
            this.#keepAlive();
            onChange();
          };
          this.#clients.add(client);
          this.#closers.set(client, () => {
            leave();
            controller.close();
          });
          controller.enqueue(hello);
        },
        cancel: () => leave(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: 0 }),
    );
    this.#keepAlive();
    onChange();
    return new Response(stream, {
      headers: {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
      },
    });
  }

  closeAll(): void {
    for (const close of this.#closers.values()) close();
  }

  #keepAlive(): void {
    if (this.#clients.size > 0) {
      this.#alive ??= setInterval(() => {
        const line = encoder.encode(":\n\n");
        for (const client of this.#clients) client.send(line);
      }, aliveEveryMs);
    } else if (this.#alive !== null) {
      clearInterval(this.#alive);
      this.#alive = null;
    }
  }
}

/** The bytes of a server-sent event. */
export function eventBytes(event: string, data: unknown): Uint8Array {
  return encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
