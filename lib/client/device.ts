// How a device handles incoming requests: acknowledges STATUS and DATA, answers QUERY. Never sends requests itself, and
// never sends to an address that it has only read inside a message.

import { ack, answer } from "../protocol/codes.ts";
import { commandNumber } from "../protocol/commands.ts";
import { digestOf } from "../protocol/digest.ts";
import { encode, encodeAck } from "../protocol/encode.ts";
import { utf8Bytes } from "../protocol/fields.ts";
import type { Address, Data, Query, Status } from "../protocol/messages.ts";
import { encodeTime } from "../protocol/time.ts";
import { TokenBucket } from "../token-bucket.ts";
import { type Channel, type Delivery, sameAddress, sameHost, type Way } from "./channel.ts";
import { fitted, withoutLineEnd } from "./message-room.ts";

/** A request that arrived, to be shown to a person. */
export type DeviceEvent =
  | { readonly kind: "status"; readonly message: Status; readonly from: Address }
  /** A command of the server (protocol §4.14). */
  | {
      readonly kind: "command";
      readonly message: Status;
      readonly from: Address;
      readonly number: number;
    }
  | { readonly kind: "data"; readonly message: Data; readonly from: Address }
  | {
      readonly kind: "query";
      readonly message: Query;
      readonly from: Address;
      /** The id that answers: the target, or `me()` where the server's target is another word (protocol §4.9). */
      readonly asked: string;
    }
  /** The answer to a QUERY did not fit: only `kept` bytes of it are sent. */
  | {
      readonly kind: "answer-cut";
      readonly message: Query;
      readonly from: Address;
      readonly kept: number;
    };

/** What a device needs from its caller. */
export type DevicePorts = {
  readonly channel: Channel;
  readonly server: Address;
  /** Whether this process speaks for the device with that id. */
  isMe(id: string): boolean;
  /** The id that answers a QUERY of the server whose target is no device of this process; null for none. */
  me(): string | null;
  /** The address at which this device is reached; its answers contain it. */
  address(): Address;
  /**
   * Answers a QUERY to this device, now or later.
   * @param reply to be called once with the message of the answer, or with null for no answer
   */
  onQuery(question: Query, reply: (message: string | null) => void): void;
  /** The time of day for messages, in ms since 1970. The `now` of other calls is monotonic and only measures. */
  time(): number;
  /** Called for each request that was acknowledged or passed to `onQuery`. */
  onEvent(event: DeviceEvent): void;
};

/** Implementation constants: rate limit of the answers to QUERY, for all askers together; bounds the amplification. */
const answersPerSecond = 5;
const answersBurst = 20;
/** QUERYs that may be answered at the same time. Others are dropped, and their askers send them again. */
const answeringMax = 4;

/** One device, on the answering side. */
export class Device {
  /** QUERYs dropped: plain, for another device, or over the rate limit. */
  unanswered = 0;
  #answering = new Set<string>();
  #answers = new TokenBucket(answersPerSecond, answersBurst, 0);

  constructor(readonly ports: DevicePorts) {}

  /** Answers a STATUS with ACK 40. */
  receiveStatus(message: Status, delivery: Delivery): void {
    const { onEvent, server } = this.ports;
    const { from } = delivery;
    this.#acknowledge(ack.statusNoted, message.id, delivery);
    const isServers = message.id === "server" && sameAddress(from, server);
    const number = isServers ? commandNumber(message.time) : null;
    if (number === null) onEvent({ kind: "status", message, from });
    else onEvent({ kind: "command", message, from, number });
  }

  /** Answers a DATA with ACK 50 without an event: it is another device's answer to our QUERY. */
  acknowledgeData(message: Data, delivery: Delivery): void {
    this.#acknowledge(ack.dataStored, message.id, delivery);
  }

  /** Answers a DATA with ACK 50 and reports it as an event. */
  receiveData(message: Data, delivery: Delivery): void {
    this.acknowledgeData(message, delivery);
    this.ports.onEvent({ kind: "data", message, from: delivery.from });
  }

  /** Answers an addressed QUERY, within the rate limit. A plain one is for a server and is dropped. */
  receiveQuery(message: Query, delivery: Delivery, now: number): void {
    const { onQuery, onEvent } = this.ports;
    const { address } = message;
    const hash = digestOf(delivery.bytes);
    const asked = this.#askedBy(message, delivery.from);
    if (address === null || asked === null || !this.#mayAnswer(hash, now)) {
      this.unanswered++;
      return;
    }
    // protocol §4.9: the port in the message is used only if its ip is that of the source.
    const to = sameHost(address.ip, delivery.from.ip)
      ? { ip: delivery.from.ip, port: address.port }
      : delivery.from;
    const way = delivery.way ?? this.#wayTo(to);
    this.#answering.add(hash);
    onQuery(message, (text) => {
      if (!this.#answering.delete(hash) || text === null) return;
      const data = this.#answerTo(message, asked, text, way.textBytesMax);
      way.send(encode(data));
      const kept = utf8Bytes(data.message);
      if (kept >= utf8Bytes(withoutLineEnd(text))) return;
      onEvent({ kind: "answer-cut", message, from: delivery.from, kept });
    });
    onEvent({ kind: "query", message, from: delivery.from, asked });
  }

  /** The device of this process that a QUERY is for; null for none. */
  #askedBy({ id, target }: Query, from: Address): string | null {
    const { isMe, me, server } = this.ports;
    if (isMe(target)) return target;
    // protocol §4.9: a QUERY of the server is for this device; its target is any word that the operator wrote.
    const isServers = id === "server" && sameAddress(from, server);
    return isServers ? me() : null;
  }

  #wayTo(to: Address): Way {
    const { channel } = this.ports;
    return {
      textBytesMax: channel.textBytesMax,
      send: (text) => channel.send([{ text, msgid: null }], to),
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

  /** Bounds what forged sources can make this device send. A repeat of a QUERY in progress is dropped. */
  #mayAnswer(hash: string, now: number): boolean {
    if (this.#answering.has(hash) || this.#answering.size >= answeringMax) return false;
    return this.#answers.take(now);
  }

  #acknowledge(code: string, id: string, delivery: Delivery): void {
    const text = encodeAck(code, id, encodeTime(this.ports.time()), digestOf(delivery.bytes));
    (delivery.way ?? this.#wayTo(delivery.from)).send(text);
  }
}
