// What the nodes of one database tell and ask each other, by PostgreSQL's notifications. They can get lost: nothing that is
// correct depends on them. Knows no table; what changed is read by a function that it is given.

import { randomBytes } from "node:crypto";
import type { AskResult } from "../../../server/asks.ts";
import type { NodeHandlers, NodeQuestion, PlacedRow, Relayed } from "../../../server/nodes.ts";
import { TokenBucket } from "../../../token-bucket.ts";
import type { PostgresAddress } from "../connection/address.ts";
import type { Readers } from "../connection/readers.ts";
import { Announcer } from "./announcer.ts";
import { ChangedDevices } from "./changed-devices.ts";
import { channelPace, type ChannelPace } from "./channel-pace.ts";
import { Listening } from "./listening.ts";
import { NodeAsks } from "./node-asks.ts";
import { NoticeOutbox } from "./notice-outbox.ts";
import { channelOf, decodeNotice, encodeNotice, everyone, type Notice } from "./notices.ts";

/** Packets relayed to other nodes, a second and in a burst. */
const relaysPerSecond = 200;

/** What the channel tells its node. */
export type ChannelHandlers = Pick<
  NodeHandlers,
  "sessionIds" | "onChanged" | "onRelayed" | "onAsked"
>;

/** What the channel needs. */
export type ChannelParts = {
  readonly address: PostgresAddress;
  /** Send the notifications. */
  readonly readers: Pick<Readers, "read">;
  /** The name of this node. */
  readonly own: string;
  /** Shown in PostgreSQL's list of sessions. */
  readonly name: string;
  /** Reads the rows of those devices that are registered, at most 1,000. */
  readonly rowsOf: (ids: readonly string[]) => Promise<readonly PlacedRow[]>;
  /** Told once when the other nodes are not heard any more, and when they are again. */
  readonly onTrouble: (words: string) => void;
};

export class NodeChannel {
  /** The sender of all that it sends: own notices come back to it. */
  readonly #run = randomBytes(8).toString("hex");
  readonly #outbox: NoticeOutbox;
  readonly #announcer: Announcer;
  readonly #asks: NodeAsks;
  readonly #relays = new TokenBucket(relaysPerSecond, relaysPerSecond, performance.now());
  #listening: Listening | null = null;
  #changed: ChangedDevices | null = null;
  #isDeaf = false;

  /** @param pace for tests */
  constructor(
    private readonly parts: ChannelParts,
    private readonly pace: ChannelPace = channelPace,
  ) {
    this.#outbox = new NoticeOutbox(parts.readers);
    this.#announcer = new Announcer((notice) => this.#send(everyone, notice), pace);
    const toNode = (node: string, notice: Notice) => this.#send(channelOf(node), notice);
    this.#asks = new NodeAsks(parts.own, this.#run, toNode, pace);
  }

  /** Begins to listen. Behind a pooler nobody is heard and nothing is said; only comparisons work. */
  start(handlers: ChannelHandlers): void {
    const { address, name, own, rowsOf, onTrouble } = this.parts;
    const { sessionIds, onChanged } = handlers;
    this.#changed = new ChangedDevices({ rowsOf, sessionIds, onChanged }, this.pace);
    if (!address.prepare) return;
    const ownChannel = channelOf(own);
    const listener = {
      channels: [everyone, ownChannel],
      onText: (text: string) => this.#receive(text, handlers),
      onSubscribed: () => this.#changed?.compareAll(),
      probe: (number: number) => this.#send(ownChannel, { kind: "probe", number }),
      onTrouble,
    };
    this.#listening = new Listening(address, name, listener, this.pace);
    this.#listening.start();
  }

  /** Whether the others are heard, as far as is known. */
  get isListening(): boolean {
    return this.#listening?.isSubscribed === true;
  }

  /** Tells the others that devices have changed. */
  tell(ids: Iterable<string>): void {
    const told = [...ids];
    this.#changed?.ownChange(told);
    if (this.#listening !== null) this.#announcer.tell(told);
  }

  /** Passes a packet on to another node, or drops it: it is a datagram. */
  relay(node: string, relayed: Relayed): void {
    if (this.#listening === null || !this.#relays.take(performance.now())) return;
    void this.#send(channelOf(node), { kind: "relay", relayed }).catch(() => {});
  }

  /** Asks a device of another node. */
  ask(node: string, question: NodeQuestion): Promise<AskResult> {
    // Who does not listen would not hear the answer.
    if (!this.isListening) return Promise.resolve({ kind: "busy" });
    return this.#asks.ask(node, question);
  }

  /** Looks how devices are in the store. */
  compare(ids: Iterable<string>): void {
    this.#changed?.changed(ids);
  }

  /** Compares all sessions in memory with the store, as the pace allows it. */
  compareAll(): void {
    this.#changed?.compareAll();
  }

  /** Compares all sessions in memory with the store as fast as it can: changes may have been missed. */
  async settle(): Promise<void> {
    await this.#changed?.settle();
  }

  /** Listens no more, and calls no handler; what this node has to tell still goes out. */
  leave(): void {
    this.#isDeaf = true;
    this.#listening?.stop();
    this.#changed?.stop();
    this.#asks.stop();
  }

  /** Leaves, and says what is still to be said, for a moment. Then nothing is open. */
  async stop(): Promise<void> {
    this.leave();
    this.#announcer.stop();
    await this.#outbox.close(this.pace.stopMs);
  }

  #send(channel: string, notice: Notice): Promise<void> {
    return this.#outbox.send(channel, encodeNotice(this.#run, notice));
  }

  #receive(text: string, handlers: ChannelHandlers): void {
    const received = decodeNotice(text);
    if (received === null || this.#isDeaf) return;
    const { sender, notice } = received;
    if (sender === this.#run) {
      if (notice.kind === "probe") this.#listening?.heard(notice.number);
      return;
    }
    switch (notice.kind) {
      case "changed":
        this.#changed?.changed(notice.ids);
        break;
      case "all":
        this.#changed?.compareAll();
        break;
      case "relay":
        handlers.onRelayed(notice.relayed);
        break;
      case "ask":
        void this.#asks.onAsked(notice, handlers.onAsked);
        break;
      case "answer":
        this.#asks.onAnswer(notice.ticket, notice.result);
        break;
      case "probe":
        break;
    }
  }
}
