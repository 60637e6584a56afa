// One command for 5,000 devices, over HTTP and on the command line, with the compiled server: queued once for each, also when the
// request is repeated and when the server was killed; and a device that is logged in gets its own.

import { expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { data, login, newIdentity } from "./datagrams.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { run, serverBinary, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

const devices = 5_000;

test("a command for 5,000 devices is queued once for each", async () => {
  using folder = new TemporaryFolder();
  const first = await startServer({ folder: folder.path });
  await using server = first;
  const iot = (...args: string[]) => run(serverBinary, args, folder.path);
  const identities = Array.from({ length: devices }, (_, i) =>
    newIdentity({ id: `d${i}`, password: "open-sesame" }),
  );
  const hash = await Bun.password.hash("open-sesame", { algorithm: "argon2id", memoryCost: 8 });
  const lines = identities.map(({ id, mac, ip, port }) => [id, `"${hash}"`, mac, ip, port].join());
  writeFileSync(folder.join("devices.csv"), ["id,hash,mac,ip,port", ...lines].join("\n"));
  expect((await iot("import", "devices.csv")).stdout).toContain(`${devices} registered`);
  const identity = identities[4_321] ?? newIdentity();
  using device = await RawDevice.open(server.port);
  expect(await device.code(login({ ...identity, port: device.port }))).toBe("70");

  const origin = await until(
    "the dashboard's address",
    () => /dashboard +(http:\S+)\/login\?code=/.exec(server.stdout)?.[1],
  );
  const headers = {
    authorization: `Bearer ${folder.text("iot_server.db.token").trim()}`,
    "content-type": "application/json",
    "idempotency-key": "all-1",
  };
  const give = async (expected: number) => {
    const body = JSON.stringify({ select: "id=d*", message: "blink", ttl: "2h", expected });
    const response = await fetch(`${origin}/api/v1/commands`, { method: "POST", headers, body });
    return { status: response.status, body: await response.json() };
  };
  expect(await give(devices - 1)).toMatchObject({ status: 409, body: { code: "count-changed" } });
  const queued = { status: 202, body: { queued: devices, refused: [] } };
  expect(await give(devices)).toEqual(queued);
  const sent = await until("the command", () =>
    device.heard.find((text) => text.startsWith("STATUS\t10\tserver\t#")),
  );
  const [, , , time = ""] = sent.split("\t");
  device.send(data(identity, "blinked", { time }));
  expect((await iot("command", "--select", "id=d*", "rest", "--yes")).stdout).toBe(
    `${devices} queued, 0 refused.\n`,
  );
  await server.stop("SIGKILL");
  await using again = await startServer({ folder: folder.path, port: server.port });
  const rows = await iot("commands", "--all", "--json");
  const known = rows.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(known.length).toBe(2 * devices);
  for (const message of ["blink", "rest"]) {
    const of = known.filter((row) => row["message"] === message);
    expect(new Set(of.map((row) => row["device"])).size).toBe(devices);
  }
  expect(known.filter(({ state }) => state === "done")).toMatchObject([
    { device: identity.id, number: Number(time.slice(1)), origin: "api", result: "blinked" },
  ]);
  expect(again.isRunning).toBe(true);
});
