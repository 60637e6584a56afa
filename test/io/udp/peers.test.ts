// Peers: one address has one text, whether it came as text or as a socket address; the words of a socket address are
// written back unchanged.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { networkInterfaces } from "node:os";
import { addressWords, family, KnownPeer, PeerTable } from "../../../lib/io/udp/peers.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

/** A socket address as the kernel writes it: `sockaddr_in` or `sockaddr_in6`. */
function socketAddress(ip: readonly number[], port: number, scope = 0): Int32Array<ArrayBuffer> {
  const bytes = new DataView(new ArrayBuffer(addressWords * 4));
  const isIpv6 = ip.length === 16;
  bytes.setUint16(0, isIpv6 ? family.ipv6 : family.ipv4, true);
  bytes.setUint16(2, port);
  for (const [i, byte] of ip.entries()) bytes.setUint8((isIpv6 ? 8 : 4) + i, byte);
  if (isIpv6) bytes.setUint32(24, scope, true);
  return new Int32Array(bytes.buffer);
}

const mapped = (a: number, b: number, c: number, d: number) => [
  ...Array<number>(10).fill(0),
  255,
  255,
  a,
  b,
  c,
  d,
];
const groups = (text: string) =>
  text
    .split(":")
    .flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]);

const onIpv6 = [
  { text: "::ffff:192.0.2.7", ip: "192.0.2.7", bytes: mapped(192, 0, 2, 7) },
  { text: "::ffff:255.255.255.255", ip: "255.255.255.255", bytes: mapped(255, 255, 255, 255) },
  { text: "2001:db8::1", ip: "2001:db8::1", bytes: groups("2001:db8:0:0:0:0:0:1") },
  { text: "::1", ip: "::1", bytes: groups("0:0:0:0:0:0:0:1") },
  // inet_ntop writes the last four bytes of this one as dotted decimal.
  { text: "::1.2.3.4", ip: "::102:304", bytes: groups("0:0:0:0:0:0:102:304") },
  {
    text: "fe80::1%4294967295",
    ip: "fe80::1%4294967295",
    bytes: groups("fe80:0:0:0:0:0:0:1"),
    scope: 0xffff_ffff,
  },
];

describe("an IPv6 socket", () => {
  for (const { text, ip, bytes, scope = 0 } of onIpv6) {
    test(`${text} is ${ip} both ways`, () => {
      const peers = new PeerTable(true);
      const table = socketAddress(bytes, 40_001, scope | 0);
      expect(peers.named(text, 40_001)).toMatchObject({ ip, port: 40_001 });
      expect(peers.at(table, 0)).toMatchObject({ ip, port: 40_001 });
    });
  }

  test("the words of an address are written back unchanged", () => {
    const peers = new PeerTable(true);
    for (const { bytes, scope = 0 } of onIpv6) {
      const table = socketAddress(bytes, 1_994, scope | 0);
      const written = new Int32Array(addressWords);
      (peers.at(table, 0) as KnownPeer).writeTo(written, 0);
      expect(written).toEqual(table);
    }
  });

  test("a peer known by its text is written as the matching socket address", () => {
    const named = new PeerTable(true).named("::ffff:10.1.2.3", 65_535) as KnownPeer;
    const written = new Int32Array(addressWords);
    named.writeTo(written, 0);
    expect(written).toEqual(socketAddress(mapped(10, 1, 2, 3), 65_535));
  });

  test("a link-local address ends with the name of its interface", () => {
    const all = Object.entries(networkInterfaces());
    const found = all.flatMap(([name, addresses]) =>
      (addresses ?? []).map((address) => ({ name, address })),
    );
    // Every machine with IPv6 has an interface with a non-zero scope id; the loopback's is 0.
    const local = found.find(({ address }) => address.family === "IPv6" && address.scopeid > 0);
    const scope = local?.address.family === "IPv6" ? local.address.scopeid : 123_456;
    const table = socketAddress(groups("fe80:0:0:0:0:0:0:7"), 5, scope);
    expect(new PeerTable(true).at(table, 0).ip).toBe(`fe80::7%${local?.name ?? scope}`);
  });
});

describe("an IPv4 socket", () => {
  test("an address has the same text both ways, and is written back unchanged", () => {
    const peers = new PeerTable(false);
    const table = socketAddress([198, 51, 100, 200], 9);
    const peer = peers.at(table, 0) as KnownPeer;
    expect(peer).toMatchObject({ ip: "198.51.100.200", port: 9 });
    expect(peers.named("198.51.100.200", 9)).toBe(peer);
    const written = new Int32Array(addressWords);
    peer.writeTo(written, 0);
    expect(written).toEqual(table);
  });
});

test("the same peer is the same object; another port or address is another", () => {
  const peers = new PeerTable(true);
  const one = socketAddress(mapped(10, 0, 0, 1), 5_000);
  expect(peers.at(one, 0)).toBe(peers.at(Int32Array.from(one), 0));
  expect(peers.at(socketAddress(mapped(10, 0, 0, 1), 5_001), 0).port).toBe(5_001);
  expect(peers.at(socketAddress(mapped(10, 0, 0, 2), 5_000), 0).ip).toBe("10.0.0.2");
});

test("more peers than the table keeps are still told apart", () => {
  const peers = new PeerTable(true);
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 20_000; i++) {
      const peer = peers.at(socketAddress(mapped(10, i >> 16, (i >> 8) & 255, i & 255), 1_994), 0);
      expect(peer.ip).toBe(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
    }
  }
});
