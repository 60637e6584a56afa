// The bridge of the compiled server, with mosquitto and its own programs at the other end: what others get to see, and what becomes
// of it when the server or the broker goes away.

import { expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Heard, Mosquitto } from "../mosquitto.ts";
import { faultsOf } from "../mqtt/discovery-rules.ts";
import {
  addressedData,
  data,
  deregister,
  type Identity,
  login,
  newIdentity,
  register,
} from "./datagrams.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { run, serverBinary, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

const urlOf = ({ port }: Mosquitto, more = "") => `mqtt://127.0.0.1:${port}${more}`;

async function startWith(folder: TemporaryFolder, broker: Mosquitto, ...args: string[]) {
  return startServer({
    folder: folder.path,
    args: ["--mqtt", urlOf(broker), "--no-http", ...args],
  });
}

async function loggedIn(device: RawDevice, facts: Partial<Identity> = {}): Promise<Identity> {
  const identity = newIdentity(facts);
  expect(await device.code(register(identity))).toBe("00");
  expect(await device.code(login(identity))).toBe("70");
  return identity;
}

/** The topic with what Home Assistant is told of a device with a plain id. */
function configIn(heard: ReadonlyMap<string, string>, escapedId: string): string | undefined {
  const end = `_${escapedId}/config`;
  return Array.from(heard.keys()).find(
    (topic) => topic.startsWith("homeassistant/") && topic.endsWith(end),
  );
}

test("devices, their reports and their end are told; all that Home Assistant is told it accepts", async () => {
  await using broker = await Mosquitto.start();
  using folder = new TemporaryFolder();
  await using server = await startWith(folder, broker);
  using device = await RawDevice.open(server.port);
  using heard = broker.listen(["iot/#", "homeassistant/#"]);
  const last = (topic: string) => heard.last.get(topic);
  await until("the bridge", () => last("iot/bridge/state") === "online");
  const one = await loggedIn(device, { id: "kitchen.th:1" });
  const two = await loggedIn(device, { id: "a_b" });
  expect(await device.code(data(one, "temp=21.5°C hum=40%"))).toBe("50");
  const state = await until("the state", () => last("iot/kitchen.th:1/state"));
  expect(JSON.parse(state)).toMatchObject({ code: "01", fields: { temp: 21.5, hum: 40 } });
  await until("the report", () => last("iot/kitchen.th:1/report"));
  expect(await until("being there", () => last("iot/a_b/availability"))).toBe("online");
  const label = ["label", one.id, "name=Cold room", "area=Kitchen", "model=th-2"];
  expect((await run(serverBinary, label, folder.path)).code).toBe(0);
  await until("the config", () =>
    last(configIn(heard.last, "kitchen_2Eth_3A1") ?? "")?.includes("Cold room"),
  );
  await until("the other config", () => configIn(heard.last, "a_5Fb"));
  for (const [topic, payload] of heard.last) {
    if (topic.startsWith("homeassistant/")) expect(faultsOf(topic, payload)).toEqual([]);
  }
  expect(await device.code(deregister(two))).toBe("20");
  await until(
    "the end of a device",
    () => last("iot/a_b/availability") === "" && last("iot/a_b/device") === "",
  );
  await until("its end at Home Assistant", () => last(configIn(heard.last, "a_5Fb") ?? "") === "");
  const told = await run(serverBinary, ["mqtt", "--json"], folder.path);
  expect(JSON.parse(told.stdout)).toMatchObject({ state: "connected", dropped: 0, error: null });
  expect(await server.stop()).toBe(0);
  await until("the end of the bridge", () => last("iot/bridge/state") === "offline");
  expect(server.stderr).toBe("");
});

test("a server that is killed is told of by the broker; a restart removes what is gone, and nothing of others", async () => {
  await using broker = await Mosquitto.start();
  using folder = new TemporaryFolder();
  const others = "homeassistant/device/iot_00000000_gone/config";
  await broker.publish(others, "{}", ["-r"]);
  using heard = broker.listen(["iot/#", "homeassistant/#"]);
  const last = (topic: string) => heard.last.get(topic);
  let one: Identity;
  {
    await using server = await startWith(folder, broker);
    using device = await RawDevice.open(server.port);
    one = await loggedIn(device, { id: "pi-1" });
    await until("the config", () => configIn(heard.last, "pi-1"));
    await until("being there", () => last("iot/pi-1/availability") === "online");
    server.signal("SIGKILL");
    await until("the will", () => last("iot/bridge/state") === "offline");
  }
  {
    await using quiet = await startServer({ folder: folder.path, args: ["--no-http"] });
    using device = await RawDevice.open(quiet.port);
    expect(await device.code(deregister(one))).toBe("20");
    expect(await quiet.stop()).toBe(0);
  }
  await using server = await startWith(folder, broker);
  await until("the bridge", () => last("iot/bridge/state") === "online");
  await until("the orphan's end", () => last(configIn(heard.last, "pi-1") ?? "") === "");
  await until("its topics", () => last("iot/pi-1/availability") === "");
  expect(last(others)).toBe("{}");
  expect(await server.stop()).toBe(0);
});

test("a broker that restarts without a memory has everything again", async () => {
  await using broker = await Mosquitto.start();
  using folder = new TemporaryFolder();
  await using server = await startWith(folder, broker);
  using device = await RawDevice.open(server.port);
  const one = await loggedIn(device, { id: "pi-2" });
  expect(await device.code(data(one, "t=1"))).toBe("50");
  await broker.stop();
  expect(await device.code(data(one, "t=2"))).toBe("50");
  const down = await until("the loss", async () => {
    const { stdout, code } = await run(serverBinary, ["mqtt"], folder.path);
    return code === 1 && stdout;
  });
  expect(down).toStartWith("MQTT: not connected to mqtt://127.0.0.1");
  await broker.start();
  using heard = broker.listen(["iot/#", "homeassistant/#"]);
  const topics = [
    "iot/bridge/state",
    "iot/bridge/info",
    "iot/pi-2/availability",
    "iot/pi-2/device",
  ];
  await until("all that is kept", () => topics.every((topic) => heard.last.has(topic)));
  expect((await until("the state", () => heard.last.get("iot/pi-2/state"))).includes("t=2")).toBe(
    true,
  );
  await until("the config", () => configIn(heard.last, "pi-2"));
  // Home Assistant starts: it is told again, as news.
  const count = () => heard.heard.filter(({ topic }) => topic.endsWith("_pi-2/config")).length;
  const before = count();
  await broker.publish("homeassistant/status", "online");
  await until("the config again", () => count() > before);
  expect(await server.stop()).toBe(0);
  expect(server.stderr).toBe("");
});

test("a frozen broker costs devices nothing, and nothing waits for it", async () => {
  await using broker = await Mosquitto.start();
  using folder = new TemporaryFolder();
  await using server = await startWith(folder, broker);
  using device = await RawDevice.open(server.port);
  const one = await loggedIn(device, { id: "pi-3" });
  using heard = broker.listen(["iot/bridge/state"]);
  await until("the bridge", () => heard.last.get("iot/bridge/state") === "online");
  broker.signal("SIGSTOP");
  let number = 0;
  const load = async (count: number) => {
    for (let i = 0; i < count; i++) {
      expect(await device.code(data(one, `n=${number++} ${"x".repeat(1_000)}`))).toBe("50");
    }
  };
  const told = async () => {
    const { stdout } = await run(serverBinary, ["mqtt", "--json"], folder.path);
    return JSON.parse(stdout) as { published: number; dropped: number };
  };
  await until(
    "the system to take no more",
    async () => {
      await load(250);
      return (await told()).dropped > 0;
    },
    60_000,
  );
  const before = await told();
  await load(500);
  // Reports are counted and nothing else: none waits anywhere.
  const after = await told();
  expect(after.published).toBe(before.published);
  expect(after.dropped).toBe(before.dropped + 500);
  broker.signal("SIGCONT");
  using later = broker.listen(["iot/pi-3/state"]);
  await until("the newest", () => later.last.get("iot/pi-3/state")?.includes(`"n":${number - 1}}`));
  expect(await server.stop()).toBe(0);
});

test("a question over MQTT 5 gets its answer where it wants it", async () => {
  await using broker = await Mosquitto.start();
  using folder = new TemporaryFolder();
  await using server = await startWith(folder, broker);
  using device = await RawDevice.open(server.port);
  await loggedIn(device, { id: "pi-4", ip: "127.0.0.1", port: device.port });
  using heard = broker.listen(["iot/#"]);
  await until("the bridge", () => heard.last.has("iot/pi-4/availability"));
  const answer = broker.ask("iot/pi-4/query", "temperature", "my/answers");
  const [, , , ip, port, time] = (await device.next("the question")).split("\t");
  expect(time).toBeDefined();
  device.send(addressedData({ id: "pi-4", ip, port } as never, "21.5", { time: time as string }));
  expect(JSON.parse(await answer)).toEqual({ code: "01", message: "21.5" });
  const refused = await broker.ask("iot/nobody/query", "temperature", "my/answers");
  expect(JSON.parse(refused)).toEqual({ error: "unknown" });
  expect(await server.stop()).toBe(0);
});

test("a wrong password is told, and the right one is taken when the broker has it", async () => {
  await using broker = await Mosquitto.start();
  broker.setPassword("other");
  const settings = ["allow_anonymous false", `password_file ${broker.folder}/passwords`];
  await broker.stop();
  await using strict = await Mosquitto.start({ settings });
  using folder = new TemporaryFolder();
  writeFileSync(folder.join("password"), "sesame\n", { mode: 0o600 });
  const named = ["--mqtt-password-file", "password"];
  const url = urlOf(strict).replace("//", "//iot@");
  const args = ["--mqtt", url, ...named];
  await using server = await startServer({ folder: folder.path, args });
  const refused = async () => {
    const { stdout } = await run(serverBinary, ["mqtt", "--json"], folder.path);
    return (JSON.parse(stdout) as { state: string }).state;
  };
  await until("the refusal", async () => (await refused()) === "refused");
  const warned = await run(serverBinary, ["status"], folder.path);
  expect(warned.stdout).toContain("The MQTT bridge is not connected to");
  broker.setPassword("sesame");
  strict.signal("SIGHUP");
  await until("the connection", async () => (await refused()) === "connected");
  expect(await server.stop()).toBe(0);
  expect(server.stderr).toBe("");
});

test("TLS with an authority of its own; a trial and a clearing say what they did", async () => {
  await using broker = await Mosquitto.start({ tls: true });
  using folder = new TemporaryFolder();
  const url = `mqtts://127.0.0.1:${broker.port}?ca=${join(broker.folder, "ca.pem")}`;
  const iot = (...args: string[]) => run(serverBinary, args, folder.path);
  {
    await using server = await startServer({ folder: folder.path, args: ["--mqtt", url] });
    await until("the bridge", async () => (await iot("mqtt")).code === 0);
    const tried = await iot("mqtt", "test", "--mqtt", url);
    expect([tried.code, tried.stderr]).toEqual([0, ""]);
    expect(
      tried.stdout
        .trimEnd()
        .split("\n")
        .every((line) => line.startsWith("ok ")),
    ).toBe(true);
    const untrusted = await iot("mqtt", "test", "--mqtt", url.replace(/\?.*/, ""));
    expect([untrusted.code, untrusted.stdout.includes("is not trusted")]).toEqual([1, true]);
    const early = await iot("mqtt", "clear", "--mqtt", url);
    expect([early.code, early.stderr.includes("Stop it")]).toEqual([1, true]);
    expect(await server.stop()).toBe(0);
  }
  const cleared = await iot("mqtt", "clear", "--mqtt", url);
  expect(cleared.stdout).toMatch(/has forgotten \d topics/);
  const unreadable = await iot("9", "--mqtt", url.replace("ca.pem", "none.pem"));
  expect([
    unreadable.code,
    unreadable.stderr.includes("none.pem of --mqtt cannot be used"),
  ]).toEqual([1, true]);
});

test("5,000 devices: whoever subscribes later gets all of them", async () => {
  await using broker = await Mosquitto.start();
  using folder = new TemporaryFolder();
  const hash = await Bun.password.hash("sesame", {
    algorithm: "argon2id",
    memoryCost: 8,
    timeCost: 1,
  });
  const lines = Array.from({ length: 5_000 }, (_, i) => {
    const byte = (n: number) => n.toString(16).padStart(2, "0");
    return `d${i},"${hash}",aa:bb:cc:dd:${byte(i >> 8)}:${byte(i & 255)},10.1.${i >> 8}.${i & 255},2000`;
  });
  writeFileSync(folder.join("d.csv"), ["id,hash,mac,ip,port", ...lines, ""].join("\n"), {
    mode: 0o600,
  });
  const imported = await run(serverBinary, ["import", "d.csv"], folder.path);
  expect(imported.code).toBe(0);
  await using server = await startWith(folder, broker);
  using early = broker.listen(["homeassistant/device/+/config"]);
  await until("5,000 configurations", () => early.last.size >= 5_001, 100_000);
  using late = broker.listen(["homeassistant/device/+/config"]);
  const retained = ({ retain }: Heard) => retain;
  await until("all of them later", () => late.heard.filter(retained).length >= 5_001);
  expect(await server.stop()).toBe(0);
});
