// A command that another program gives over MQTT: the device gets it, and its result comes back over MQTT.

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
