// kill -9 of the compiled agent, and of the server, over a network that loses datagrams: every line that the agent took
// is stored exactly once, in order. IOT_KILLS sets the number of kills, default 12.

import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, existsSync, writeFileSync } from "node:fs";
import { ClientProcess } from "./client-process.ts";
import { LossyRelay } from "./lossy-relay.ts";
import { pause, testTimeoutMs, until } from "./polling.ts";
import { SeededRandom } from "./seeded-random.ts";
import { freePort, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

const kills = Number(process.env["IOT_KILLS"] ?? 12);
const spool = ".local/state/iot-client/devices/asmith/spool";

function agent(folder: TemporaryFolder, port: number, own: number, args: readonly string[]) {
  const where = ["--id", "asmith", "--server", `127.0.0.1:${port}`, "--port", String(own)];
  const env = { IOT_PASSWORD: "password" };
  return new ClientProcess(folder.path, ["run", ...where, ...args], env);
}

/** The numbers of the stored reports, in order. */
function storedIn(folder: TemporaryFolder): number[] {
  return numbersIn(
    folder.join("iot_server.db"),
    true,
    "SELECT message AS line FROM data ORDER BY sequence",
  );
}

/** The numbers of the reports in the spool as a kill left it. */
function spooledIn(folder: TemporaryFolder): number[] {
  const path = folder.join("spool-copy");
  for (const end of ["", "-wal"]) {
    if (existsSync(folder.join(spool + end))) copyFileSync(folder.join(spool + end), path + end);
    else writeFileSync(path + end, "");
  }
  return numbersIn(path, false, "SELECT text AS line FROM report ORDER BY place");
}

function numbersIn(path: string, readonly: boolean, query: string): number[] {
  const database = new Database(path, readonly ? { readonly } : { readwrite: true });
  try {
    const rows = database.query<{ line: string }, []>(query).all();
    return rows.map(({ line }) => Number(/line (\d+)$/.exec(line)?.[1]));
  } finally {
    database.close();
  }
}

/** The highest number that is stored or spooled, of an agent that is running. */
function lastTakenIn(folder: TemporaryFolder): number {
  try {
    return Math.max(storedIn(folder).length, spooledIn(folder).at(-1) ?? 0);
  } catch {
    // The copy was made in the middle of a change.
    return 0;
  }
}

const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

test.each([
  { kind: "sealed", loss: 0 },
  { kind: "text", loss: 0 },
  { kind: "sealed", loss: 0.15 },
])(
  "$kind, with $loss of the datagrams lost: killed, and nothing is lost or doubled",
  async ({ kind, loss }) => {
    using folder = new TemporaryFolder();
    const random = new SeededRandom(20_261_128);
    const [port, own] = [await freePort(), await freePort()];
    const args = kind === "text" ? ["--text"] : [];
    using relay = await LossyRelay.open(port, loss, 7);
    await using running = {
      server: await startServer({ folder: folder.path, port }),
      async [Symbol.asyncDispose]() {
        await this.server[Symbol.asyncDispose]();
      },
    };
    let taken = 0;
    for (let kill = 0; kill < kills; kill++) {
      await using device = agent(folder, relay.port, own, args);
      if (kill === 0) await device.says("70 logged in", 60_000);
      const lines = 1 + random.below(loss > 0 ? 100 : 300);
      const before = taken;
      for (let n = 1; n <= lines; n++) device.line(`line ${taken + n}`);
      // Every other kill comes after a line was taken, however slow the machine is; the others come at any moment.
      if (kill % 2 === 0) await until("a line is taken", () => lastTakenIn(folder) > before);
      await pause(random.below(300));
      if (kill % 4 === 3) {
        await running.server.stop("SIGKILL");
        running.server = await startServer({ folder: folder.path, port });
      }
      await device.stop("SIGKILL");
      const [stored, spooled] = [storedIn(folder), spooledIn(folder)];
      // In order and without a gap, wherever the kill came: what the server has, then what waits.
      expect(stored).toEqual(upTo(stored.length));
      const last = Math.max(stored.length, spooled.at(-1) ?? 0);
      const waiting = spooled.filter((number) => number > stored.length);
      expect(waiting).toEqual(upTo(last).slice(stored.length));
      taken = last;
    }
    expect(taken).toBeGreaterThanOrEqual(kills / 2);
    await using device = agent(folder, relay.port, own, args);
    await until("all reports on the disk", () => storedIn(folder).length === taken, 100_000);
    await device.stop();
    expect(await running.server.stop()).toBe(0);
    expect(storedIn(folder)).toEqual(upTo(taken));
    expect(spooledIn(folder)).toEqual([]);
  },
  2 * testTimeoutMs,
);

test("an agent whose spool is in use is refused with words; --spool none goes without", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  await using first = agent(folder, server.port, await freePort(), []);
  await first.says("70 logged in");
  await using second = agent(folder, server.port, await freePort(), []);
  expect(await second.ended()).toBe(1);
  expect(second.stderr).toContain("is used by another iot-client.");
  await using third = agent(folder, server.port, await freePort(), ["--spool", "none"]);
  await third.says("70 logged in");
});

test("what is not delivered at the end is kept, and delivered at the next start", async () => {
  using folder = new TemporaryFolder();
  const [port, own] = [await freePort(), await freePort()];
  const first = await startServer({ folder: folder.path, port });
  await using device = agent(folder, port, own, ["--drain", "100ms"]);
  await device.says("70 logged in");
  await first.stop();
  for (let n = 1; n <= 5; n++) device.line(`line ${n}`);
  await until("the lines in the spool", () => spooledIn(folder).length === 5);
  expect(await device.stop()).toBe(3);
  expect(device.stdout).toContain("5 reports not delivered, kept for the next start");
  await using server = await startServer({ folder: folder.path, port });
  await using again = agent(folder, port, own, []);
  await again.says("reports that wait since the last end: 5");
  await until("all reports on the disk", () => storedIn(folder).length === 5);
  expect(await again.stop()).toBe(0);
  expect(await server.stop()).toBe(0);
});
