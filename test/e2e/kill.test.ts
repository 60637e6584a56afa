// kill -9 under load, repeatedly on one database: every acknowledged report is stored exactly once, and one sent again
// after the restart is not stored twice. IOT_KILLS sets the number of kills; default 10 under CI, 100 otherwise.

import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { login, newIdentity, register, status } from "./datagrams.ts";
import { pause, testTimeoutMs } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { ReportLoader } from "./report-loader.ts";
import { SeededRandom } from "./seeded-random.ts";
import { freePort, run, serverBinary, ServerProcess, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

const kills = Number(process.env["IOT_KILLS"] ?? (process.env["CI"] ? 10 : 100));
const random = new SeededRandom(20_261_122);
const devices = [newIdentity(), newIdentity(), newIdentity()];
/** The number of acknowledged reports that are sent again after each restart. */
const repeated = 50;

test(`killed ${kills} times under load, no acknowledged report is lost or stored twice`, async () => {
  using folder = new TemporaryFolder();
  const port = await logInAll(folder.path);
  using loader = await ReportLoader.open(devices, port);
  let stored = 0;
  let acknowledged = 0;
  for (let kill = 0; kill < kills; kill++) {
    if (kill % 10 === 9) await killAtStart(folder.path, port);
    await using server = await startServer({ folder: folder.path, port });
    const before = loader.acked;
    const again = [...loader.pending, ...before.slice(-repeated)];
    const found = storedSince(folder.path, stored);
    expect(before.filter((number) => found.get(ReportLoader.messageOf(number)) !== 1)).toEqual([]);
    await loader.resend(again);
    stored = expectEachOnce(folder.path, loader.issued);

    acknowledged += before.length;
    loader.forget();
    await loader.untilAcked(20 + random.below(600));
    await server.stop("SIGKILL");
  }
  await using server = await startServer({ folder: folder.path, port });
  await loader.resend([...loader.pending, ...loader.acked.slice(-repeated)]);
  expectEachOnce(folder.path, loader.issued);
  expect(loader.otherCodes).toEqual([]);
  acknowledged += loader.acked.length;
  console.log(`${kills} kills, ${loader.issued} reports, ${acknowledged} times acknowledged`);
  // The sessions are those of the first LOGIN, and the index lists as many reports as the table has.
  using device = await RawDevice.open(port);
  for (const identity of devices) expect(await device.code(status(identity))).toBe("40");
  expect(await server.stop()).toBe(0);
  const listed = await run(
    serverBinary,
    ["reports", devices[0]?.id as string, "--last", "1000000", "--json"],
    folder.path,
  );
  expect(listed.stdout.trimEnd().split("\n").length).toBe(Math.ceil(loader.issued / 3));
});

async function logInAll(folder: string): Promise<number> {
  await using server = await startServer({ folder });
  using device = await RawDevice.open(server.port);
  for (const identity of devices) {
    expect(await device.code(register(identity))).toBe("00");
    expect(await device.code(login(identity))).toBe("70");
  }
  await server.stop("SIGKILL");
  return server.port;
}

/** Kills a server at a random moment of its start. */
async function killAtStart(folder: string, port: number): Promise<void> {
  await using server = new ServerProcess({ folder }, port || (await freePort()));
  await pause(random.below(60));
  await server.stop("SIGKILL");
}

/** How often each message is stored after report number `reports`. */
function storedSince(folder: string, reports: number): Map<string, number> {
  return reading(folder, (database) => {
    const rows = database
      .query<{ message: string; times: number }, [number]>(
        "SELECT message, count(*) AS times FROM data WHERE sequence > ? GROUP BY message",
      )
      .all(reports);
    return new Map(rows.map(({ message, times }) => [message, times]));
  });
}

/** Checks that every issued report is stored exactly once; returns the last sequence number. */
function expectEachOnce(folder: string, issued: number): number {
  const row = reading(folder, (database) =>
    database
      .query<{ rows: number; messages: number; last: number }, []>(
        "SELECT count(*) AS rows, count(DISTINCT message) AS messages, coalesce(max(sequence), 0) AS last FROM data",
      )
      .get(),
  );
  expect(row).toMatchObject({ rows: issued, messages: issued });
  return row?.last ?? 0;
}

function reading<T>(folder: string, read: (database: Database) => T): T {
  const database = new Database(`${folder}/iot_server.db`, { readonly: true });
  try {
    return read(database);
  } finally {
    database.close();
  }
}
