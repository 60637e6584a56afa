// What an ACK costs and promises on the disk: the log of the database is synced once before it, and not twice.

import { expect, setDefaultTimeout, test } from "bun:test";
import { data, login, newIdentity, register } from "./datagrams.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

const reports = 40;
/** Rows of sessions are written every few seconds, in commits of their own if nothing else is to be stored. */
const othersMax = 10;

test("between two ACKs of single reports lies a sync of the log, and only one", async () => {
  using folder = new TemporaryFolder();
  const trace = folder.join("trace");
  const calls = "fsync,fdatasync,sync_file_range,sendto,sendmsg,sendmmsg";
  // -D: the server is the child, so that it gets the signals.
  const runBy = ["strace", "-D", "-f", "-y", "-s", "64", "-e", `trace=${calls}`, "-o", trace];
  await using server = await startServer({ folder: folder.path, runBy });
  using device = await RawDevice.open(server.port);
  const identity = newIdentity();
  expect(await device.code(register(identity))).toBe("00");
  expect(await device.code(login(identity))).toBe("70");
  for (let i = 0; i < reports; i++) expect(await device.code(data(identity, `${i}`))).toBe("50");
  expect(await server.stop()).toBe(0);
  await until("the end of the trace", () => folder.text("trace").includes("+++ exited with 0 +++"));

  let syncs = 0;
  const before: number[] = [];
  for (const line of folder.text("trace").split("\n")) {
    if (/f(data)?sync\(\d+<[^>]*-wal>/.test(line)) syncs++;
    if (/send\w+\(/.test(line) && line.includes(identity.id)) {
      before.push(syncs);
      syncs = 0;
    }
  }
  // REGISTER and LOGIN have one each, and in between is the password check.
  expect(before).toHaveLength(reports + 2);
  const ofReports = before.slice(2);
  expect(Math.min(...ofReports)).toBe(1);
  expect(ofReports.reduce((sum, count) => sum + count)).toBeLessThan(reports + othersMax);
});
