// Import and export with the compiled server: beside a running one and on the database of a stopped one. Refused lines
// are reported with file, line and reason; no password is printed; an export has what is stored.

import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { data, type Identity, login, newIdentity, register } from "./datagrams.ts";
import { testTimeoutMs } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { type Ended, run, serverBinary, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

function lineOf({ id, password, mac, ip, port }: Identity): string {
  return [id, `"${password}"`, mac, ip, port].join(",");
}

/** Runs an import, and checks that it prints no password. */
async function importOf(folder: TemporaryFolder, lines: readonly string[]): Promise<Ended> {
  writeFileSync(folder.join("devices.csv"), `\ufeff${lines.join("\r\n")}\r\n`);
  const ended = await run(serverBinary, ["import", "devices.csv"], folder.path);
  expect(ended.stdout + ended.stderr).not.toContain("open-sesame");
  return ended;
}

const heading = "id,password,mac,ip,port";

describe.each(["running", "stopped"])("an import on a %s server", (state) => {
  test("registers devices that can log in, reports what it refuses, and can be repeated", async () => {
    using folder = new TemporaryFolder();
    const first = await startServer({ folder: folder.path });
    await using server = first;
    const there = newIdentity();
    {
      using device = await RawDevice.open(server.port);
      expect(await device.code(register(there))).toBe("00");
    }
    if (state === "stopped") expect(await server.stop()).toBe(0);
    const [one, two] = [newIdentity(), newIdentity({ password: 'open-sesame, " and so on ' })];
    const lines = [
      heading,
      lineOf(one),
      lineOf(newIdentity({ ip: there.ip })),
      "",
      [two.id, `"${two.password.replaceAll('"', '""')}"`, two.mac, two.ip, two.port].join(","),
      "broken,open-sesame,m,10.9.9.9",
      lineOf({ ...one, password: "open-sesame-other" }),
      lineOf(there),
    ];
    const ended = await importOf(folder, lines);
    expect(ended.code).toBe(1);
    expect(ended.stdout).toBe("2 registered, 1 already registered, 3 refused.\n");
    const told = ended.stderr.split("\n").filter((line) => line.startsWith("devices.csv:"));
    expect(told).toEqual([
      expect.stringMatching(/^devices\.csv:3: device-\d+: 12 the IP belongs to another device$/),
      "devices.csv:6: 4 fields, not 5",
      "devices.csv:7: this id is on line 2 already",
    ]);
    expect(ended.stderr).toContain("Registering: 100% (6 of 6)");
    const again = await importOf(folder, [heading, lineOf(one), lineOf(there)]);
    expect(again).toMatchObject({
      code: 0,
      stdout: "0 registered, 2 already registered, 0 refused.\n",
    });

    await using served =
      state === "running" ? null : await startServer({ folder: folder.path, port: server.port });
    expect(served === null || served.isRunning).toBe(true);
    using device = await RawDevice.open(server.port);
    for (const identity of [one, two, there]) {
      expect(await device.code(login(identity))).toBe("70");
    }
  });
});

test("a trial tells exactly what an import does, changes nothing, and needs no database", async () => {
  using folder = new TemporaryFolder();
  const rows = (numbers: readonly number[]) =>
    numbers.map((i) => `d${i};pw;aa:bb:cc:dd:ee:0${i};10.0.0.${i};9;Room ${i}`).join("\r\n");
  const trial = async (...args: string[]) => {
    const ended = await run(serverBinary, ["import", "d.csv", ...args], folder.path);
    const refused = ended.stderr.split("\n").filter((line) => line.startsWith("d.csv:"));
    return { said: ended.stdout.trim(), refused, code: ended.code };
  };
  // As a spreadsheet writes it.
  const write = (text: string) => {
    const all = `\ufeffID;Password;MAC;IP;Port;Name\r\n${text}\r\n`;
    writeFileSync(folder.join("d.csv"), Buffer.from(all, "utf16le"));
  };
  write(rows([1, 2]));
  expect(await trial("--dry-run")).toEqual({
    said: "2 would be registered, 0 already registered, 0 refused. Nothing was changed.",
    refused: [],
    code: 0,
  });
  expect(readdirSync(folder.path)).toEqual(["d.csv"]);
  expect(await trial()).toMatchObject({ said: "2 registered, 0 already registered, 0 refused." });
  // The MAC of the line before, and the IP of a device that is there.
  const twins = [
    "d4;pw;aa-bb-cc-dd-ee-03;10.0.0.4;9;Attic",
    "d5;pw;aa:bb:cc:dd:ee:05;10.0.0.2;9;Attic",
  ];
  write([rows([1, 3]), ...twins].join("\r\n"));
  const refused = [
    "d.csv:4: d4: 13 the MAC belongs to another device",
    "d.csv:5: d5: 12 the IP belongs to another device",
  ];
  const foretold = {
    said: "1 would be registered, 1 already registered, 2 refused. Nothing was changed.",
    refused,
    code: 1,
  };
  const before = readFileSync(folder.join("iot_server.db"));
  expect(await trial("--dry-run")).toEqual(foretold);
  expect(readFileSync(folder.join("iot_server.db")).equals(before)).toBe(true);
  await using server = await startServer({ folder: folder.path });
  expect(await trial("--dry-run")).toEqual(foretold);
  const said = "1 registered, 1 already registered, 2 refused.";
  expect(await trial()).toEqual({ said, refused, code: 1 });
  const named = ["devices", "--select", "name=Room 3"];
  expect((await run(serverBinary, named, folder.path)).stdout).toContain("d3");
  expect(await server.stop()).toBe(0);
});

test("a missing file, a file without a heading, and a pipe", async () => {
  using folder = new TemporaryFolder();
  const missing = await run(serverBinary, ["import", "no.csv"], folder.path);
  expect(missing).toMatchObject({ code: 1, stdout: "" });
  expect(missing.stderr).toContain("There is no file no.csv.");
  const ended = await importOf(folder, ["device-1,open-sesame,m,10.0.0.1,9"]);
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  expect(ended.stderr).toContain("devices.csv has no column id, mac, ip, port, password or hash.");
  // Neither of them created a database.
  expect(folder.names()).toEqual(["devices.csv"]);
  const identity = newIdentity();
  const stdin = new Blob([`${heading}\n${lineOf(identity)}\n`]);
  const piped = await run("sh", ["-c", `cat | ${serverBinary} import /dev/stdin`], folder.path, {
    stdin,
  });
  expect(piped).toMatchObject({
    code: 0,
    stdout: "1 registered, 0 already registered, 0 refused.\n",
  });
});

describe("an export", () => {
  /** A running server whose database has reports of many kinds of text. */
  async function newServed(folder: TemporaryFolder) {
    const server = await startServer({ folder: folder.path });
    using device = await RawDevice.open(server.port);
    const identity = newIdentity();
    expect(await device.code(register(identity))).toBe("00");
    expect(await device.code(login(identity))).toBe("70");
    const messages = [
      "21.5",
      "a,b",
      'say "hi"',
      "ends in blanks  ",
      " é 日本 😀",
      "-4.5",
      "x=1 y=2",
      "",
    ];
    for (const message of messages) expect(await device.code(data(identity, message))).toBe("50");
    return { server, identity, messages };
  }

  function stored(folder: TemporaryFolder) {
    const database = new Database(folder.join("iot_server.db"), { readonly: true });
    const sql =
      "SELECT sequence, device, time, received, coalesce(at, received) AS at, code, message FROM data ORDER BY sequence";
    const rows = database.query<Record<string, string | number>, []>(sql).all();
    database.close();
    for (const row of rows) {
      for (const name of ["received", "at"]) row[name] = new Date(Number(row[name])).toISOString();
    }
    return rows;
  }

  test("of reports has every row as it is stored, in both formats", async () => {
    using folder = new TemporaryFolder();
    const { server, messages } = await newServed(folder);
    await using running = server;
    expect(running.isRunning).toBe(true);
    const lines = await run(serverBinary, ["export", "reports", "--format", "ndjson"], folder.path);
    expect(lines).toMatchObject({ code: 0, stderr: "" });
    const rows = lines.stdout.trimEnd().split("\n");
    expect(rows.map((row) => JSON.parse(row) as unknown)).toEqual(stored(folder));
    expect(rows.map((row) => (JSON.parse(row) as { message: string }).message)).toEqual(messages);

    const csv = await run(serverBinary, ["export", "reports"], folder.path);
    const table = csv.stdout.split("\r\n");
    expect(table[0]).toBe("sequence,device,time,received,code,message,at");
    expect(table.at(-1)).toBe("");
    const fields = messages.map((message) =>
      /[",]/.test(message) ? `"${message.replaceAll('"', '""')}"` : message,
    );
    expect(table.slice(1, -1).map((row) => /,01,(.*),20[^,]+Z$/.exec(row)?.[1])).toEqual(fields);
  });

  test("of devices has none of their passwords", async () => {
    using folder = new TemporaryFolder();
    const { server, identity } = await newServed(folder);
    await using running = server;
    expect(running.isRunning).toBe(true);
    const csv = await run(serverBinary, ["export", "devices"], folder.path);
    const { id, mac, ip, port, password } = identity;
    expect(csv.stdout).toMatch(
      new RegExp(`^id,mac,ip,port,registered\r\n${id},${mac},${ip},${port},20\\d\\d-.*Z\r\n$`),
    );
    const lines = await run(serverBinary, ["export", "--format", "ndjson"], folder.path);
    expect(JSON.parse(lines.stdout)).toMatchObject({ id, mac, ip, port });
    expect(csv.stdout + lines.stdout).not.toContain(password);
    expect(csv.stdout + lines.stdout).not.toContain("argon2");
  });

  test("of a database that is not there writes nothing, not even a heading", async () => {
    using folder = new TemporaryFolder();
    for (const what of ["devices", "reports"]) {
      const ended = await run(serverBinary, ["export", what], folder.path);
      expect(ended.stderr).toContain("There is no database");
      expect(ended.code).not.toBe(0);
      expect(ended.stdout).toBe("");
    }
  });

  test("into a pipe that is closed early ends quietly", async () => {
    using folder = new TemporaryFolder();
    const { server } = await newServed(folder);
    await using running = server;
    expect(running.isRunning).toBe(true);
    const database = new Database(folder.join("iot_server.db"));
    database.run(
      `INSERT INTO data (sequence, device, time, received, code, message, key)
       WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
         SELECT i, 'device-x', 't', 0, '01', 'm', i FROM n`,
    );
    database.close();
    for (const what of [
      "export reports",
      "reports device-x --last 40000",
      "reports device-x --last 40000 --json",
    ]) {
      const ended = await run("sh", ["-c", `${serverBinary} ${what} | head -2`], folder.path);
      expect(ended).toMatchObject({ code: 0, stderr: "" });
      expect(ended.stdout.trimEnd().split("\n")).toHaveLength(2);
    }
  });
});

test("an import for which there is no room says so in two lines, and what it has registered", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  expect(await server.stop()).toBe(0);
  const devices = Array.from({ length: 200 }, () => lineOf(newIdentity()));
  writeFileSync(folder.join("devices.csv"), [heading, ...devices].join("\n"));
  // Files may have 128 KiB: enough for the database, not for its log.
  const runBy = ["sh", "-c", `trap '' XFSZ; ulimit -f 256; exec "$@"`, "sh"];
  const ended = await run(serverBinary, ["import", "devices.csv"], folder.path, { runBy });
  expect(ended.code).toBe(1);
  expect(ended.stdout).toMatch(/^\d+ registered, 0 already registered, 0 refused\.\n$/);
  expect(ended.stderr).toMatch(/(^|\n)error: iot_server\.db cannot be .*\n {2}M.*\n$/);
});
