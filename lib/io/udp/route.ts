// What the machine knows about the route to a peer: the address of a host name, the local address on that route, the
// MAC of the interface. Sends nothing but a DNS query.

import { lookup } from "node:dns/promises";
import { networkInterfaces } from "node:os";
import { exitCode, OperatingError } from "../../operating-error.ts";
import { canonicalIp, isIp } from "../../protocol/ip.ts";

/**
 * The address of a host; IPv4 is preferred.
 * @param host a host name, or an IP literal, which is returned unchanged
 * @throws OperatingError `unknown-host`
 */
export async function addressOf(host: string): Promise<string> {
  if (isIp(host)) return host;
  try {
    return (await lookup(host, { order: "ipv4first" })).address;
  } catch {
    throw new OperatingError(
      "unknown-host",
      `No address is known for ${host}.`,
      "Check the name, or give an IP address.",
      exitCode.noAnswer,
    );
  }
}

/**
 * The local address from which datagrams to a peer are sent.
 * @param ip the peer's address, an IP literal
 * @throws OperatingError `no-route`
 */
export async function ownIpTowards(ip: string): Promise<string> {
  try {
    // To connect a UDP socket sends nothing, but makes the kernel choose the route.
    const socket = await Bun.udpSocket({
      hostname: ip.includes(":") ? "::" : "0.0.0.0",
      connect: { hostname: ip, port: 9 },
      socket: { error() {} },
    });
    const own = canonicalIp(socket.address.address);
    socket.close();
    return own;
  } catch {
    throw new OperatingError(
      "no-route",
      `There is no route to ${ip}.`,
      "Check the address and the network, or name the device's own with --ip.",
      exitCode.noAnswer,
    );
  }
}

/**
 * The MAC of the interface with an address. For a loopback or unknown address, that of the first other interface.
 * @param ip one of this machine's addresses
 * @returns `00:00:00:00:00:00` if there is none
 */
export function macOf(ip: string): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const inUse = all.find(({ address, internal }) => !internal && canonicalIp(address) === ip);
  const real = inUse ?? all.find(({ internal, mac }) => !internal && mac !== noMac);
  return real?.mac ?? noMac;
}

const noMac = "00:00:00:00:00:00";
