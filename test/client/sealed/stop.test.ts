// The end of a sealed agent: what it has is delivered although its link to the server was lost.

import { expect, setDefaultTimeout, test } from "bun:test";
import { World } from "./world.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

test("stopped in the long pause between two handshakes, it asks at once and delivers all", async () => {
  const world = new World();
  const client = world.add({ id: "asmith", address: { ip: "192.0.2.2", port: 1994 } });
  const agent = client.startAgent();
  await world.run(() => client.events.some(({ kind }) => kind === "logged-in"));
  await world.pass(5_000);
  // A restart that the device hears of, and then silence: it is in a handshake when the server comes back.
  world.restartServer();
  agent.report("01", "first", world.now);
  await world.run(() => world.wire.filter(({ bytes }) => bytes[0] === 7).length > 0);
  world.weather = { lost: 1 };
  for (let n = 0; n < 20; n++) agent.report("01", `report ${n}`, world.now);
  await world.pass(21_000);
  expect(client.carrier.trouble).not.toBeNull();
  world.weather = {};
  agent.stop(world.now);
  await world.run(() => agent.ended, 10_000);
  expect(client.events.at(-1)).toEqual({
    kind: "stopped",
    loggedOff: true,
    undelivered: 0,
    kept: 0,
  });
  expect(world.server.reports("asmith")).toHaveLength(21);
});
