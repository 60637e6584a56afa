// Alerts of the compiled server, from the command line to a receiver: firing and resolved, kill -9 at the worst moments, a real
// Alertmanager, what `alert test` says of destinations that are wrong, and secrets that nobody sees.

import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { makeCertificates } from "../certificates.ts";
import { AlertReceiver } from "./alert-receiver.ts";
import { startAlertmanager } from "./alertmanager.ts";
import { data, login, newIdentity, register } from "./datagrams.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { type Ended, freePort, run, serverBinary, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

type Plant = { readonly folder: TemporaryFolder; readonly port: number };

/** Runs `iot-server alert`. */
function alert({ folder }: Plant, ...args: string[]): Promise<Ended> {
  return run(serverBinary, ["alert", ...args], folder.path);
}

/** The same, which must succeed; what it printed. */
async function told(plant: Plant, ...args: string[]): Promise<string> {
  const ended = await alert(plant, ...args);
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  return ended.stdout;
}

/** A folder for a server that is started again on the same port. */
async function newPlant() {
  const folder = new TemporaryFolder();
  const port = await freePort();
  return {
    folder,
    port,
    start: (...args: string[]) => startServer({ folder: folder.path, port, args }),
    /** The rows of a statement. */
    rows: (text: string): unknown[] => {
      const database = new Database(folder.join("iot_server.db"), { readonly: true });
      try {
        return database.query(text).all();
      } finally {
        database.close();
      }
    },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/** A device that is logged in. */
async function newDevice(port: number) {
  const identity = newIdentity();
  const raw = await RawDevice.open(port);
  expect(await raw.persist(register(identity))).toBe("00");
  expect(await raw.persist(login(identity))).toBe("70");
  return {
    id: identity.id,
    report: async (message: string) =>
      expect(await raw.persist(data(identity, message))).toBe("50"),
    [Symbol.dispose]: () => raw[Symbol.dispose](),
  };
}

const deliveries = "SELECT number, tries, status, ended FROM alert_delivery ORDER BY number";
const waiting = "SELECT status FROM alert_delivery WHERE ended IS NULL AND tries > 0";
const firing = "SELECT notices FROM alert WHERE state = 'firing'";

test("a device reports too much, and enough again: the receiver hears both, and the list shows it", async () => {
  using plant = await newPlant();
  using receiver = new AlertReceiver();
  await using server = await plant.start();
  expect(await told(plant, "to", "hook", receiver.url, "--format", "text")).toBe(
    `hook: ${receiver.url} (text).\nTry it with: iot-server alert test hook\n`,
  );
  expect(await told(plant, "test", "hook")).toMatch(/^hook: 200, after \d+ ms\.\n$/);
  await told(plant, "add", "hot", "temp>30 until <28 for 1s", "--severity", "critical");
  using device = await newDevice(server.port);
  await until("the rule to hold", async () => {
    await device.report("temp=31.5 hum=40");
    return plant.rows(firing).length > 0;
  });
  const trial = "This is a test: a device that is not there (test) is offline";
  const hot = `temp of ${device.id} is 31.5 (> 30)`;
  expect(await receiver.untilTexts(2)).toEqual([trial, hot]);
  expect(await told(plant, "list")).toMatch(
    new RegExp(`^NUMBER.*\n1 +firing +\\d+ s +${device.id} +31.5 +hot\n$`),
  );
  await device.report("temp=29");
  await device.report("temp=27.5");
  expect(await receiver.untilTexts(3)).toEqual([trial, hot, `temp of ${device.id} is 27.5 again`]);
  expect(await told(plant, "list")).toBe("No alert is open.\n");
  expect(await told(plant, "list", "--all")).toContain(" resolved ");
  const [, first] = receiver.told;
  expect(Object.fromEntries(first?.headers ?? [])).toMatchObject({
    "content-type": "application/json",
    "idempotency-key": "1",
    "user-agent": expect.stringMatching(/^iot-server\/\d/),
  });
});

test("kill -9 between firing and the message, during an outage, and before the answer: nothing is lost, nothing told twice", async () => {
  using plant = await newPlant();
  using receiver = new AlertReceiver();
  let server = await plant.start();
  try {
    const again = async () => {
      await server.stop("SIGKILL");
      server = await plant.start();
    };
    await told(plant, "to", "hook", receiver.url, "--format", "text");
    await told(plant, "add", "hot", "temp > 30 for 1s");
    using device = await newDevice(server.port);
    await until("the alert to fire", async () => {
      await device.report("temp=31");
      return plant.rows(firing).length > 0;
    });
    await again();
    expect(receiver.told).toEqual([]);
    const hot = `temp of ${device.id} is 31 (> 30)`;
    const cold = `temp of ${device.id} is 20 again`;
    expect(await receiver.untilTexts(1)).toEqual([hot]);
    await until("that it was told to be stored", () => plant.rows(waiting).length === 0);

    await receiver.close();
    await device.report("temp=20");
    await until("a message that waits", () => plant.rows(waiting).length > 0, 60_000);
    expect(plant.rows(waiting)).toEqual([{ status: "nobody listens there" }]);
    await again();
    // It takes the message, and the server is killed before it has the answer.
    const { promise, resolve } = Promise.withResolvers<Response>();
    receiver.answer = () => promise;
    receiver.open();
    expect(await receiver.untilTexts(2)).toEqual([hot, cold]);
    await server.stop("SIGKILL");
    resolve(new Response(""));
    receiver.answer = () => new Response("");
    server = await plant.start();
    await until("the same message again", () => receiver.told.length > 2, 60_000);
    expect(receiver.told.map(({ key }) => key)).toEqual(["1", "2", "2"]);
    expect(receiver.told[2]?.body).toEqual({ text: cold });
    await until("its success", () => plant.rows(`${deliveries} LIMIT -1 OFFSET 1`).length === 1);
    await until("all to be delivered", () =>
      (plant.rows(deliveries) as { ended: number | null }[]).every(({ ended }) => ended !== null),
    );
    expect(plant.rows(deliveries)).toMatchObject([{ status: "200" }, { status: "200" }]);
    expect(receiver.told).toHaveLength(3);
  } finally {
    await server[Symbol.asyncDispose]();
  }
});

test("a real Alertmanager takes what its API is told, and forwards that it fires and that it is over", async () => {
  using plant = await newPlant();
  using receiver = new AlertReceiver();
  await using manager = await startAlertmanager(receiver.url);
  await using server = await plant.start();
  await told(plant, "to", "am", `${manager.url}/api/v2/alerts`, "--format", "alertmanager-api");
  await told(plant, "add", "hot", "temp > 30 for 1s", "--severity", "critical");
  using device = await newDevice(server.port);
  await until("the rule to hold", async () => {
    await device.report("temp=31");
    return plant.rows(firing).length > 0;
  });
  type Webhook = { status: string; alerts: { labels: object; annotations: object }[] };
  const heard = (status: string) =>
    until(
      `Alertmanager to say ${status}`,
      () => (receiver.told.map(({ body }) => body) as Webhook[]).find((it) => it.status === status),
      60_000,
    );
  const labels = { alertname: "hot", device: device.id, severity: "critical" };
  const summary = `temp of ${device.id} is 31 (> 30)`;
  expect((await heard("firing")).alerts).toMatchObject([
    { labels, annotations: { summary, description: "temp > 30 for 1s" }, status: "firing" },
  ]);
  await device.report("temp=20");
  expect((await heard("resolved")).alerts).toMatchObject([{ labels, status: "resolved" }]);
  const statuses = plant.rows("SELECT DISTINCT status FROM alert_delivery WHERE ended IS NOT NULL");
  expect(statuses).toEqual([{ status: "200" }]);
});

test("alert test says what is wrong with a destination, in words", async () => {
  using plant = await newPlant();
  await using server = await plant.start();
  makeCertificates(plant.folder.path);
  const pem = (name: string) => readFileSync(plant.folder.join(name), "utf8");
  const secure = (cert: string, key: string) =>
    Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      tls: { cert: pem(cert), key: pem(key) },
      fetch: () => new Response(""),
    });
  const [strange, own] = [secure("server.pem", "server.key"), secure("ca.pem", "ca.key")];
  using receiver = new AlertReceiver();
  receiver.answer = () => new Response("no such\n\u001b[31mhook\u001b[0m", { status: 404 });
  const table = [
    [`http://127.0.0.1:${await freePort()}/`, "nobody listens there"],
    [`https://127.0.0.1:${strange.port}/`, "its certificate is of an unknown authority"],
    [`https://127.0.0.1:${own.port}/`, "its certificate is signed by itself"],
    [`https://127.0.0.1:${receiver.port}/`, "no TLS connection with it could be made"],
    [receiver.url, "404 no such [31mhook [0m"],
  ] as const;
  try {
    for (const [url, words] of table) {
      await told(plant, "to", "one", url, "--format", "text");
      const ended = await alert(plant, "test", "one");
      const stdout = ended.stdout.replace(/after \d+ ms/, "after 1 ms");
      expect({ ...ended, stdout }).toEqual({
        code: 1,
        stdout: `one: ${words}, after 1 ms.\n`,
        stderr: "",
      });
    }
  } finally {
    await Promise.all([strange.stop(true), own.stop(true)]);
  }
  expect(server.stderr).toBe("");
  for (const [url, words] of [
    ["hook.example", "it is no URL, as in https://host/path"],
    ["ftp://hook.example/", "it begins with http: or https:"],
    ["https://hook.example/#a", "a URL to post to has no part behind #"],
  ] as const) {
    const ended = await alert(plant, "to", "one", url);
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toContain(`The URL is wrong: ${words}.`);
  }
});

test("the secrets of a URL and of headers reach the receiver and are shown nowhere else", async () => {
  using plant = await newPlant();
  using receiver = new AlertReceiver();
  const seen: string[] = [];
  {
    await using server = await plant.start("--log-level", "debug");
    const url = `http://me:s3cret-word@127.0.0.1:${receiver.port}/hook?key=s3cret-key`;
    writeFileSync(plant.folder.join("headers"), "X-Key: s3cret-header\n");
    const note = async (...args: string[]) => {
      const { stdout, stderr } = await alert(plant, ...args);
      seen.push(stdout, stderr);
    };
    await note("to", "hook", url, "--format", "text", "--header-file", "headers");
    await note("add", "hot", "temp > 30 for 1s");
    await note("test", "hook");
    const [first] = receiver.told;
    expect(first?.headers.get("x-key")).toBe("s3cret-header");
    expect(atob(first?.headers.get("authorization")?.slice(6) ?? "")).toBe("me:s3cret-word");
    receiver.answer = () => new Response("no", { status: 403 });
    await note("test", "hook");
    using device = await newDevice(server.port);
    await until(
      "a message to be refused",
      async () => {
        await device.report("temp=31");
        return plant.folder.text("log/error.log").includes("hook");
      },
      60_000,
    );
    await receiver.close();
    await note("test", "hook");
    await note("rules");
    await note("rules", "--json");
    await note("list", "--all", "--json");
    await note("to", "other", `${url}#s3cret-part`);
    await note("remove", "hook");
    const authorization = `Bearer ${plant.folder.text("iot-server.token").trim()}`;
    for (const path of ["alert-destinations", "alert-rules", "alerts", "status"]) {
      const request = fetch(`http://127.0.0.1:${plant.port}/api/v1/${path}`, {
        headers: { authorization },
      });
      seen.push(await (await request).text());
    }
    await server.stop();
    seen.push(server.stdout, server.stderr);
  }
  for (const name of plant.folder.files().filter((one) => one.startsWith("log/"))) {
    seen.push(plant.folder.text(name));
  }
  const all = seen.join("\n");
  expect(all).toContain(`http://me:***@127.0.0.1:${receiver.port}/hook?***`);
  expect(all).toContain("A message for the alert destination hook was not taken: 403 no");
  expect(all).not.toContain("s3cret");
  expect(all).not.toContain(btoa("me:s3cret-word"));
});
