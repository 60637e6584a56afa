// A closed door (--join closed): an unknown device is refused in the words that help it, one that the operator registered
// logs in, and one that was registered before stays.

import { expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { login, newIdentity, register } from "./datagrams.ts";
import { testTimeoutMs } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { clientBinary, run, serverBinary, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

test("a closed server serves the devices that it knows and those of an import, and no other", async () => {
  using folder = new TemporaryFolder();
  const [before, imported, unknown] = [newIdentity(), newIdentity(), newIdentity()];
  {
    await using open = await startServer({ folder: folder.path });
    using device = await RawDevice.open(open.port);
    expect(await device.code(register(before))).toBe("00");
    await open.stop();
  }
  await using server = await startServer({ folder: folder.path, args: ["--join", "closed"] });
  expect(server.stdout).toContain("unknown ones are refused: register them with iot-server import");
  using device = await RawDevice.open(server.port);
  expect(await device.code(register(unknown))).toBe("31");
  expect(await device.code(register({ ...unknown, ip: before.ip }))).toBe("31");
  expect(await device.code(login(unknown))).toBe("31");
  expect(await device.code(register(before))).toBe("01");
  expect(await device.code(login(before))).toBe("70");

  const { id, password, mac, ip, port } = imported;
  writeFileSync(
    folder.join("devices.csv"),
    `id,password,mac,ip,port\n${[id, password, mac, ip, port].join(",")}\n`,
  );
  const ended = await run(serverBinary, ["import", "devices.csv"], folder.path);
  expect([ended.code, ended.stdout]).toEqual([
    0,
    "1 registered, 0 already registered, 0 refused.\n",
  ]);
  expect(await device.code(login(imported))).toBe("70");

  const args = ["register", "--id", "pi1", "--server", `127.0.0.1:${server.port}`];
  const client = await run(clientBinary, args, folder.path, { env: { IOT_PASSWORD: "secret" } });
  expect(client.code).toBe(1);
  expect(client.stderr).toContain("--join closed");
});
