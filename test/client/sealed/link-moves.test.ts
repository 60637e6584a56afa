// A link whose device moves or closes it: the session stays.

import { expect, setDefaultTimeout, test } from "bun:test";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { asker, loggedIn } from "./peer-fixtures.ts";
import { packetKind, World } from "./world.ts";

setDefaultTimeout(testTimeoutMs);

test("a session follows its device to another address and port", async () => {
  const world = new World();
  const client = await loggedIn(world, asker);
  world.wire.length = 0;
  client.address = { ip: "198.51.100.7", port: 40_000 };
  expect(await client.report("from elsewhere")).toBe("50");
  expect(world.wire.map(packetKind)).toEqual(["data", "data"]);
  expect(world.server.engine.desk.sessions.get("asmith")?.source).toEqual(client.address);
});

test("a CLOSE frees the link, and the session stays", async () => {
  const world = new World();
  const client = await loggedIn(world, asker);
  client.carrier.close();
  await world.pass(10);
  expect(world.server.engine.desk.links.size).toBe(0);
  expect(world.server.engine.desk.sessions.get("asmith")).toBeDefined();
});
