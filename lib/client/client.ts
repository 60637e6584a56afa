// One client: passes each received text message to the requests that it may answer, or to the device. Never decides
// what to ask. A bad datagram only increments a counter; it is not an error.

import { decode } from "../protocol/decode.ts";
import type { Data } from "../protocol/messages.ts";
import type { Delivery, Receipt } from "./channel.ts";
import type { Device } from "./device.ts";
import type { Requests } from "./requests.ts";

/** A client: its own requests, and the device that answers the requests of others. */
export class Client {
  /** Datagrams that are not a valid message, or are a request that only a server accepts. */
  malformed = 0;

  constructor(
    readonly requests: Requests,
    readonly device: Device,
  ) {}

  /**
   * Takes one received text message.
   * @param delivery the message as received; its content is not trusted
   * @param now monotonic time in ms
   */
  receive(delivery: Delivery, now: number): void {
    const decoded = decode(delivery.bytes);
    if (!decoded.ok) {
      this.malformed++;
      return;
    }
    const { message } = decoded;
    switch (message.type) {
      case "ACK":
        this.requests.receiveAck(message, delivery, now);
        return;
      case "DATA":
        return this.#receiveData(message, delivery, now);
      case "STATUS":
        return this.device.receiveStatus(message, delivery);
      case "QUERY":
        return this.device.receiveQuery(message, delivery, now);
      default:
        // Only a server takes the others.
        this.malformed++;
    }
  }

  /** Takes a RECEIPT of the server. */
  receiveReceipt(receipt: Receipt, now: number): void {
    this.requests.receiveReceipt(receipt, now);
  }

  #receiveData(message: Data, delivery: Delivery, now: number): void {
    const taken = this.requests.receiveData(message, delivery, now);
    switch (taken) {
      case "server-answer":
        return;
      case "device-answer":
        // It ended our QUERY; the device that sent it still waits for our ACK 50.
        return this.device.acknowledgeData(message, delivery);
      case "late":
        if (message.address !== null) this.device.acknowledgeData(message, delivery);
        return;
      case "other":
        return this.device.receiveData(message, delivery);
      default:
        return taken satisfies never;
    }
  }
}
