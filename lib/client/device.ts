// What a device does when others speak to it: notes STATUS, takes DATA, answers QUERY. Asks nothing itself, and never
// sends to an address that it has only read inside a message.

import { ack, answer } from "../protocol/codes.ts";
import { encode, encodeAck } from "../protocol/encode.ts";
import type { Address, Data, Query, Status } from "../protocol/messages.ts";
import { encodeTime } from "../protocol/time.ts";
import { type Channel, type Delivery, sameHost, type Way } from "./channel.ts";
import { fitted } from "./message-room.ts";

/** What came in, for a person to hear of. */
export type DeviceEvent =
  | { readonly kind: "status"; readonly message: Status; readonly from: Address }
  | { readonly kind: "data"; readonly message: Data; readonly from: Address }
  | {
      readonly kind: "query";
      readonly message: Query;
      readonly from: Address;
      /** The device that was asked: the question's target, but for the server's about something else. */
      readonly asked: string;
    };

/** What a device needs from its surroundings. */
export type DevicePorts = {
  readonly channel: Channel;
  readonly server: Address;
  /** Whether this process is the device of that id. */
  isMe(id: string): boolean;
  /** The device that the server asks where its question is about something else; null where none is here. */
  me(): string | null;
  /** Where this device is reached; it goes into its answers. */
  address(): Address;
  /**
   * Answers a question to this device, now or later.
   * @param reply to be called once; null for no answer
   */
  onQuery(question: Query, reply: (message: string | null) => void): void;
  /** The time of day for messages, in ms since 1970; `now` elsewhere only measures. */
  time(): number;
  /** Told of everything that was taken. */
  onEvent(event: DeviceEvent): void;
};

/** Implementation constants: answers to QUERY, which may be longer than the question, in all. */
const answersPerSecond = 5;
const answersBurst = 20;
/** Questions being answered at the same time; the asker asks again. */
const answeringMax = 4;

/** One device as others see it. */
export class Device {
  /** Questions left without an answer: for another device, or too many. */
  unanswered = 0;
  #answering = new Set<string>();
  #tokens = answersBurst;
  #tokensAt = 0;

  constructor(readonly ports: DevicePorts) {}

  /** Notes a STATUS with ACK 40. */
  receiveStatus(message: Status, delivery: Delivery): void {
    this.#acknowledge(ack.statusNoted, message.id, delivery);
    this.ports.onEvent({ kind: "status", message, from: delivery.from });
  }

  /** Says ACK 50 to a DATA, and no more: another device's answer to a question of ours. */
  acknowledgeData(message: Data, delivery: Delivery): void {
    this.#acknowledge(ack.dataStored, message.id, delivery);
  }

  /** Takes a DATA with ACK 50. */
  receiveData(message: Data, delivery: Delivery): void {
    this.acknowledgeData(message, delivery);
    this.ports.onEvent({ kind: "data", message, from: delivery.from });
  }

  /** Answers an addressed QUERY; a plain one is the server's to answer, not a device's. */
  receiveQuery(message: Query, delivery: Delivery, now: number): void {
    const { onQuery, onEvent } = this.ports;
    const { address } = message;
    const hash = hashOf(delivery);
    const asked = this.#askedBy(message, delivery.from);
    if (address === null || asked === null || !this.#mayAnswer(hash, now)) {
      this.unanswered++;
      return;
    }
    // protocol §4: the port in the message counts only where its ip is the source's.
    const to = sameHost(address.ip, delivery.from.ip)
      ? { ip: delivery.from.ip, port: address.port }
      : delivery.from;
    const way = delivery.way ?? this.#wayTo(to);
    this.#answering.add(hash);
    onQuery(message, (text) => {
      if (!this.#answering.delete(hash) || text === null) return;
      way.send(encode(this.#answerTo(message, asked, text, way.textBytesMax)));
    });
    onEvent({ kind: "query", message, from: delivery.from, asked });
  }

  /** Which device of this process a question is to; null for none. */
  #askedBy({ id, target }: Query, from: Address): string | null {
    const { isMe, me, server } = this.ports;
    if (isMe(target)) return target;
    // protocol §4.9: the server's question went to this device, and its target is what is asked.
    const isServers = id === "server" && from.port === server.port && sameHost(from.ip, server.ip);
    return isServers ? me() : null;
  }

  #wayTo(to: Address): Way {
    const { channel } = this.ports;
    return {
      textBytesMax: channel.textBytesMax,
      send: (text) => channel.send(text, to, null),
    };
  }

  #answerTo(question: Query, id: string, text: string, textBytesMax: number): Data {
    return fitted(
      {
        type: "DATA",
        code: answer.found,
        id,
        address: this.ports.address(),
        time: question.time,
        message: text,
      },
      textBytesMax,
    );
  }

  /** Bounds what a forged source can make this device send. A repeated question is answered once at a time. */
  #mayAnswer(hash: string, now: number): boolean {
    const earned = ((now - this.#tokensAt) / 1000) * answersPerSecond;
    this.#tokens = Math.min(answersBurst, this.#tokens + Math.max(0, earned));
    this.#tokensAt = now;
    if (this.#answering.has(hash) || this.#answering.size >= answeringMax) return false;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  #acknowledge(code: string, id: string, delivery: Delivery): void {
    const text = encodeAck(code, id, encodeTime(this.ports.time()), hashOf(delivery));
    (delivery.way ?? this.#wayTo(delivery.from)).send(text);
  }
}

function hashOf(delivery: Delivery): string {
  return Bun.SHA256.hash(delivery.bytes, "hex");
}
