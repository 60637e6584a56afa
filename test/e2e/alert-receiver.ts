// Somebody who is told of alerts: an HTTP server that notes what it gets and answers as a test wants. Knows nothing of rules.

import { until } from "./polling.ts";

/** A message that came. */
export type Told = {
  readonly path: string;
  /** Its Idempotency-Key. */
  readonly key: string;
  readonly headers: Headers;
  readonly body: unknown;
};

export class AlertReceiver implements Disposable {
  readonly told: Told[] = [];
  /** What it answers to a message that it has noted. */
  answer: () => Response | Promise<Response> = () => new Response("");
  #port = 0;
  #server: Bun.Server<undefined> | null = null;

  constructor() {
    this.open();
    this.#port = this.#server?.port ?? 0;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  /** Begins to listen, after `close` on the same port. */
  open(): void {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: this.#port,
      fetch: async (request) => {
        const key = request.headers.get("idempotency-key") ?? "";
        const { pathname: path } = new URL(request.url);
        this.told.push({ path, key, headers: request.headers, body: await request.json() });
        return this.answer();
      },
    });
  }

  /** Nobody listens there any more. */
  async close(): Promise<void> {
    await this.#server?.stop(true);
    this.#server = null;
  }

  /** The bodies of `text` as they came: of the same key only the first one. */
  get texts(): string[] {
    const first = new Map(this.told.toReversed().map(({ key, body }) => [key, body]));
    return [...first].toReversed().map(([, body]) => (body as { text: string }).text);
  }

  /** Waits for so many texts, and returns them all. */
  async untilTexts(count: number, withinMs = 60_000): Promise<string[]> {
    await until(`${count} messages`, () => this.texts.length >= count, withinMs);
    return this.texts;
  }

  [Symbol.dispose](): void {
    void this.#server?.stop(true);
  }
}
