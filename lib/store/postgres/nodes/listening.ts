// The connection that listens: subscribes, notices when it is lost or silent, and opens the next one. What is said while
// there is none is lost, so whoever listens is told of each subscription. Sends nothing but its probes.

import { SQL } from "bun";
import { connectionOptions, type PostgresAddress } from "../connection/address.ts";
import { withDeadline } from "../connection/lost.ts";
import { drop } from "../connection/writer.ts";
import type { ChannelPace } from "./channel-pace.ts";

/** What the listening connection is for. */
export type Listener = {
  readonly channels: readonly string[];
  readonly onText: (text: string) => void;
  /** Called after each subscription. */
  readonly onSubscribed: () => void;
  /** Sends a probe to a channel on which this connection listens, and then calls `heard` with its number. */
  readonly probe: (number: number) => Promise<void>;
  /** Told once of each loss, and of its end. */
  readonly onTrouble: (words: string) => void;
};

export class Listening {
  /** The connection, once it is subscribed or while it is opened. Bun opens another by itself, after up to 32 s: not used. */
  #sql: SQL | null = null;
  #isSubscribed = false;
  /** Whether it was told that the connection is lost. */
  #isLossTold = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #probes = 0;
  /** The latest probe that came back. */
  #heard = 0;

  /** @param name shown in PostgreSQL's list of sessions */
  constructor(
    private readonly address: PostgresAddress,
    private readonly name: string,
    private readonly listener: Listener,
    private readonly pace: Pick<ChannelPace, "openMs" | "pauseMs" | "probeMs" | "silentMs">,
  ) {}

  /** Whether what is said now is heard, as far as is known. */
  get isSubscribed(): boolean {
    return this.#isSubscribed;
  }

  start(): void {
    void this.#open();
  }

  stop(): void {
    this.#giveUp();
  }

  /** A probe has come back. */
  heard(number: number): void {
    if (number !== this.#probes || number === this.#heard || !this.#isSubscribed) return;
    this.#heard = number;
    if (this.#isLossTold) this.listener.onTrouble("the other nodes are heard again");
    this.#isLossTold = false;
    this.#after(this.pace.probeMs, () => this.#probe());
  }

  async #open(): Promise<void> {
    const { channels, onText } = this.listener;
    const sql: SQL = new SQL(
      listeningOptions(this.address, this.name, (error) => {
        this.#lose(sql, error?.message ?? "it ended");
      }),
    );
    this.#sql = sql;
    const hear = (text: string) => {
      if (this.#sql === sql) onText(text);
    };
    try {
      const all = Promise.all(channels.map((channel) => sql.listen(channel, hear)));
      await withDeadline(all, this.pace.openMs);
    } catch (error) {
      this.#lose(sql, (error as Error).message);
      return;
    }
    if (this.#sql !== sql) return;
    this.#isSubscribed = true;
    this.listener.onSubscribed();
    this.#probe();
  }

  #probe(): void {
    const sql = this.#sql;
    const number = ++this.#probes;
    const isAwaited = () => this.#sql === sql && this.#heard !== number;
    this.listener.probe(number).then(
      () => {
        if (!isAwaited()) return;
        const seconds = this.pace.silentMs / 1000;
        this.#after(this.pace.silentMs, () => this.#lose(sql, `silent for ${seconds} s`));
      },
      () => {
        // What could not be sent says nothing of this connection.
        if (isAwaited()) this.#after(this.pace.probeMs, () => this.#probe());
      },
    );
  }

  #lose(sql: SQL | null, why: string): void {
    if (sql === null || this.#sql !== sql) return;
    this.#giveUp();
    this.#after(this.pace.pauseMs, () => void this.#open());
    if (this.#isLossTold) return;
    this.#isLossTold = true;
    this.listener.onTrouble(`the other nodes are not heard: ${why}`);
  }

  #giveUp(): void {
    clearTimeout(this.#timer);
    this.#isSubscribed = false;
    const sql = this.#sql;
    this.#sql = null;
    if (sql !== null) drop(sql);
  }

  #after(ms: number, act: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, ms);
  }
}

/** It is idle for ever if nobody says anything, which a server may be set to end. */
function listeningOptions(
  address: PostgresAddress,
  name: string,
  onclose: (error: Error | null) => void,
): SQL.Options {
  const options = connectionOptions(address, name, 1, onclose) as SQL.PostgresOrMySQLOptions;
  return { ...options, connection: { ...options.connection, idle_session_timeout: "0" } };
}
