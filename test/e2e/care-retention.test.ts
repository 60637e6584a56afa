// --retain with the compiled server: reports that are too old are removed while it runs, and numbers continue after
// that.

import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { data, login, newIdentity, register } from "./datagrams.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

function sequencesOf(folder: TemporaryFolder): number[] {
  const database = new Database(folder.join("iot_server.db"), { readonly: true });
  const rows = database.query<{ sequence: number }, []>("SELECT sequence FROM data").all();
  database.close();
  return rows.map(({ sequence }) => sequence);
}

test("old reports are removed, and after a restart without reports the next one still gets a new number", async () => {
  using folder = new TemporaryFolder();
  const identity = newIdentity();
  let port: number;
  {
    await using server = await startServer({ folder: folder.path, args: ["--retain", "1s"] });
    ({ port } = server);
    using device = await RawDevice.open(port);
    expect(await device.code(register(identity))).toBe("00");
    expect(await device.code(login(identity))).toBe("70");
    for (let i = 0; i < 20; i++) expect(await device.code(data(identity, `${i}`))).toBe("50");
    await until("all of them to be removed", () => sequencesOf(folder).length === 0);
    await server.stop("SIGKILL");
  }
  await using server = await startServer({ folder: folder.path, port });
  using device = await RawDevice.open(port);
  expect(await device.code(data(identity, "next"))).toBe("50");
  expect(sequencesOf(folder)).toEqual([21]);
  expect(await server.stop()).toBe(0);
  expect(folder.text("log/error.log")).not.toContain("could not be removed");
});
