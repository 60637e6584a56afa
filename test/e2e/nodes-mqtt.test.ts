// Of two compiled servers on one PostgreSQL one bridges to the broker, for both; the other one takes over when it is killed.

import { expect, setDefaultTimeout, test } from "bun:test";
import { Mosquitto } from "../mosquitto.ts";
import { data, login, newIdentity, register } from "./datagrams.ts";
import { type NodeProcess, startNodes } from "./node-pair.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";

setDefaultTimeout(testTimeoutMs);

const wordsOf = async (node: NodeProcess) => (await node.read<{ mqtt: string }>("/status")).mqtt;

test("one server bridges, also what the other one hears, and that one takes over", async () => {
  await using broker = await Mosquitto.start();
  const url = `mqtt://127.0.0.1:${broker.port}`;
  await using pair = await startNodes(["a", "b"], ["--mqtt", url]);
  const [leader, other] = await until("the one that bridges", async () => {
    const words = await Promise.all(pair.nodes.map(wordsOf));
    const at = words.findIndex((one) => one === `connected to ${url}`);
    if (at < 0 || !words[1 - at]?.startsWith("another server bridges")) return null;
    return [pair.nodes[at], pair.nodes[1 - at]] as [NodeProcess, NodeProcess];
  });
  using heard = broker.listen(["iot/#"]);
  using device = await RawDevice.open(other.server.port);
  const one = newIdentity({ id: "pi-6" });
  expect(await device.code(register(one))).toBe("00");
  expect(await device.code(login(one))).toBe("70");
  await until("being there", () => heard.last.get("iot/pi-6/availability") === "online");
  expect(await device.code(data(one, "t=1"))).toBe("50");
  await until("the report of the other server", () =>
    heard.last.get("iot/pi-6/state")?.includes('"t":1'),
  );
  const begun = heard.heard.length;
  await leader.server.stop("SIGKILL");
  await until("the will", () =>
    heard.heard
      .slice(begun)
      .some(({ topic, payload }) => topic === "iot/bridge/state" && payload === "offline"),
  );
  await until(
    "the other one",
    async () => (await wordsOf(other)) === `connected to ${url}`,
    60_000,
  );
  await until("its word", () => heard.last.get("iot/bridge/state") === "online");
  expect(await device.code(data(one, "t=2"))).toBe("50");
  await until("its reports", () => heard.last.get("iot/pi-6/state")?.includes('"t":2'));
});
