// --require-encryption: every text request is answered 94 and has no effect.

import { expect, setDefaultTimeout, test } from "bun:test";
import { data, login, logoff, newIdentity, query, register, status } from "./datagrams.ts";
import { testTimeoutMs } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { run, serverBinary, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

test("with --require-encryption every text request is answered 94 and has no effect", async () => {
  using folder = new TemporaryFolder();
  const args = ["--require-encryption"];
  await using server = await startServer({ folder: folder.path, args });
  using device = await RawDevice.open(server.port);
  const identity = newIdentity();
  const requests = [
    register(identity),
    login(identity),
    status(identity, "a heartbeat that is long enough"),
    data(identity, "a report that is long enough"),
    query(identity, "01", identity.id),
    logoff(identity),
    "ANOTHER datagram that begins as an ACK does, and is none of its kind",
  ];
  for (const request of requests) expect(await device.code(request)).toBe("94");
  const { stdout } = await run(serverBinary, ["devices"], folder.path);
  expect(stdout).toContain("No devices are registered yet");
});
