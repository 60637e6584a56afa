// Keeps the store connected: opens the connection that writes, and opens another one whenever it is lost, until another
// process has taken the name of this node. Stores nothing.

import { type Claim, leaving, resume } from "../nodes/claim.ts";
import { type PostgresAddress, shownAddress } from "./address.ts";
import { Lost, withDeadline } from "./lost.ts";
import { Writer } from "./writer.ts";

/** The pause between attempts, ms. */
const pauseMs = 250;
/** How long the end of the connection may take, ms. */
const closeMs = 1_000;

export class Connector {
  #writer: Writer | null;
  #claim: Claim;
  #recovery: Promise<void> | null = null;
  #isClosed = false;
  /** Why there is no connection, in words. */
  #why = "";
  /** Called when there is a connection again. */
  onBack: () => void = () => {};

  /**
   * @param name the name of this server's sessions, which no other has
   * @param onTrouble told once of each loss, and of its end
   */
  constructor(
    private readonly address: PostgresAddress,
    private readonly name: string,
    opened: { readonly writer: Writer; readonly claim: Claim },
    private readonly onTrouble: (words: string) => void,
  ) {
    this.#writer = opened.writer;
    this.#claim = opened.claim;
    this.#writer.onLost = (why) => this.lose(why);
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
    this.onTrouble(this.#why);
    this.#recovery ??= this.#recover();
  }

  /** Another process has taken the name of this node: gives up for good. */
  surrender(): void {
    this.#writer?.close();
    this.#writer = null;
    this.#isClosed = true;
    const { node } = this.#claim;
    this.#why = `another iot-server runs as node ${node} now: stop one of them, or give it another --node`;
    this.onTrouble(this.#why);
  }

  /**
   * The next connection. @param end until when to wait for it, by `performance.now()`
   * @throws Lost
   */
  async reconnected(end: number): Promise<Writer> {
    const { writer } = this;
    if (writer !== null) return writer;
    if (this.#recovery !== null) {
      await withDeadline(this.#recovery, Math.max(0, end - performance.now()));
    }
    if (this.#writer === null) throw new Lost(this.#why);
    return this.#writer;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const writer = this.#writer;
    this.#writer = null;
    this.#why = "the store is closed";
    await writer?.send(leaving(this.#claim), closeMs).catch(() => {});
    writer?.close();
  }

  async #recover(): Promise<void> {
    while (!this.#isClosed) {
      try {
        await this.#connect();
        break;
      } catch (error) {
        this.#why = `${shownAddress(this.address)} is away: ${(error as Error).message}`;
        await Bun.sleep(pauseMs);
      }
    }
    this.#recovery = null;
  }

  async #connect(): Promise<void> {
    const writer = await Writer.open(this.address, this.name);
    try {
      const claim = await resume(writer, this.#claim, this.name, this.address.prepare);
      if (claim === null) return this.surrender();
      if (this.#isClosed) return;
      this.#claim = claim;
      this.#writer = writer;
      writer.onLost = (why) => this.lose(why);
      this.onBack();
      this.onTrouble(`${shownAddress(this.address)} is there again`);
    } finally {
      if (this.#writer !== writer) writer.close();
    }
  }
}
