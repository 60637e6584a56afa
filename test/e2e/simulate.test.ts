// iot-client simulate with the compiled programs: a fleet joins, reports and is asked, sealed and in text; --clean removes it.

import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { ClientProcess } from "./client-process.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { clientBinary, run, serverBinary, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

const env = { IOT_PASSWORD: "correct-horse" };

/** How many rows a table has. */
function countIn(folder: TemporaryFolder, table: "data" | "registrar"): number {
  using database = new Database(folder.join("iot_server.db"), { readonly: true });
  const row = database.query<{ count: number }, []>(`SELECT count(*) AS count FROM ${table}`).get();
  return row?.count ?? 0;
}

test.each(["sealed", "text"])(
  "a fleet, %s, on a server that gives an IP to one device only",
  async (kind) => {
    using folder = new TemporaryFolder();
    await using server = await startServer({ folder: folder.path, args: ["--no-http"] });
    const at = ["--devices", "24", "--server", `127.0.0.1:${server.port}`];
    if (kind === "text") at.push("--text");
    const args = ["simulate", ...at, "--every", "500ms", "--loss", "2%"];
    // Without a password it makes one, and knows it again.
    const given = kind === "text" ? env : {};
    await using fleet = new ClientProcess(folder.path, args, given);
    await until("all devices", () => fleet.stdout.includes("devices 24/24"));
    await until("their reports", () => countIn(folder, "data") > 100);
    expect(countIn(folder, "registrar")).toBe(24);
    // One of the first is steady, so it hears at once.
    const answers = ["sim-00001", "sim-00002"].map((id) =>
      run(serverBinary, ["query", id], folder.path),
    );
    const texts = (await Promise.all(answers)).map(({ stdout }) => stdout);
    expect(texts.join("")).toMatch(/temp=\d+\.\d°C hum=\d+%/);
    const label = ["label", "--select", "id=sim-*", "sim=true", "--yes"];
    expect((await run(serverBinary, label, folder.path)).stdout).toContain("24 labelled");
    expect(await fleet.stop("SIGTERM")).toBe(0);
    expect(fleet.stdout).toMatch(
      /\n24 of 24 devices joined, 0 refused: \d+ sent, \d+ acked, \d+ lost\.\n$/,
    );

    const removal = ["simulate", ...at, "--clean"];
    const clean = await run(clientBinary, removal, folder.path, { env: given });
    expect(clean.code).toBe(0);
    expect(clean.stdout).toContain("24 of 24 devices removed, 0 refused");
    expect(countIn(folder, "registrar")).toBe(0);
  },
);

test.each(["sealed", "text"])("a fleet, %s, carries out a command for all of it", async (kind) => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path, args: ["--no-http"] });
  const args = ["simulate", "--devices", "100", "--server", `127.0.0.1:${server.port}`];
  if (kind === "text") args.push("--text");
  await using fleet = new ClientProcess(folder.path, [...args, "--every", "500ms"], env);
  await until("all devices", () => fleet.stdout.includes("devices 100/100"));
  const iot = (...more: string[]) => run(serverBinary, more, folder.path);
  const bulk = await iot("command", "--select", "id=sim-*", "--yes", "set", "relay=on");
  expect(bulk).toMatchObject({ code: 0, stderr: "" });
  const rows = async () => {
    const lines = (await iot("commands", "--all", "--json")).stdout.trimEnd().split("\n");
    return lines.map((line) => JSON.parse(line) as { state: string; result: string });
  };
  // In text a device that is idle hears of its command with its next report.
  const areDone = async () => (await rows()).every(({ state }) => state === "done");
  await until("all commands to end", areDone, 60_000);
  expect((await rows()).map(({ result }) => result)).toEqual(Array(100).fill("relay on"));
  expect(await fleet.stop("SIGTERM")).toBe(0);
  expect(fleet.stdout).toContain("100 commands carried out.");
});

test("a server on another machine needs --yes", async () => {
  using folder = new TemporaryFolder();
  const args = ["simulate", "--devices", "5", "--server", "192.0.2.1:9000"];
  const { code, stderr } = await run(clientBinary, args, folder.path, { env });
  expect(code).toBe(2);
  expect(stderr).toBe(
    "error: 192.0.2.1 is not this machine. 5 devices would register there, stay until --clean, and load it all the time.\n" +
      "  If that server is yours to load, add --yes.\n",
  );
});
