// Keeps one lane of the store connected: opens another connection whenever its own is lost, until it is told to stop. Stores
// nothing.

import { type Claim, resume } from "../nodes/claim.ts";
import { type PostgresAddress, shownAddress } from "./address.ts";
import { Lost, withDeadline } from "./lost.ts";
import { Writer } from "./writer.ts";

/** The pause between attempts, ms. */
const pauseMs = 250;

/** What becomes of the connection of a lane. */
export type LaneEvents = {
  /** @param why in words */
  readonly onLost: (why: string) => void;
  readonly onBack: () => void;
  /** Another process has taken the name of this node. */
  readonly onTaken: () => void;
};

/** An open connection, and what it holds. */
export type Opened = {
  readonly writer: Writer;
  readonly claim: Claim;
  /** Whether it holds the locks of this process. */
  readonly locks: boolean;
};

export class Connector {
  #writer: Writer | null;
  #claim: Claim;
  readonly #locks: boolean;
  #recovery: Promise<void> | null = null;
  #isClosed = false;
  /** Why there is no connection, in words. */
  #why = "";

  /** @param name the name of this server's sessions, which no other has */
  constructor(
    private readonly address: PostgresAddress,
    private readonly name: string,
    { writer, claim, locks }: Opened,
    private readonly events: LaneEvents,
  ) {
    this.#writer = writer;
    this.#claim = claim;
    this.#locks = locks;
    writer.onLost = (why) => this.lose(why);
  }

  /** The connection; null while there is none. */
  get writer(): Writer | null {
    if (this.#writer?.isLost === true) this.lose("the connection is lost");
    return this.#writer;
  }

  /** Whether there will be no other connection. */
  get isOver(): boolean {
    return this.#isClosed;
  }

  /** Why there is no connection. */
  get why(): string {
    return this.#why;
  }

  /** Gives up the connection and begins to open another one. @param why in words */
  lose(why: string): void {
    if (this.#writer === null) return;
    this.#writer.close();
    this.#writer = null;
    this.#why = `${shownAddress(this.address)} is away: ${why}`;
    this.events.onLost(this.#why);
    this.#recovery ??= this.#recover();
  }

  /**
   * The next connection. @param end until when to wait for it, by `performance.now()`
   * @throws Lost
   */
  async reconnected(end: number): Promise<Writer> {
    const { writer } = this;
    if (writer !== null) return writer;
    if (this.#recovery !== null) {
      // That it has not ended in time says less than why there is no connection.
      await withDeadline(this.#recovery, Math.max(0, end - performance.now())).catch(() => {});
    }
    if (this.#writer === null) throw new Lost(this.#why);
    return this.#writer;
  }

  /** Ends for good. @param why in words; @returns the connection, which the caller closes; null if there was none */
  end(why: string): Writer | null {
    this.#isClosed = true;
    this.#why = why;
    const writer = this.#writer;
    this.#writer = null;
    return writer;
  }

  async #recover(): Promise<void> {
    while (!this.#isClosed) {
      try {
        await this.#connect();
        break;
      } catch (error) {
        if (this.#isClosed) break;
        this.#why = `${shownAddress(this.address)} is away: ${(error as Error).message}`;
        await Bun.sleep(pauseMs);
      }
    }
    this.#recovery = null;
  }

  async #connect(): Promise<void> {
    const writer = await Writer.open(this.address, this.name);
    try {
      const claim = await resume(writer, this.#claim, this.name, this.#locks);
      if (claim === null) return this.events.onTaken();
      if (this.#isClosed) return;
      this.#claim = claim;
      this.#writer = writer;
      writer.onLost = (why) => this.lose(why);
      this.events.onBack();
    } finally {
      if (this.#writer !== writer) writer.close();
    }
  }
}
