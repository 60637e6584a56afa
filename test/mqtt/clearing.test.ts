// A broker is tried and cleared, by the library against a real one: nothing stays, and nothing of another server goes.

import { expect, setDefaultTimeout, test } from "bun:test";
import { clearBroker } from "../../lib/mqtt/clearing.ts";
import { type BrokerSettings, mqttBroker } from "../../lib/mqtt/mqtt-broker.ts";
import { trialTopic, type TrialStep, tryBroker } from "../../lib/mqtt/trial.ts";
import { pause, testTimeoutMs, until } from "../e2e/polling.ts";
import { Mosquitto } from "../mosquitto.ts";

setDefaultTimeout(testTimeoutMs);

const place = { base: "iot", discovery: "homeassistant", server: "7ec3b79f" };

function brokerAt(port: number, more: Partial<BrokerSettings> = {}) {
  return mqttBroker({
    scheme: "mqtt",
    host: "127.0.0.1",
    port,
    wsPath: "/mqtt",
    username: null,
    password: null,
    ca: null,
    isInsecure: false,
    version: null,
    clientId: "iot-server-7ec3b79f-test",
    will: null,
    ...more,
  });
}

async function tried(port: number): Promise<{ isDone: boolean; steps: TrialStep[] }> {
  const steps: TrialStep[] = [];
  const will = { topic: trialTopic(place, "will"), payload: "gone" };
  const isDone = await tryBroker({
    place,
    broker: await brokerAt(port, { will }),
    observer: await brokerAt(port, { clientId: "other" }),
    after: (ms) => ({ over: pause(ms), cancel: () => {} }),
    onStep: (step) => steps.push(step),
  });
  return { isDone, steps };
}

test("a trial says what works, and leaves nothing", async () => {
  await using real = await Mosquitto.start();
  const { isDone, steps } = await tried(real.port);
  expect(steps.map(({ name, isDone: done }) => `${name} ${done}`)).toEqual([
    "connect true",
    "publish true",
    "subscribe true",
    "read back true",
    "will true",
  ]);
  expect(isDone).toBe(true);
  using later = real.listen(["iot/#", "mark"]);
  await real.publish("mark", "1", ["-r"]);
  await until("the mark", () => later.last.has("mark"));
  expect(Array.from(later.last.keys())).toEqual(["mark"]);
});

test("a trial ends with the first thing that fails, and says what to do", async () => {
  const port = await Mosquitto.start().then(async (real) => {
    await real[Symbol.asyncDispose]();
    return real.port;
  });
  const { isDone, steps } = await tried(port);
  expect([isDone, steps.length]).toEqual([false, 1]);
  expect(steps[0]?.words).toEndWith(
    "See that the broker runs there, and that the user and IOT_MQTT_PASSWORD are right",
  );
});

test("clearing removes all of this server and nothing of others", async () => {
  await using real = await Mosquitto.start();
  const own = [
    "iot/bridge/state",
    "iot/pi1/state",
    "iot/bridge~/availability",
    "homeassistant/device/iot_7ec3b79f/config",
    "homeassistant/device/iot_7ec3b79f_pi1/config",
  ];
  const others = ["homeassistant/device/iot_00000000_pi1/config", "iot/pi1/notes", "home/x"];
  for (const topic of [...own, ...others]) await real.publish(topic, "1", ["-r"]);
  await real.publish("iot/bridge/info", '{"server":"7ec3b79f"}', ["-r"]);
  const broker = await brokerAt(real.port);
  expect(await clearBroker({ place, broker, pause })).toEqual({ count: 6, isOther: false });
  using later = real.listen(["#"]);
  await until("what stays", () => later.last.size === others.length);
  expect(Array.from(later.last.keys()).sort()).toEqual(others.toSorted());
});

test("topics below a base that another server uses stay", async () => {
  await using real = await Mosquitto.start();
  await real.publish("iot/bridge/info", '{"server":"00000000"}', ["-r"]);
  await real.publish("iot/pi1/state", "1", ["-r"]);
  await real.publish("homeassistant/device/iot_7ec3b79f_pi1/config", "1", ["-r"]);
  const broker = await brokerAt(real.port);
  expect(await clearBroker({ place, broker, pause })).toEqual({ count: 1, isOther: true });
});
