// The UDP endpoint over real sockets: datagrams received in bulk and one by one are the same and in order, and whatever
// cannot be sent in bulk is sent one by one.

import { afterEach, describe, expect, setDefaultTimeout, spyOn, test } from "bun:test";
import { openUdp, type Peer, type UdpEndpoint } from "../../../lib/io/udp/udp-endpoint.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

type Received = { readonly text: string; readonly peer: Peer };

/** An endpoint that keeps copies of what it received, and wakes a test that waits for a number of datagrams. */
class Listener {
  readonly received: Received[] = [];
  endpoint!: UdpEndpoint;
  #wanted = 0;
  #enough = Promise.withResolvers<void>();

  static async open(host: string, isBusy: boolean): Promise<Listener> {
    const listener = new Listener();
    listener.endpoint = await openUdp(
      host,
      0,
      (bytes, peer) => listener.#receive({ text: Buffer.from(bytes).toString(), peer }),
      { isBusy },
    );
    open.push(listener.endpoint);
    return listener;
  }

  get texts(): string[] {
    return this.received.map(({ text }) => text);
  }

  async until(count: number): Promise<void> {
    this.#wanted = count;
    this.#enough = Promise.withResolvers();
    if (this.received.length < count) await this.#enough.promise;
  }

  #receive(datagram: Received): void {
    this.received.push(datagram);
    if (this.received.length >= this.#wanted) this.#enough.resolve();
  }
}

const open: UdpEndpoint[] = [];
afterEach(() => {
  for (const endpoint of open.splice(0)) endpoint.close();
});

const numbered = (count: number) => Array.from({ length: count }, (_, i) => `datagram ${i}`);
const to = (ip: string, { endpoint }: Listener) => ({ ip, port: endpoint.port });

describe("receiving", () => {
  test("a burst that needs several calls arrives complete and in order", async () => {
    const server = await Listener.open("::", true);
    const client = await Listener.open("0.0.0.0", false);
    const texts = numbered(1_500);
    client.endpoint.send(texts.map((payload) => ({ payload, to: to("127.0.0.1", server) })));
    server.endpoint.collect();
    // On Linux the whole burst is in the socket buffer before the event loop reads any of it; one collect() takes 512.
    if (process.platform === "linux") expect(server.received.length).toBe(512);
    await server.until(texts.length);
    expect(server.texts).toEqual(texts);
    const { port } = client.endpoint;
    expect(new Set(server.received.map(({ peer }) => `${peer.ip} ${peer.port}`))).toEqual(
      new Set([`127.0.0.1 ${port}`]),
    );
  });

  test("the longest datagram and an empty one arrive complete", async () => {
    const server = await Listener.open("::", true);
    const client = await Listener.open("0.0.0.0", false);
    const texts = ["x".repeat(65_000), "", "y", "z".repeat(2_112), "z".repeat(2_113)];
    client.endpoint.send(texts.map((payload) => ({ payload, to: to("127.0.0.1", server) })));
    server.endpoint.collect();
    await server.until(texts.length);
    expect(server.texts.map(({ length }) => length)).toEqual([65_000, 0, 1, 2_112, 2_113]);
  });

  test("an IPv6 peer has the same name in bulk and one by one", async () => {
    const server = await Listener.open("::", true);
    const client = await Listener.open("::1", false);
    client.endpoint.send([{ payload: "in bulk", to: to("::1", server) }]);
    server.endpoint.collect();
    await server.until(1);
    client.endpoint.send([{ payload: "one by one", to: to("::1", server) }]);
    await server.until(2);
    const peer = { ip: "::1", port: client.endpoint.port };
    expect(server.received).toMatchObject([{ peer }, { peer }]);
  });

  test("nothing is collected from a closed socket", async () => {
    const server = await Listener.open("::", true);
    const client = await Listener.open("0.0.0.0", false);
    client.endpoint.send([{ payload: "too late", to: to("127.0.0.1", server) }]);
    server.endpoint.close();
    server.endpoint.collect();
    expect(server.received).toEqual([]);
  });
});

for (const [host, ip] of [
  ["::", "127.0.0.1"],
  ["0.0.0.0", "127.0.0.1"],
  ["::", "::1"],
] as const) {
  describe(`sending on ${host} to ${ip}`, () => {
    test("a batch that needs several calls arrives complete and in order", async () => {
      const { server, client, peer } = await acquainted(host, ip);
      const texts = numbered(1_000);
      server.endpoint.send(texts.map((payload) => ({ payload, to: peer })));
      await client.until(texts.length);
      expect(client.texts).toEqual(texts);
    });

    test("texts are sent as UTF-8 and bytes unchanged, long ones too", async () => {
      const { server, client, peer } = await acquainted(host, ip);
      const texts = ["21.5 °C", "", "€".repeat(1_365), "€".repeat(2_000), "plain"];
      const bytes = Buffer.from("some bytes");
      server.endpoint.send([...texts, bytes].map((payload) => ({ payload, to: peer })));
      await client.until(6);
      expect(client.texts).toEqual([...texts, "some bytes"]);
    });

    test("texts and bytes in turn arrive unchanged, before and after texts of other lengths", async () => {
      const { server, client, peer } = await acquainted(host, ip);
      const batches = [
        ["a", "bytes b", "c", "bytes d", ""],
        ["bytes a", "b", "bytes c", "d", "bytes e"],
        // Together too long to be encoded in a row.
        Array.from({ length: 200 }, (_, i) => String(i).padEnd(1_300, "x")),
        ["\ud83d", "\ude00", "ü", "plain"],
        ["plain"],
      ];
      for (const batch of batches) {
        server.endpoint.send(
          batch.map((text) => ({
            payload: text.startsWith("bytes") ? Buffer.from(text) : text,
            to: peer,
          })),
        );
      }
      const texts = batches.flat().map((text) => text.toWellFormed());
      await client.until(texts.length);
      expect(client.texts).toEqual(texts);
    });

    test("neither a peer known by its text alone nor an impossible one hinders the others", async () => {
      const { server, client, peer } = await acquainted(host, ip);
      const { port } = client.endpoint;
      server.endpoint.send([
        { payload: "first", to: peer },
        { payload: "by text", to: { ip, port } },
        { payload: "nowhere", to: { ip: "no address", port } },
        { payload: "last", to: peer },
      ]);
      await client.until(3);
      expect(client.texts).toEqual(["first", "by text", "last"]);
      expect(server.endpoint.dropped).toBe(1);
    });
  });
}

/** A server that received one datagram from a client in bulk, and so knows its address in the kernel's form. */
async function acquainted(host: string, ip: string) {
  const server = await Listener.open(host, true);
  const client = await Listener.open(ip, false);
  client.endpoint.send([{ payload: "hello", to: to(ip, server) }]);
  server.endpoint.collect();
  await server.until(1);
  const { peer } = server.received[0] as Received;
  return { server, client, peer };
}

test("what the kernel does not accept waits in order, up to a bound; what exceeds it is dropped and counted", async () => {
  const bound = 8_192;
  let isFull = true;
  const sent: unknown[] = [];
  const kernel = {
    port: 1,
    sendMany(parts: readonly unknown[]) {
      if (isFull) return 0;
      for (let i = 0; i < parts.length; i += 3) sent.push(parts[i]);
      return parts.length / 3;
    },
  };
  let drain = () => {};
  const socket = spyOn(Bun, "udpSocket").mockImplementation((async ({
    socket: handlers,
  }: Handled) => {
    drain = handlers.drain;
    return kernel;
  }) as never);
  const endpoint = await openUdp("127.0.0.1", 0, () => {});
  socket.mockRestore();
  const texts = numbered(bound + 30);
  const peer = { ip: "127.0.0.1", port: 1 };
  for (const [first, end] of [
    [0, bound - 10],
    [bound - 10, bound + 20],
    [bound + 20, bound + 30],
  ]) {
    endpoint.send(texts.slice(first, end).map((payload) => ({ payload, to: peer })));
  }
  expect(endpoint.dropped).toBe(30);
  isFull = false;
  drain();
  expect(sent).toEqual(texts.slice(0, bound));
  endpoint.send([{ payload: "later", to: peer }]);
  expect([sent.at(-1), sent.length, endpoint.dropped]).toEqual(["later", bound + 1, 30]);
});

type Handled = { readonly socket: { readonly drain: () => void } };

test("a client hears that nobody listens, and the datagram after it goes out", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const away = await openUdp("127.0.0.1", 0, () => {});
  away.close();
  const client = await openUdp("::", 0, () => {}, { onRefused: resolve });
  open.push(client);
  client.send([{ payload: "to nobody", to: { ip: "127.0.0.1", port: away.port } }]);
  await promise;
  const listener = await Listener.open("127.0.0.1", false);
  client.send([{ payload: "to somebody", to: to("127.0.0.1", listener) }]);
  await listener.until(1);
  expect(listener.texts).toEqual(["to somebody"]);
});
