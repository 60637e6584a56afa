// Alerts of compiled servers on one PostgreSQL: one of them judges what devices report to any, and when it is killed another one
// goes on where it was.

import { expect, setDefaultTimeout, test } from "bun:test";
import { postgresServer, superuser } from "../postgres-server.ts";
import { AlertReceiver } from "./alert-receiver.ts";
import { data, login, newIdentity, register } from "./datagrams.ts";
import { Cluster } from "./node-cluster.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { run, serverBinary } from "./server-process.ts";

setDefaultTimeout(testTimeoutMs);

test("a server judges what comes to another one; killed, that one tells the end, and nothing twice", async () => {
  const postgres = await postgresServer();
  const database = await postgres.newDatabase();
  const url = `postgres://${superuser}@127.0.0.1:${postgres.port}/${database}`;
  await using cluster = await Cluster.start(["a", "b"], () => url);
  await using sql = postgres.connect(database);
  const rows = async (text: string) => (await sql.unsafe(text)) as unknown[];
  using receiver = new AlertReceiver();
  const alert = async (...args: string[]) => {
    const { path } = cluster.node("a").folder;
    const ended = await run(serverBinary, ["alert", ...args, "--store", url], path);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
  };
  await alert("to", "hook", receiver.url, "--format", "text");
  await alert("add", "hot", "temp > 30 until < 28 for 1s");

  const leader = await until("a server to lead", async () => {
    const [mark] = (await rows("SELECT node FROM alert_mark")) as { node: string }[];
    return mark?.node === "" ? null : mark?.node;
  });
  const other = leader === "a" ? "b" : "a";
  const device = newIdentity();
  using raw = await RawDevice.open(cluster.node(other).port);
  expect(await raw.code(register(device))).toBe("00");
  expect(await raw.code(login(device))).toBe("70");
  const reporting = (message: string, count: number) =>
    until(
      `${count} messages`,
      async () => {
        expect(await raw.code(data(device, message))).toBe("50");
        return receiver.texts.length >= count;
      },
      45_000,
    );
  // The rule is read within two seconds, and holds from the first report on that is judged.
  await reporting("temp=35", 1);
  expect(receiver.texts).toEqual([`temp of ${device.id} is 35 (> 30)`]);
  const ended = "SELECT FROM alert_delivery WHERE ended IS NOT NULL";
  await until("its success to be stored", async () => (await rows(ended)).length === 1);

  await cluster.node(leader).kill();
  const taken = `SELECT FROM alert_mark WHERE node = '${other}'`;
  await until("the other one to lead", async () => (await rows(taken)).length === 1, 60_000);
  await reporting("temp=20", 2);
  expect(receiver.texts).toEqual([
    `temp of ${device.id} is 35 (> 30)`,
    `temp of ${device.id} is 20 again`,
  ]);
  // The messages are delivered in order: whatever the new one told of what fires would have come before the end.
  expect(receiver.told).toHaveLength(2);
});

test("the server that leads hears of a command that fails at another one, and of who waits there", async () => {
  const postgres = await postgresServer();
  const database = await postgres.newDatabase();
  const url = `postgres://${superuser}@127.0.0.1:${postgres.port}/${database}`;
  await using cluster = await Cluster.start(["a", "b"], () => url, ["--join", "approve"]);
  await using sql = postgres.connect(database);
  const iot = async (node: string, ...args: string[]) => {
    const { path } = cluster.node(node).folder;
    const ended = await run(serverBinary, [...args, "--store", url], path);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    return ended.stdout;
  };
  const leader = await until("a server to lead", async () => {
    const [mark] = (await sql.unsafe("SELECT node FROM alert_mark")) as { node: string }[];
    return mark?.node === "" ? null : mark?.node;
  });
  const other = leader === "a" ? "b" : "a";
  using raw = await RawDevice.open(cluster.node(other).port);
  const device = newIdentity({ id: "pi-1", ip: "127.0.0.1", port: raw.port });
  const isFiring = async (rule: string) =>
    (await iot(leader, "alert", "list", "--json"))
      .split("\n")
      .some((line) => line.includes(`"rule":"${rule}"`) && line.includes(`"state":"firing"`));
  await iot(leader, "alert", "add", "door", "device waits");
  await iot(leader, "alert", "add", "failed", "command failed");
  expect(await raw.code(register(device))).toBe("93");
  await until("the alert of the door", () => isFiring("door"), 60_000);
  await iot(other, "devices", "approve", "pi-1");
  await until("its end", async () => !(await isFiring("door")), 60_000);
  expect(await raw.code(register(device))).toBe("00");
  expect(await raw.code(login(device))).toBe("70");
  for (const code of ["15", "01"]) {
    raw.heard.length = 0;
    await iot(other, "command", "pi-1", "set relay=on");
    const [, , , time] = (await raw.next("the command")).split("\t");
    raw.heard.length = 0;
    expect(await raw.persist(data(device, "so", { code, time: time as string }))).toBe("50");
    await until(
      `the alert after ${code}`,
      async () => (await isFiring("failed")) === (code === "15"),
    );
  }
});
