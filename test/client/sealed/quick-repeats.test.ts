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
