// What others ask over MQTT: questions, commands and joining, by fakes of what carries them out.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { RequestPorts } from "../../lib/mqtt/requests.ts";
import type { AskResult } from "../../lib/server/asks.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { BridgeBench, settled } from "./bridge-bench.ts";
import { incoming } from "./fake-broker.ts";

setDefaultTimeout(testTimeoutMs);

type Command = NonNullable<RequestPorts["command"]>;

async function benchWith(ports: Partial<RequestPorts>): Promise<BridgeBench> {
  return await new BridgeBench(ports, ["pi1"]).started();
}

async function send(bench: BridgeBench, ...message: Parameters<typeof incoming>): Promise<void> {
  bench.broker.link.events.onMessage(incoming(...message));
  await settled();
}

const correlation = new Uint8Array([1, 2]);
const rr = { responseTopic: "answers/me", correlation };

test("a question is asked, and its answer told, also where the requester wants it", async () => {
  const asked: unknown[] = [];
  const bench = await benchWith({
    ask: async (...question) => {
      asked.push(question);
      return { kind: "answer", code: "01", time: "t", message: "21.5" };
    },
  });
  expect(bench.broker.link.filters).toContain("iot/+/query 1");
  await send(bench, "iot/pi1/query", "temperature", rr);
  await send(bench, "iot/pi1/query", "07");
  expect(asked).toEqual([
    ["pi1", "01", "temperature"],
    ["pi1", "07", "pi1"],
  ]);
  const answer = { payload: '{"code":"01","message":"21.5"}', qos: 1, retain: false } as const;
  expect(bench.broker.published.slice(-3)).toEqual([
    { ...answer, topic: "iot/pi1/answer" },
    { ...answer, topic: "answers/me", correlation },
    { ...answer, topic: "iot/pi1/answer" },
  ]);
});

test("what cannot be asked gets a word, and at most 64 questions are open", async () => {
  const open: ((result: AskResult) => void)[] = [];
  const bench = await benchWith({ ask: () => new Promise((resolve) => open.push(resolve)) });
  await send(bench, "iot/pi1/query", "what is it?");
  expect(bench.broker.payloads("iot/pi1/answer")).toEqual(['{"error":"bad-target"}']);
  for (let i = 0; i < 70; i++) await send(bench, "iot/pi1/query", "x");
  expect(open).toHaveLength(64);
  expect(bench.broker.payloads("iot/pi1/answer").slice(1)).toEqual(
    Array.from({ length: 6 }, () => '{"error":"busy"}'),
  );
  for (const result of open) result({ kind: "not-logged-in" });
  await settled();
  expect(bench.broker.payloads("iot/pi1/answer").at(-1)).toBe('{"error":"not-logged-in"}');
  await send(bench, "iot/pi1/query", "x");
  expect(open).toHaveLength(65);
});

test("a retained command is ignored and logged; so is one that is too long", async () => {
  const queued: string[] = [];
  const command: Command = async (device, text) => {
    queued.push(text);
    return { number: queued.length, device, state: "queued" };
  };
  const bench = await benchWith({ command });
  await send(bench, "iot/pi1/command", "reboot", { retain: true });
  await send(bench, "iot/pi1/command", "x".repeat(10_000));
  await send(bench, "iot/pi1/command", "");
  expect(queued).toEqual([]);
  expect(bench.lines.slice(1)).toEqual([
    "MQTT: a retained message on iot/pi1/command was ignored: publish requests without retain",
    "MQTT: a request of 10000 characters on iot/pi1/command was ignored",
  ]);
  await send(bench, "iot/pi1/command", "reboot");
  expect(queued).toEqual(["reboot"]);
});

test("a command has a text, a key and a time to live; its result goes to who wanted it", async () => {
  const queued: unknown[] = [];
  const command: Command = async (...wanted) => {
    queued.push(wanted);
    return { number: 42, device: "pi1", state: "queued" };
  };
  const bench = await benchWith({ command });
  await send(bench, "iot/pi1/command", '{"message":"set a=1","ttl":"1h","request":"k1"}', rr);
  await send(bench, "iot/pi1/command", '{"set":1}');
  expect(queued).toEqual([
    ["pi1", "set a=1", "k1", "1h"],
    ["pi1", '{"set":1}', null, null],
  ]);
  bench.bridge.requests.commandChanged({ number: 42, device: "pi1", state: "done" }, true);
  bench.bridge.requests.commandChanged({ number: 42, device: "pi1", state: "late" }, true);
  const states = (topic: string) =>
    bench.broker.payloads(topic).map((payload) => JSON.parse(payload).state);
  expect(states("answers/me")).toEqual(["queued", "done"]);
  expect(states("iot/pi1/command/result")).toEqual(["queued", "queued", "done", "late"]);
  const config = bench.broker.kept.get("homeassistant/device/iot_7ec3b79f_pi1/config") as string;
  expect(JSON.parse(config).components.send_command.command_topic).toBe("iot/pi1/command");
});

test("a command that is refused or malformed gets a word; one that fails, a line in the log", async () => {
  let count = 0;
  const bench = await benchWith({
    command: async () => {
      if (++count === 2) throw new Error("no disk");
      return { error: "unknown-device" };
    },
  });
  await send(bench, "iot/pi9/command", "reboot");
  await send(bench, "iot/pi1/command", '{"message":5}');
  await send(bench, "iot/pi1/command", "reb\ufffdot", { isText: false });
  await send(bench, "iot/pi1/command", "reboot");
  expect(bench.broker.payloads("iot/pi9/command/result")).toEqual(['{"error":"unknown-device"}']);
  expect(bench.broker.payloads("iot/pi1/command/result")).toEqual([
    '{"error":"bad-message"}',
    '{"error":"bad-message"}',
    '{"error":"failed"}',
  ]);
  expect(bench.lines.at(-1)).toBe("MQTT: a request failed: no disk");
});

test("joining is opened and closed", async () => {
  const opened: (string | false)[] = [];
  const bench = await benchWith({
    join: async (open) => {
      opened.push(open);
      return open === "9y" ? "no such time" : null;
    },
  });
  expect(bench.broker.link.filters).toContain("iot/bridge/join 1");
  await send(bench, "iot/bridge/join", '{"open":"1h"}', { retain: true });
  expect(opened).toEqual([]);
  for (const payload of ['{"open":"5m"}', '{"open":false}', '{"open":"9y"}']) {
    await send(bench, "iot/bridge/join", payload);
  }
  expect(opened).toEqual(["5m", false, "9y"]);
  expect(bench.lines.slice(1)).toEqual([
    "MQTT: a retained message on iot/bridge/join was ignored: publish requests without retain",
    "MQTT: a request to join was refused: no such time",
  ]);
});

test.each([
  ["open", "it is no JSON object"],
  ['{"open":', "it is no JSON object"],
  ['["5m"]', "it is no JSON object"],
  ["{}", '"open" is missing'],
  ['{"close":"5m"}', '"open" is missing'],
  ['{"__proto__":{"open":"5m"}}', '"open" is missing'],
  ['{"open":true}', '"open" is neither a time nor false'],
  ['{"open":300}', '"open" is neither a time nor false'],
  ['{"open":null}', '"open" is neither a time nor false'],
])("a request to join that is %s gets a line in the log", async (payload, fault) => {
  const opened: unknown[] = [];
  const bench = await benchWith({
    join: async (open) => {
      opened.push(open);
      return null;
    },
  });
  await send(bench, "iot/bridge/join", payload);
  expect(opened).toEqual([]);
  expect(bench.lines.slice(1)).toEqual([
    `MQTT: a request to join was refused: ${fault}: write {"open":"5m"} or {"open":false}`,
  ]);
});

test("what is not offered is neither subscribed to nor listened to", async () => {
  const bench = await benchWith({});
  expect(bench.broker.link.filters.some((filter) => filter.startsWith("iot/"))).toBe(false);
  const { length } = bench.broker.published;
  for (const topic of ["iot/pi1/query", "iot/pi1/command", "iot/bridge/join"]) {
    await send(bench, topic, "x");
  }
  expect(bench.broker.published).toHaveLength(length);
});
