// What is lost after a handshake is sent again soon: the handshake has shown how long answers take.

import { expect, setDefaultTimeout, test } from "bun:test";
import { packetKind, World } from "./world.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const address = { ip: "192.0.2.2", port: 1994 };

test("a RESUME and a report that are lost go again after 0.3 s at most", async () => {
  const world = new World();
  const client = world.add({ id: "asmith", address });
  await client.register();
  await client.logIn();
  world.restartServer();
  const sentAt: number[] = [];
  world.onTheWay = (datagram) => {
    const isSealed = packetKind(datagram) === "data" && datagram.from.port === address.port;
    if (isSealed) sentAt.push(world.now);
    // The first one causes a RESET; then the RESUME is lost twice, and the report once.
    return isSealed && [2, 3, 5].includes(sentAt.length) ? [] : [datagram];
  };
  expect(await client.report("kept")).toBe("50");
  const waits = sentAt.slice(2).map((at, i) => at - (sentAt[i + 1] as number));
  expect(waits).toHaveLength(4);
  const [resume, again] = waits as [number, number];
  for (const ms of [resume, again]) expect(ms).toBeGreaterThanOrEqual(200);
  for (const ms of waits) expect(ms).toBeLessThan(310);
  expect(world.server.reports("asmith")).toEqual(["kept"]);
});

test("a first report that is lost after the handshake goes again as soon", async () => {
  const world = new World();
  const before = world.add({ id: "asmith", address });
  await before.register();
  await before.logIn();
  before.carrier.close();
  before.kill();
  const client = world.add({ id: "asmith", address, disk: before.disk });
  const sentAt: number[] = [];
  let inits = 0;
  world.onTheWay = (datagram) => {
    const kind = packetKind(datagram);
    // The first INIT is lost, too: the RESP tells which one it is for.
    if (kind === "init" && ++inits === 1) return [];
    if (kind !== "data" || datagram.from.port !== address.port) return [datagram];
    return sentAt.push(world.now) <= 2 ? [] : [datagram];
  };
  expect(await client.report("first")).toBe("50");
  expect(await client.report("second")).toBe("50");
  expect([inits, sentAt.length]).toEqual([2, 4]);
  const waits = sentAt.slice(1, 3).map((at, i) => at - (sentAt[i] as number));
  for (const ms of waits) {
    expect(ms).toBeGreaterThanOrEqual(200);
    expect(ms).toBeLessThan(310);
  }
});
