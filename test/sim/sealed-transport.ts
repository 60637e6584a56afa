// The sealed transport of the simulation: the client's real sealed channel, whose keys and tickets survive a loss of
// power. The oracles read nothing of it on the way; they judge by what devices sent and what is stored.

import { SealedChannel } from "../../lib/client/sealed/channel.ts";
import { Disk } from "../client/sealed/client-node.ts";
import type { Stream } from "./random.ts";
import type { DevicePorts, Transport } from "./transport.ts";
import { hold } from "./violation.ts";

/** A device rekeys after so many packets: often, so that it happens between the repeats of a packet too. */
const rekeyAfterMessages = 25;

/**
 * @param secrets draws what a device keeps secret
 * @param now the time of the simulation, ms
 * @param disks what the devices keep, by id
 */
export function sealedTransport(
  secrets: Stream,
  now: () => number,
  disks = new Map<string, Disk>(),
): Transport {
  return {
    connect: (ports) => connect(ports, diskOf(disks, ports.id), secrets, now),
    read: (bytes) => (isPacket(bytes) ? null : Buffer.from(bytes).toString("utf8")),
    mayFlip: () => true,
  };
}

function connect(
  { id, server, send, deliver, confirm, resent, heard, random }: DevicePorts,
  disk: Disk,
  secrets: Stream,
  now: () => number,
): SealedChannel {
  const key = (serverKey: Uint8Array, of: string) =>
    `${Buffer.from(serverKey).toString("hex")} ${of}`;
  return new SealedChannel(
    {
      local: disk.local,
      psk: undefined,
      send: (payload, to) => send(Buffer.from(payload as string), to),
      now,
      time: now,
      random,
      randomBytes: (count) => secrets.bytes(count),
      nextHandshakeCounter: () => (disk.counter = Math.max(now() * 1_000, disk.counter + 1)),
      ticketOf: (serverKey, of) => disk.tickets.get(key(serverKey, of)) ?? null,
      keepTicket: (serverKey, of, ticket) => void disk.tickets.set(key(serverKey, of), ticket),
      pin: (serverKey) => {
        disk.pinned = serverKey;
      },
    },
    {
      server,
      pinned: disk.pinned,
      expected: null,
      keepaliveMs: 25_000,
      answerText: false,
      rekeyAfterMessages,
    },
    {
      onDelivery: deliver,
      onReceipt: confirm,
      onResent: resent,
      onHeard: () => heard?.(),
      onTrouble: () => {},
      onKeyChange: () => hold(false, () => `${id} saw another key of the server`),
      onTextDropped: () => {},
    },
  );
}

/** Protocol §1.4: the first byte tells. */
function isPacket([first = 0]: Uint8Array): boolean {
  return first >= 1 && first <= 7;
}

function diskOf(disks: Map<string, Disk>, id: string): Disk {
  const disk = disks.get(id) ?? new Disk(id);
  disks.set(id, disk);
  return disk;
}
