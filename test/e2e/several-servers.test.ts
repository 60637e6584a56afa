// The compiled client with two compiled servers of one identity key, each with a database of its own: one is killed, and
// the client goes on with the other.

import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, writeFileSync } from "node:fs";
import { ClientProcess } from "./client-process.ts";
import { pause, testTimeoutMs, until } from "./polling.ts";
import { clientBinary, freePort, run, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

const env = { IOT_PASSWORD: "password" };
const known = ".local/state/iot-client/known_servers";
/** Longer than a silent server is waited for. */
const moveMs = 40_000;

/** Two servers, one folder each. */
async function pair(isOneKey = true) {
  const [first, second, own] = [
    new TemporaryFolder(),
    new TemporaryFolder(),
    new TemporaryFolder(),
  ];
  const a = await startServer({ folder: first.path });
  if (isOneKey) copyFileSync(first.join("identity.key"), second.join("identity.key"));
  const b = await startServer({ folder: second.path });
  const names = [`127.0.0.1:${a.port}`, `localhost:${b.port}`] as const;
  return {
    folders: [first, second] as const,
    own,
    servers: [a, b] as const,
    names,
    where: ["--id", "asmith", "--mac", "02:00:00:00:00:01", "--server", names.join()],
    fingerprint: (/SHA256:\S{43}/.exec(a.stdout) as unknown as [string])[0],
    async [Symbol.asyncDispose]() {
      await a[Symbol.asyncDispose]();
      await b[Symbol.asyncDispose]();
      for (const folder of [first, second, own]) folder[Symbol.dispose]();
    },
  };
}

/** The numbers of the stored reports, in order. */
function storedIn(folder: TemporaryFolder): number[] {
  const database = new Database(folder.join("iot_server.db"), { readonly: true });
  try {
    const rows = database
      .query<{ message: string }, []>("SELECT message FROM data ORDER BY sequence")
      .all();
    return rows.map(({ message }) => Number(message.replace("line ", "")));
  } finally {
    database.close();
  }
}

test.each(["sealed", "text"])(
  "the first server is killed while the agent reports: it goes on with the second, %s",
  async (kind) => {
    await using plant = await pair();
    const { servers, folders, names, where, own } = plant;
    const args = [...where, "--port", String(await freePort()), "--heartbeat", "5s"];
    if (kind === "text") args.push("--text");
    await using agent = new ClientProcess(own.path, ["run", ...args], env);
    await agent.says("70 logged in");
    for (let line = 1; line <= 30; line++) {
      agent.line(`line ${line}`);
      if (line === 20) await servers[0].stop("SIGKILL");
      await pause(10);
    }
    await agent.says(`no answer from ${names[0]}; trying ${names[1]}`, moveMs);
    await until("the last line at the second server", () => storedIn(folders[1]).includes(30));
    const [one, two] = [storedIn(folders[0]), storedIn(folders[1])];
    const last = one.at(-1) as number;
    expect(one).toEqual(upTo(last, 1));
    // What the first one had stored and not acknowledged is a report of the second, too: here they share no store.
    expect(two).toEqual(upTo(30, two[0] as number));
    expect(two[0]).toBeLessThanOrEqual(last + 1);
    if (kind === "sealed") {
      const pins = own.text(known).trim().split("\n");
      expect(pins.map((pin) => pin.split(" ")[0])).toEqual([...names]);
      expect(new Set(pins.map((pin) => pin.split(" ")[1])).size).toBe(1);
    }
    expect(await agent.stop()).toBe(0);
  },
);

function upTo(last: number, first: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

test("the agent stays with the second server when the first one is back, until the second is silent", async () => {
  await using plant = await pair();
  const { servers, folders, names, where, own } = plant;
  const args = [...where, "--port", String(await freePort()), "--heartbeat", "5s"];
  await using agent = new ClientProcess(own.path, ["run", ...args], env);
  await agent.says("70 logged in");
  servers[0].signal("SIGSTOP");
  agent.line("line 1");
  await until("line 1 at the second server", () => storedIn(folders[1]).includes(1), moveMs);
  servers[0].signal("SIGCONT");
  agent.line("line 2");
  await until("line 2 at the second server", () => storedIn(folders[1]).includes(2));
  servers[1].signal("SIGSTOP");
  agent.line("line 3");
  await until("line 3 at the first server", () => storedIn(folders[0]).includes(3), moveMs);
  expect(agent.stderr.match(/no answer from .* trying .*/g)).toEqual([
    `no answer from ${names[0]}; trying ${names[1]}`,
    `no answer from ${names[1]}; trying ${names[0]}`,
  ]);
  expect(await agent.stop()).toBe(0);
});

test("a command asks the second server within its time, sealed", async () => {
  await using plant = await pair();
  const { servers, own, names, where, fingerprint } = plant;
  const args = [...where, "--server-key", fingerprint];
  servers[0].signal("SIGSTOP");
  const registered = await run(clientBinary, ["register", ...args], own.path, { env });
  expect(registered).toMatchObject({ code: 0, stdout: "00 registered\n" });
  expect(registered.stderr).toContain(`no answer from ${names[0]}; trying ${names[1]}`);
});

test("a server that shows a wrong key ends the client: with --server-key, and with a pinned one", async () => {
  await using plant = await pair(false);
  const { servers, own, names, where, fingerprint } = plant;
  const command = (name: string, ...args: string[]) =>
    run(clientBinary, [name, ...args], own.path, { env });
  expect(await command("register", ...where)).toMatchObject({ code: 0 });
  await servers[0].stop("SIGKILL");
  const given = await command("login", ...where, "--server-key", fingerprint);
  expect(given).toMatchObject({ code: 4, stdout: "" });
  expect(given.stderr).toContain(`The key of ${names[1]} is not the one given.`);
  expect(own.text(known).split("\n")).toHaveLength(2);
  // The second server has its own key: pinned for it, it is taken; but not where one key is given for all.
  expect(await command("trust", names[1])).toMatchObject({ code: 0 });
  const pinned = await command("login", ...where, "--server-key", fingerprint);
  expect(pinned).toMatchObject({ code: 4, stdout: "" });
  expect(pinned.stderr).toContain(`The key pinned for ${names[1]} is not the one given.`);
  const taken = await command("register", ...where);
  expect(taken).toMatchObject({ code: 0, stdout: "00 registered\n" });
});

test("a first server with another key than the pinned one is not passed over for the second", async () => {
  await using plant = await pair(false);
  const { own, names, where } = plant;
  for (const name of names) {
    expect(await run(clientBinary, ["trust", name], own.path)).toMatchObject({ code: 0 });
  }
  // Each is pinned with the key of the other.
  const [one, two] = names as [string, string];
  const swapped = own.text(known).replace(/^\S+/gm, (name) => (name === one ? two : one));
  writeFileSync(own.join(known), swapped);
  const changed = await run(clientBinary, ["register", ...where], own.path, { env });
  expect(changed).toMatchObject({ code: 4, stdout: "" });
  expect(changed.stderr).toContain(`The key of ${one} has changed.`);
  expect(changed.stderr).not.toContain("trying");
});
