// Opens what every command needs: the servers' address, a socket, and the engine on top of it. Never sends a request.

import type { Trouble } from "../../client/channel.ts";
import { Client } from "../../client/client.ts";
import { Device, type DevicePorts } from "../../client/device.ts";
import { MessageTimes } from "../../client/message-times.ts";
import { Requests } from "../../client/requests.ts";
import type { Common } from "../../config/client.ts";
import { usageError } from "../../config/values.ts";
import { OperatingError } from "../../operating-error.ts";
import type { Address } from "../../protocol/messages.ts";
import { readyCipher } from "../ready-cipher.ts";
import { openCarrier, troubleLine } from "./carrier.ts";
import { Connection } from "./connection.ts";
import type { Machine } from "./machine.ts";
import { Servers } from "./servers.ts";

/** An open client. */
export type OpenClient = {
  readonly connection: Connection;
  /** That of the current server. */
  readonly server: Address;
  /** The IP at which this device is reached: `--ip`, or the local address of the route to the server. */
  readonly ip: string;
  readonly mac: string;
  /** Waits for `begun`; rejects as soon as an OperatingError ends the command before that. */
  orFailure<T>(begun: Promise<T>): Promise<T>;
  close(): void;
};

/** How this client behaves as a device. */
export type Behaviour = Pick<DevicePorts, "isMe" | "me" | "onQuery" | "onEvent"> & {
  /** Whether others may ask this device. */
  readonly listens: boolean;
  /** Whether another port does as well, if the one to open is taken. */
  readonly anyPort: boolean;
  /** Shows a person a line that is not an answer. */
  notice(line: string): void;
};

/** The behaviour of a client that only asks and answers no QUERY. */
export function asksOnly(machine: Machine): Behaviour {
  return {
    isMe: () => false,
    me: () => null,
    onQuery: (_question, reply) => reply(null),
    onEvent: () => {},
    listens: false,
    anyPort: true,
    notice: (line) => machine.notice(line),
  };
}

/**
 * Opens a session.
 * @param port the local port; 0 lets the system choose
 * @throws OperatingError `usage` if the port is in use, `unknown-host`, `no-route`, `no-cipher`, and those of `openCarrier`
 */
export async function openClient(
  machine: Machine,
  config: Common,
  port: number,
  behaviour: Behaviour,
): Promise<OpenClient> {
  if (config.sealing.kind !== "text") await readyCipher();
  const servers = new Servers(config.servers, machine, behaviour.notice);
  const server = servers.address;
  const ip = await servers.begin(config.ip);
  let opened: Connection | null = null;
  const { promise: failure, reject } = Promise.withResolvers<never>();
  failure.catch(() => {});
  const onDatagram: OnDatagram = (bytes, from) => opened?.deliver(bytes, from);
  const onRefused = behaviour.listens ? undefined : () => opened?.refused();
  const open = (at: number) => machine.openSocket("::", at, onDatagram, onRefused);
  const socket = await openAt(port, open, behaviour.anyPort);
  const { clock } = machine;
  let told: Trouble | null = null;
  const tellTrouble = (trouble: Trouble | null) => {
    if (trouble !== null && trouble !== told) behaviour.notice(troubleLine(trouble));
    told = trouble;
  };
  try {
    const carrier = openCarrier(machine, config, servers, socket, behaviour.listens, {
      onDelivery: (delivery) => opened?.client.receive(delivery, clock.now()),
      onResent: (msgids) => opened?.client.requests.resent(msgids, clock.now()),
      onHeard: () => opened?.client.requests.heard(clock.now()),
      onReceipt: (receipt) => opened?.client.receiveReceipt(receipt, clock.now()),
      onFailure: reject,
      onTrouble: (trouble) => {
        tellTrouble(trouble);
        servers.giveUp();
      },
      notice: behaviour.notice,
    });
    const requests = new Requests(carrier, machine.random);
    const address = () => ({ ip, port: socket.port });
    const device = new Device({
      ...behaviour,
      channel: carrier,
      server,
      address,
      time: clock.time,
    });
    const times = new MessageTimes(clock.time);
    const client = new Client(requests, device);
    const connection = new Connection(client, carrier, server, socket.port, times, clock);
    connection.onFailure = reject;
    connection.onSilence = () => tellTrouble(carrier.trouble);
    // That nothing answers is said by the move itself.
    servers.onLeave = () => {
      if (carrier.trouble !== "no-key") tellTrouble(carrier.trouble);
    };
    servers.watch(connection);
    opened = connection;
    const orFailure = <T>(begun: Promise<T>) => Promise.race([begun, failure]);
    const close = () => {
      servers.end();
      connection.close();
      socket.close();
    };
    return { connection, server, ip, mac: config.mac ?? machine.macOf(ip), orFailure, close };
  } catch (error) {
    socket.close();
    throw error;
  }
}

type OnDatagram = Parameters<Machine["openSocket"]>[2];

/** Opens a port, or any other one if it is taken and that will do. */
async function openAt<T>(port: number, open: (port: number) => Promise<T>, anyPort: boolean) {
  try {
    return await open(port);
  } catch (error) {
    if (!(error instanceof OperatingError) || error.code !== "port-in-use") throw error;
    if (!anyPort) throw portTaken(port);
    return open(0);
  }
}

function portTaken(port: number): OperatingError {
  return usageError(
    `The device port ${port}/udp is in use, perhaps by another client.`,
    "End that one, or choose another device port.",
  );
}
