// A client whose server is silent, and that goes on with another one: the same request there, each done once.

import { expect, setDefaultTimeout, test } from "bun:test";
import { testTimeoutMs } from "../../e2e/polling.ts";
import type { Address } from "../../../lib/protocol/messages.ts";
import { asker, loggedIn } from "./peer-fixtures.ts";
import type { ClientNode } from "./client-node.ts";
import { packetKind, World } from "./world.ts";

setDefaultTimeout(testTimeoutMs);

const first: Address = { ip: "192.0.2.1", port: 9000 };
const second: Address = { ip: "192.0.2.9", port: 9001 };

/** A client that is logged in at the first server; `use` makes its address that of another one. */
async function begin(text: boolean) {
  let current = first;
  const address = {
    get ip() {
      return current.ip;
    },
    get port() {
      return current.port;
    },
  };
  const world = new World(1, {}, address);
  const client = await loggedIn(world, { ...asker, text });
  const use = (server: Address) => {
    current = server;
    client.carrier.moved();
    client.client.requests.moved(address, world.now);
  };
  return { world, client, use };
}

/** The first server ends, and another one begins on the same store: of links and sessions it knows what is stored. */
function end(world: World): void {
  world.serverAt = second;
  world.restartServer();
}

async function untilSilent({ world, client: { requests } }: ClientNode): Promise<void> {
  const at = () => requests.silentAt((world as World).serverAddress);
  const isSilent = () => {
    const silentAt = at();
    return silentAt !== null && silentAt <= world.now;
  };
  await world.run(isSilent);
}

test.each(["text", "sealed"])("a report goes to the next server, %s", async (kind) => {
  const { world, client, use } = await begin(kind === "text");
  const hashings = world.server.hashings;
  end(world);
  const begunAt = world.now;
  const answer = client.report("on the move");
  await untilSilent(client);
  expect(world.now - begunAt).toBeGreaterThanOrEqual(8_000);
  expect(world.now - begunAt).toBeLessThan(13_000);
  use(second);
  world.wire.length = 0;
  expect(await answer).toBe("50");
  expect(world.now - begunAt).toBeLessThan(14_000);
  expect(world.wire.every(({ from, to }) => [from, to].some(({ ip }) => ip === second.ip))).toBe(
    true,
  );
  expect(world.server.reports("asmith")).toEqual(["on the move"]);
  // Its session came back without its password.
  expect(world.server.hashings).toBe(hashings);
});

test.each(["text", "sealed"])(
  "a report that the first server stored is a repeat, %s",
  async (kind) => {
    const { world, client, use } = await begin(kind === "text");
    let isMute = true;
    world.onTheWay = (datagram) => (isMute && datagram.from.ip === first.ip ? [] : [datagram]);
    const answer = client.report("once");
    await world.run(() => world.server.reports("asmith").length > 0);
    end(world);
    isMute = false;
    await untilSilent(client);
    use(second);
    expect(await answer).toBe("50");
    expect(await client.report("next")).toBe("50");
    expect(world.server.reports("asmith")).toEqual(["once", "next"]);
  },
);

test("what the server that was left sends is ignored", async () => {
  const { world, client, use } = await begin(false);
  const held: Parameters<World["deliver"]>[0][] = [];
  world.onTheWay = (datagram) => {
    if (datagram.from.ip !== first.ip) return [datagram];
    held.push(datagram);
    return [];
  };
  const answer = client.report("late");
  await untilSilent(client);
  end(world);
  use(second);
  expect(held.map(packetKind)).toContain("data");
  for (const datagram of held) world.deliver(datagram);
  expect(await answer).toBe("50");
  expect(client.client.malformed).toBe(0);
  expect(world.server.reports("asmith")).toEqual(["late"]);
});

test("an agent goes back and forth as its servers do, and delivers each report once", async () => {
  const { world, client, use } = await begin(false);
  const agent = client.startAgent(10);
  await world.run(() => client.events.some(({ kind }) => kind === "logged-in"));
  const expected: string[] = [];
  for (const server of [second, first, second, first]) {
    world.serverAt = server;
    world.restartServer();
    for (let i = 0; i < 3; i++) {
      expected.push(`${server.port} ${expected.length}`);
      agent.report("01", expected.at(-1) as string, world.now);
    }
    await untilSilent(client);
    use(server);
    await world.run(() => world.server.reports("asmith").length === expected.length);
  }
  expect(world.server.reports("asmith")).toEqual(expected);
});

test("a server that makes a link is not silent, although the report has to wait for the RESUME", async () => {
  const { world, client, use } = await begin(false);
  end(world);
  const answer = client.report("late");
  await untilSilent(client);
  use(second);
  const beganAt = world.now;
  // The handshake takes long, and no RESUME is answered before 12 s are over.
  world.onTheWay = (datagram) => {
    const ms = world.now - beganAt;
    const isHeld = ms < 5_000 || (ms < 12_000 && packetKind(datagram) === "data");
    return isHeld ? [] : [datagram];
  };
  await world.run(() => client.carrier.trouble === null);
  const waits = (client.client.requests.silentAt(world.serverAddress) ?? 0) - world.now;
  expect(waits).toBeGreaterThanOrEqual(8_000);
  expect(await answer).toBe("50");
  expect(world.server.reports("asmith")).toEqual(["late"]);
});
