// The library against a real broker, with each trap that it has: links open, end and are refused as the port says.

import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { BrokerLink, Incoming, LinkEnd } from "../../lib/mqtt/broker.ts";
import { type BrokerSettings, mqttBroker } from "../../lib/mqtt/mqtt-broker.ts";
import { testTimeoutMs, until, within } from "../e2e/polling.ts";
import { Mosquitto } from "../mosquitto.ts";

setDefaultTimeout(testTimeoutMs);

const will = { topic: "iot/bridge/state", payload: "offline" };
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function broker(...options: Parameters<typeof Mosquitto.start>): Promise<Mosquitto> {
  const started = await Mosquitto.start(...options);
  closers.push(() => started[Symbol.asyncDispose]());
  return started;
}

type Opened = {
  readonly link: BrokerLink;
  readonly messages: Incoming[];
  readonly isOpen: Promise<number>;
  readonly end: Promise<LinkEnd>;
  readonly ends: LinkEnd[];
};

async function open(port: number, more: Partial<BrokerSettings> = {}): Promise<Opened> {
  const over = await mqttBroker({
    scheme: "mqtt",
    host: "127.0.0.1",
    port,
    wsPath: "/mqtt",
    username: null,
    password: null,
    ca: null,
    isInsecure: false,
    version: null,
    clientId: "iot-server-7ec3b79f",
    will,
    ...more,
  });
  const opened = Promise.withResolvers<number>();
  const ended = Promise.withResolvers<LinkEnd>();
  const messages: Incoming[] = [];
  const ends: LinkEnd[] = [];
  const link = over.open(5, {
    onOpen: opened.resolve,
    onMessage: (message) => messages.push(message),
    onEnd: (end) => {
      ends.push(end);
      ended.resolve(end);
    },
  });
  closers.push(() => link.close());
  const isOpen = within("a link", opened.promise);
  const end = within("the end of a link", ended.promise);
  for (const promise of [isOpen, end]) promise.catch(() => {});
  return { link, messages, isOpen, end, ends };
}

function publish(
  { link }: Opened,
  topic: string,
  payload: string,
  retain = false,
): Promise<boolean> {
  return new Promise((resolve) => link.publish({ topic, payload, qos: 1, retain }, resolve));
}

for (const version of [5, 4] as const) {
  test(`publishes and hears in MQTT ${version}; what is kept says so`, async () => {
    const one = await open((await broker()).port, { version });
    expect(await one.isOpen).toBeGreaterThan(0);
    expect(await publish(one, "a/kept", "é", true)).toBe(true);
    one.link.subscribe(["a/+"], 1);
    await until("what is kept", () => one.messages.length === 1);
    expect(await publish(one, "a/b", "new")).toBe(true);
    await until("the message", () => one.messages.length === 2);
    expect(one.messages.map(({ topic, payload, retain }) => [topic, payload, retain])).toEqual([
      ["a/kept", "é", true],
      ["a/b", "new", false],
    ]);
    one.link.unsubscribe(["a/+"]);
  });
}

for (const version of [5, 4] as const) {
  test(`what leaves with QoS 0 in MQTT ${version} arrives as it is, between all else, and is kept`, async () => {
    const real = await broker();
    const one = await open(real.port, { version });
    await one.isOpen;
    one.link.subscribe(["#"], 0);
    await publish(one, "mark", "1");
    await until("the subscription", () => one.messages.length === 1);
    const sizes = [
      0, 1, 100, 117, 118, 119, 120, 127, 128, 16_000, 16_374, 16_384, 70_000, 2_097_152,
    ];
    const sent: string[] = [];
    let done = 0;
    for (const size of sizes) {
      const payload = `é${"x".repeat(size)}`;
      for (const retain of [false, true]) {
        const topic = `t/ü/${size}/${retain}`;
        sent.push(`${topic} ${payload}`);
        one.link.publish({ topic, payload, qos: 0, retain }, (ok) => void (done += ok ? 1 : 0));
        one.link.publish({ topic: "between", payload: "1", qos: 1, retain: false }, () => {});
      }
    }
    await until("all of them", () => one.messages.length >= 1 + 2 * sent.length);
    const heard = one.messages.filter(({ topic }) => topic.startsWith("t/"));
    expect(heard.map(({ topic, payload }) => `${topic} ${payload}`)).toEqual(sent);
    expect(done).toBe(sent.length);
    const later = await open(real.port, { version, clientId: "later" });
    await later.isOpen;
    later.link.subscribe(["t/#"], 0);
    await until("what is kept", () => later.messages.length === sizes.length);
    expect(later.messages.every(({ retain }) => retain)).toBe(true);
  });
}

test("a request says where its answer goes, and the answer says to which request it belongs", async () => {
  const real = await broker();
  const one = await open(real.port);
  await one.isOpen;
  one.link.subscribe(["q"], 1);
  // The subscription is there when the broker keeps nothing more from it.
  await publish(one, "q", "first");
  await until("the first", () => one.messages.length === 1);
  const answer = real.ask("q", "what", "my/answers");
  const request = await until("the request", () => one.messages[1]);
  expect(request.responseTopic).toBe("my/answers");
  const { correlation } = request;
  const to = { topic: "my/answers", payload: "that", qos: 1, retain: false, correlation } as const;
  one.link.publish(to, () => {});
  expect(await answer).toBe("that");
});

test("with MQTT 5 nobody can make the server hold a message of many megabytes", async () => {
  const real = await broker();
  const [one, other] = [await open(real.port), await open(real.port, { clientId: "other" })];
  await Promise.all([one.isOpen, other.isOpen]);
  one.link.subscribe(["a/+"], 1);
  await publish(one, "a/first", "");
  await until("the subscription", () => one.messages.length === 1);
  for (const size of [5_000_000, 1]) await publish(other, "a/b", "x".repeat(size));
  await until("the small one", () => one.messages.length > 1);
  expect(one.messages.map(({ payload }) => payload.length)).toEqual([0, 1]);
  expect(one.ends).toEqual([]);
});

test("of a flood of messages only some are taken before the server does something else", async () => {
  const real = await broker();
  const [one, other] = [await open(real.port), await open(real.port, { clientId: "other" })];
  await Promise.all([one.isOpen, other.isOpen]);
  for (let i = 0; i < 1_000; i++) {
    other.link.publish({ topic: `kept/${i}`, payload: "x", qos: 0, retain: true }, () => {});
  }
  await publish(other, "kept/last", "x", true);
  let [most, before] = [0, 0];
  const turn = () => {
    most = Math.max(most, one.messages.length - before);
    before = one.messages.length;
    if (before <= 1_000) setImmediate(turn);
  };
  turn();
  one.link.subscribe(["kept/+"], 0);
  await until("all that is kept", () => before > 1_000);
  expect(most).toBeLessThan(200);
});

test("what is no UTF-8 is marked", async () => {
  const one = await open((await broker()).port);
  await one.isOpen;
  one.link.subscribe(["a/+"], 1);
  // The library takes bytes, too.
  const latin = Buffer.from("caf\xe9", "latin1") as unknown as string;
  for (const payload of [latin, "café"]) expect(await publish(one, "a/b", payload)).toBe(true);
  await until("both", () => one.messages.length === 2);
  const told = one.messages.map(({ payload, isText }) => [payload, isText]);
  expect(told).toEqual([
    ["caf\ufffd", false],
    ["café", true],
  ]);
});

test("a broker that vanishes ends the link, once", async () => {
  const real = await broker();
  const one = await open(real.port);
  await one.isOpen;
  await real.stop();
  expect(await one.end).toEqual({ kind: "down", why: "The connection was lost" });
  const none = await open(real.port);
  expect((await none.end).kind).toBe("down");
  expect(none.ends).toHaveLength(1);
});

test("a wrong password is a refusal, in both versions; the right one is let in after it", async () => {
  const real = await broker({ settings: ["allow_anonymous true"] });
  real.setPassword("sesame");
  await real.stop();
  const settings = ["allow_anonymous false", `password_file ${real.folder}/passwords`];
  const strict = await broker({ settings });
  for (const version of [5, 4] as const) {
    const one = await open(strict.port, { version, username: "iot", password: "wrong" });
    expect((await one.end).kind).toBe("refused");
    expect(one.ends).toHaveLength(1);
  }
  const right = await open(strict.port, { username: "iot", password: "sesame" });
  await right.isOpen;
});

test("a certificate of an own authority is trusted if that is named, and refused otherwise", async () => {
  const real = await broker({ tls: true });
  const ca = readFileSync(join(real.folder, "ca.pem"), "utf8");
  const trusted = await open(real.port, { scheme: "mqtts", ca });
  await trusted.isOpen;
  const refused = await open(real.port, { scheme: "mqtts" });
  const { kind, why } = await refused.end;
  expect([kind, why.startsWith("Its certificate is not trusted: ")]).toEqual(["down", true]);
  const insecure = await open(real.port, { scheme: "mqtts", isInsecure: true, clientId: "other" });
  await insecure.isOpen;
  expect(refused.ends).toHaveLength(1);
});

test("the will is published when the program vanishes, and not when it takes leave", async () => {
  const real = await broker();
  using heard = real.listen(["iot/bridge/state", "mark"]);
  const polite = await open(real.port, { clientId: "polite" });
  await polite.isOpen;
  await until("the subscriber", async () => {
    await publish(polite, "mark", "1");
    return heard.last.has("mark");
  });
  await polite.link.close();
  const program = `
    import { mqttBroker } from "./lib/mqtt/mqtt-broker.ts";
    const settings = ${JSON.stringify({ scheme: "mqtt", host: "127.0.0.1", port: real.port, wsPath: "", username: null, password: null, ca: null, isInsecure: false, version: null, clientId: "rude", will })};
    (await mqttBroker(settings)).open(5, { onOpen: () => console.log("open"), onMessage() {}, onEnd() {} });`;
  const child = Bun.spawn([process.execPath, "-e", program], {
    cwd: join(import.meta.dir, "../.."),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const first = await child.stdout.getReader().read();
  expect(new TextDecoder().decode(first.value)).toBe("open\n");
  expect(heard.last.has("iot/bridge/state")).toBe(false);
  child.kill("SIGKILL");
  expect(await until("the will", () => heard.last.get("iot/bridge/state"))).toBe("offline");
  expect(await new Response(child.stderr).text()).toBe("");
});

test("a broker that only knows MQTT 3.1.1 says so", async () => {
  // What a broker of 2014 answers to a version that it does not know, and what one of MQTT 5 does.
  for (const answer of [
    [0x20, 2, 0, 1],
    [0x20, 3, 0, 0x84, 0],
  ]) {
    const old = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data(socket) {
          socket.write(Uint8Array.from(answer));
          socket.end();
        },
      },
    });
    const one = await open(old.port);
    expect((await one.end).kind).toBe("version");
    expect(one.ends).toHaveLength(1);
    old.stop(true);
  }
});

test("a broker that stopped to read acknowledges nothing, and is left within a second", async () => {
  const real = await broker();
  const one = await open(real.port);
  await one.isOpen;
  real.signal("SIGSTOP");
  let done = 0;
  const payload = "x".repeat(65_536);
  for (let i = 0; i < 200; i++) {
    one.link.publish(
      { topic: "a", payload, qos: i % 2 === 0 ? 0 : 1, retain: false },
      () => done++,
    );
  }
  await within("leave-taking", one.link.close());
  expect(done).toBeLessThan(200);
  real.signal("SIGCONT");
});
