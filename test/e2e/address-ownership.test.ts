// An IP belongs to one device; with --shared-ip the pair of ip and port does.

import { expect, setDefaultTimeout, test } from "bun:test";
import { newIdentity, register } from "./datagrams.ts";
import { testTimeoutMs } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

const first = newIdentity();
const samePort = newIdentity({ ip: first.ip, port: first.port });
const otherPort = newIdentity({ ip: first.ip });

async function codes(...args: string[]): Promise<string[]> {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path, args });
  using device = await RawDevice.open(server.port);
  return [
    await device.code(register(first)),
    await device.code(register(samePort)),
    await device.code(register(otherPort)),
    await device.code(register({ ...otherPort, port: first.port })),
  ];
}

test("without --shared-ip another device on the IP is answered 12 on any port", async () => {
  expect(await codes()).toEqual(["00", "12", "12", "12"]);
});

test("with --shared-ip it is answered 12 on the same port only", async () => {
  expect(await codes("--shared-ip")).toEqual(["00", "12", "00", "12"]);
});

test("an IPv4 address written as IPv6 is the same IP", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  using device = await RawDevice.open(server.port);
  expect(await device.code(register(first))).toBe("00");
  expect(await device.code(register({ ...samePort, ip: `::ffff:${first.ip}` }))).toBe("12");
  const six = newIdentity({ ip: "fd00::12" });
  expect(await device.code(register(six))).toBe("00");
  expect(await device.code(register(newIdentity({ ip: "FD00:0:0:0:0:0:0:12" })))).toBe("12");
});
