// What another program asks for over MQTT: a command that its device gets and whose result comes back over MQTT, and joining.

import { expect, setDefaultTimeout, test } from "bun:test";
import { Mosquitto } from "../mosquitto.ts";
import { data, login, newIdentity, register } from "./datagrams.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

test("a command reaches its device, and its result whoever gave it; one that the broker kept does not", async () => {
  await using broker = await Mosquitto.start();
  using folder = new TemporaryFolder();
  await broker.publish("iot/pi-5/command", "kept", ["-r"]);
  const args = ["--mqtt", `mqtt://127.0.0.1:${broker.port}`, "--no-http"];
  await using server = await startServer({ folder: folder.path, args });
  using device = await RawDevice.open(server.port);
  const one = newIdentity({ id: "pi-5", ip: "127.0.0.1", port: device.port });
  expect(await device.code(register(one))).toBe("00");
  expect(await device.code(login(one))).toBe("70");
  using heard = broker.listen(["iot/#", "homeassistant/#"]);
  await until("the bridge", () => heard.last.has("iot/pi-5/availability"));
  await until("the line of what was ignored", () =>
    folder.text("log/Activity.log").includes("a retained message on iot/pi-5/command was ignored"),
  );
  await broker.publish("iot/pi-5/command", '{"message":"set relay=on","request":"k1"}');
  const [verb, code, , time, , message] = (await device.next("the command")).split("\t");
  expect([verb, code, message]).toEqual(["STATUS", "10", "set relay=on"]);
  device.heard.length = 0;
  expect(await device.persist(data(one, "relay on", { time: time as string }))).toBe("50");
  const done = await until("the result", () => {
    const told = JSON.parse(heard.last.get("iot/pi-5/command/result") ?? "{}") as {
      state?: string;
    };
    return told.state === "done" && told;
  });
  expect(done).toMatchObject({ message: "set relay=on", origin: "mqtt", result: "relay on" });
  const config = await until("the entity", () =>
    Array.from(heard.last).find(([topic]) => topic.endsWith("_pi-5/config")),
  );
  expect(JSON.parse(config[1]).components.send_command.command_topic).toBe("iot/pi-5/command");
  expect(await server.stop()).toBe(0);
  expect(server.stderr).toBe("");
});

test("joining is opened and closed over MQTT, as everybody sees there; not with commands=off", async () => {
  await using broker = await Mosquitto.start();
  using folder = new TemporaryFolder();
  await broker.publish("iot/bridge/join", '{"open":"1h"}', ["-r"]);
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const serve = (more: string) =>
    startServer({
      folder: folder.path,
      args: ["--join", "approve", "--no-http", "--mqtt", url + more],
    });
  using heard = broker.listen(["iot/bridge/#", "homeassistant/#"]);
  const info = () => JSON.parse(heard.last.get("iot/bridge/info") ?? "{}") as Info;
  const logged = (words: string) => () => folder.text("log/Activity.log").includes(words);
  {
    await using server = await serve("");
    using device = await RawDevice.open(server.port);
    await until("the info", () => info().join?.open === false && info().pending === 0);
    await until("the line of what was ignored", logged("on iot/bridge/join was ignored"));
    expect(await device.code(register(newIdentity()))).toBe("93");
    await until("the one that waits", () => info().pending === 1);
    const config = await until("the button", () =>
      Array.from(heard.last).find(([, payload]) => payload.includes('"allow_joining"')),
    );
    const { allow_joining: button } = JSON.parse(config[1]).components;
    expect(button.command_topic).toBe("iot/bridge/join");
    await broker.publish(button.command_topic, button.payload_press);
    await until("the open window", () => info().join?.open);
    const leftMs = Date.parse(info().join?.until ?? "") - Date.now();
    expect(leftMs).toBeGreaterThan(200_000);
    expect(leftMs).toBeLessThanOrEqual(300_000);
    expect(await device.code(register(newIdentity()))).toBe("00");
    await broker.publish("iot/bridge/join", '{"open":"31d"}');
    await until("the refusal", logged('a request to join was refused: "open" is no time'));
    await broker.publish("iot/bridge/join", '{"open":false}');
    await until("the closed window", () => info().join?.open === false);
    expect(await device.code(register(newIdentity()))).toBe("93");
    expect(await server.stop()).toBe(0);
    expect(server.stderr).toBe("");
  }
  heard.last.clear();
  await using server = await serve("?commands=off");
  const config = await until("the server without a button", () =>
    Array.from(heard.last).find(([topic]) => /iot_[0-9a-f]{8}\/config$/.test(topic)),
  );
  expect(config[1]).not.toContain("allow_joining");
  await until("the info", () => info().pending === 2);
  // The broker still keeps a request, which it gave the first server.
  const lines = folder.text("log/Activity.log").split("on iot/bridge/join was ignored");
  expect(lines).toHaveLength(2);
  expect(await server.stop()).toBe(0);
});

type Info = { join?: { open: boolean; until: string | null }; pending?: number };
