// Which device of a fleet a datagram is for: they share a few sockets. Goes by the indices of the envelope, which it reads
// in the packets that the devices send, and in text by the id. Never judges what a datagram says.

import { commandNumber } from "../../protocol/commands.ts";
import { packetFault, packetType, receiverOf } from "../../sealed/packet-form.ts";

/** The indices of a device's latest links, its own and the server's. */
export type LinkIndices = { readonly own: number[]; readonly servers: number[] };

/** Implementation constant: links of a device that are heard: two during a change of keys, and one that is being made. */
const linksMax = 3;

export class Routes<T extends { readonly indices: LinkIndices }> {
  readonly #own = new Map<number, T>();
  readonly #servers = new Map<number, T>();

  /** @param deviceOf the device with that id, if it is of this fleet */
  constructor(private readonly deviceOf: (id: string) => T | undefined) {}

  /** Notes what a device sends: an INIT has the index that answers will have. */
  noteSent(payload: string | Uint8Array, device: T): void {
    if (typeof payload === "string" || payload[0] !== packetType.init) return;
    note(this.#own, device.indices.own, senderOf(payload), device);
  }

  /** The device that a datagram is for; undefined if it is none's, or a text does not say whose. */
  of(bytes: Uint8Array): T | undefined {
    const first = bytes[0] ?? 0;
    if (first >= 0x41 && first <= 0x5a) return this.deviceOf(idIn(bytes) ?? "");
    if (packetFault(bytes) !== undefined) return undefined;
    switch (first) {
      case packetType.resp: {
        const device = this.#own.get(receiverOf(bytes));
        // A RESET names the link by the server's index.
        if (device !== undefined) {
          note(this.#servers, device.indices.servers, senderOf(bytes), device);
        }
        return device;
      }
      case packetType.data:
      case packetType.cookie:
        return this.#own.get(receiverOf(bytes));
      case packetType.reset:
        return this.#servers.get(receiverOf(bytes));
      default:
        return undefined;
    }
  }
}

/** Whether a text is a command of the server (protocol §4.14). */
export function isCommand(bytes: Uint8Array): boolean {
  const [type, , id, time = ""] = fieldsOf(bytes);
  return type === "STATUS" && id === "server" && commandNumber(time) !== null;
}

function note<T>(map: Map<number, T>, indices: number[], index: number, device: T): void {
  if (map.get(index) === device) return;
  map.set(index, device);
  if (indices.push(index) <= linksMax) return;
  const oldest = indices.shift() as number;
  if (map.get(oldest) === device) map.delete(oldest);
}

function senderOf(packet: Uint8Array): number {
  return new DataView(packet.buffer, packet.byteOffset).getUint32(4);
}

/** The id in an ACK or in the answer to a QUERY, or the target of a QUERY; a STATUS of the server does not say to whom it goes. */
function idIn(bytes: Uint8Array): string | undefined {
  const fields = fieldsOf(bytes);
  switch (fields[0]) {
    case "ACK":
    case "DATA":
      return fields[2];
    case "QUERY":
      return fields.at(-1);
    default:
      return undefined;
  }
}

function fieldsOf(bytes: Uint8Array): string[] {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString().split("\t");
}
