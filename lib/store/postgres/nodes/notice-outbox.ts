// Sends notifications over the readers' connections, in transactions of their own: one statement at a time, with all that
// waited for the one before. Knows no kind of notice.

import { textArray } from "../connection/arrays.ts";
import { Lost, withDeadline } from "../connection/lost.ts";
import type { Readers } from "../connection/readers.ts";
import { noticeBytesMax } from "./notices.ts";

/** How many notifications may wait, and how many one statement has: 2 MB at most. */
const waitingMax = 4_096;
const atOnce = 256;

type Waiting = {
  readonly channel: string;
  readonly text: string;
  readonly onSent: () => void;
  readonly onFailed: (error: unknown) => void;
};

export class NoticeOutbox {
  readonly #waiting: Waiting[] = [];
  #sending: Promise<void> | null = null;
  #isClosed = false;

  constructor(private readonly readers: Pick<Readers, "read">) {}

  /**
   * Sends a notification. If the answer of PostgreSQL is lost, it may be sent twice.
   * @param text of at most `noticeBytesMax` bytes, without NUL
   * @throws Error if it could not be sent, or nobody knows whether it was
   */
  send(channel: string, text: string): Promise<void> {
    if (this.#isClosed) return Promise.reject(new Lost("the channel is closed"));
    if (this.#waiting.length >= waitingMax) {
      return Promise.reject(new Error("too many notifications wait"));
    }
    if (Buffer.byteLength(text) > noticeBytesMax) {
      return Promise.reject(new RangeError(`a notification has at most ${noticeBytesMax} bytes`));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ channel, text, onSent: resolve, onFailed: reject });
      this.#sending ??= this.#sendAll();
    });
  }

  /** Sends what still waits, and nothing more. @param ms how long that may take */
  async close(ms: number): Promise<void> {
    this.#isClosed = true;
    if (this.#sending === null) return;
    await withDeadline(this.#sending, ms).catch(() => {});
    for (const { onFailed } of this.#waiting.splice(0)) onFailed(new Lost("the channel is closed"));
  }

  async #sendAll(): Promise<void> {
    // What is sent in one turn goes in one statement.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, atOnce);
      try {
        await this.readers.read(
          "SELECT pg_notify(channel, text) FROM unnest($1::text[], $2::text[]) AS notice(channel, text)",
          [
            textArray(group.map(({ channel }) => channel)),
            textArray(group.map(({ text }) => text)),
          ],
        );
        for (const { onSent } of group) onSent();
      } catch (error) {
        for (const { onFailed } of group) onFailed(error);
      }
    }
    this.#sending = null;
  }
}
