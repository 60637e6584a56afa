// `iot-server doctor`: beside a running server, in a good place, and where a server would not start. It changes nothing.

import { expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { newIdentity, register } from "./datagrams.ts";
import { testTimeoutMs } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { freePort, run, serverBinary, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

type Told = { readonly subject: string; readonly grade: string; readonly says: string };

async function examine(folder: TemporaryFolder, ...args: (string | number)[]) {
  const all = ["doctor", ...args.map(String), "--json"];
  const { code, stdout, stderr } = await run(serverBinary, all, folder.path);
  expect(stderr).toBe("");
  const told = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Told);
  const of = (subject: string) => told.filter((finding) => finding.subject === subject);
  return { code, of, bad: told.filter(({ grade }) => grade === "bad").map((it) => it.subject) };
}

test("where all is well no finding is bad, and nothing is made", async () => {
  using folder = new TemporaryFolder();
  const { code, bad, of } = await examine(folder, await freePort());
  expect({ code, bad }).toEqual({ code: 0, bad: [] });
  expect(of("database")[0]?.says).toContain("will be made at the first start");
  expect(folder.names()).toEqual([]);
  const printed = await run(serverBinary, ["doctor", "9000"], folder.path);
  expect(printed.stdout).toMatch(/^ok +server +none runs on iot_server\.db$/m);
});

test("beside a running server its port and its database are no trouble; for another they are", async () => {
  using folder = new TemporaryFolder();
  using elsewhere = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  using device = await RawDevice.open(server.port);
  const own = await examine(folder, server.port);
  expect({ code: own.code, bad: own.bad }).toEqual({ code: 0, bad: [] });
  expect(own.of("server")[0]?.says).toContain("runs on iot_server.db");
  const unnamed = await examine(folder);
  expect({ code: unnamed.code, bad: unnamed.bad }).toEqual({ code: 0, bad: [] });
  const lost = await run(serverBinary, ["doctor"], elsewhere.path);
  expect(lost).toMatchObject({ code: 2, stdout: "" });
  expect(lost.stderr).toContain("Write: iot-server doctor 9000");
  const other = await examine(elsewhere, server.port);
  expect({ code: other.code, bad: other.bad }).toEqual({ code: 1, bad: ["port", "http"] });
  expect(await device.code(register(newIdentity()))).toBe("00");
});

test("a database that is none, and secrets that others can read", async () => {
  using folder = new TemporaryFolder();
  writeFileSync(folder.join("iot_server.db"), "This is a letter, not a database. ".repeat(300));
  writeFileSync(folder.join("iot_server.db.token"), "secret");
  chmodSync(folder.join("iot_server.db.token"), 0o644);
  const { code, bad, of } = await examine(folder, await freePort());
  expect({ code, bad }).toEqual({ code: 1, bad: ["database", "secrets"] });
  expect(of("secrets")[0]?.says).toContain("iot_server.db.token can be read by others");
  const wrong = await run(serverBinary, ["doctor", "9000", "--retain", "90"], folder.path);
  expect(wrong).toMatchObject({ code: 2, stdout: "" });
});

test("a broker that does not answer is a warning with the next step", async () => {
  using folder = new TemporaryFolder();
  using broker = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const url = `mqtt://127.0.0.1:${broker.port}/iot`;
  const there = await examine(folder, await freePort(), "--mqtt", url);
  expect(there.of("broker")).toMatchObject([{ grade: "ok" }]);
  broker.stop(true);
  const gone = await examine(folder, await freePort(), "--mqtt", url);
  expect(gone.code).toBe(0);
  expect(gone.of("broker")).toMatchObject([{ grade: "warning" }]);
});
