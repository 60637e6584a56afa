// Opens what every command needs: the server's address, a socket, the engine on top of it. Asks the server nothing.

import { Client } from "../../client/client.ts";
import { Device, type DevicePorts } from "../../client/device.ts";
import { MessageTimes } from "../../client/message-times.ts";
import { Requests } from "../../client/requests.ts";
import { textChannel } from "../../client/text-channel.ts";
import type { Common } from "../../config/client.ts";
import { usageError } from "../../config/values.ts";
import { OperatingError } from "../../operating-error.ts";
import type { Address } from "../../protocol/messages.ts";
import { Connection } from "./connection.ts";
import type { Machine, Socket } from "./machine.ts";

/** An open client. */
export type Session = {
  readonly connection: Connection;
  readonly server: Address;
  /** Where this device is reached: `--ip`, or the own address on the way to the server. */
  readonly ip: string;
  readonly mac: string;
  close(): void;
};

/** How the device behind this client behaves. */
export type Behaviour = Pick<DevicePorts, "isMe" | "onQuery" | "onEvent">;

/** A client that only asks: it answers nothing. */
export const asksOnly: Behaviour = {
  isMe: () => false,
  onQuery: (_question, reply) => reply(null),
  onEvent: () => {},
};

/**
 * Opens a session.
 * @param port the own port; 0 lets the system choose
 * @throws OperatingError `usage` where the port is taken, `unknown-host`, `no-route`
 */
export async function openSession(
  machine: Machine,
  config: Common,
  port: number,
  behaviour: Behaviour,
): Promise<Session> {
  const server = { ip: await machine.addressOf(config.server.host), port: config.server.port };
  const ip = config.ip ?? (await machine.ownIpTowards(server.ip));
  let connection: Connection | null = null;
  const socket = await openSocket(machine, port, (bytes, from) => {
    connection?.deliver({ bytes, from, answers: null });
  });
  const channel = textChannel(socket);
  const { clock } = machine;
  const requests = new Requests(channel, machine.random);
  const device = new Device({
    ...behaviour,
    channel,
    address: () => ({ ip, port: socket.port }),
    time: clock.time,
  });
  const times = new MessageTimes(clock.time);
  const opened = new Connection(new Client(requests, device), server, socket.port, times, clock);
  connection = opened;
  const close = () => {
    opened.close();
    socket.close();
  };
  return { connection: opened, server, ip, mac: config.mac ?? machine.macOf(ip), close };
}

type OnDatagram = Parameters<Machine["openSocket"]>[2];

async function openSocket(machine: Machine, port: number, onDatagram: OnDatagram): Promise<Socket> {
  try {
    return await machine.openSocket("::", port, onDatagram);
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    if (error.code === "port-in-use") throw portTaken(port);
    // A machine without IPv6.
    return await machine.openSocket("0.0.0.0", port, onDatagram);
  }
}

function portTaken(port: number): OperatingError {
  return usageError(
    `The device port ${port}/udp is in use, perhaps by another client.`,
    "End that one, or choose another device port.",
  );
}
