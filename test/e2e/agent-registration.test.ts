// The compiled agent whose address the server knows as another device's: registered before, it goes on; new, it ends.

import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { ClientProcess } from "./client-process.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { clientBinary, freePort, run, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

const env = { IOT_PASSWORD: "password" };

test.each(["sealed", "text"])(
  "two devices whose addresses were swapped go on, a new one ends, %s",
  async (kind) => {
    using folder = new TemporaryFolder();
    await using server = await startServer({ folder: folder.path });
    const facts = (id: string, ip: string) => [
      "--id",
      id,
      "--server",
      `127.0.0.1:${server.port}`,
      "--mac",
      `mac-of-${id}`,
      "--ip",
      ip,
      ...(kind === "text" ? ["--text"] : []),
    ];
    for (const [id, ip] of [
      ["a", "192.0.2.1"],
      ["b", "192.0.2.2"],
    ] as const) {
      const registered = await run(clientBinary, ["register", ...facts(id, ip)], folder.path, {
        env,
      });
      expect(registered.stdout).toBe("00 registered\n");
    }
    const agent = async (id: string, ip: string) =>
      new ClientProcess(
        folder.path,
        ["run", ...facts(id, ip), "--port", String(await freePort())],
        env,
      );
    for (const [id, ip] of [
      ["a", "192.0.2.2"],
      ["b", "192.0.2.1"],
    ] as const) {
      await using device = await agent(id, ip);
      await device.says("70 logged in");
      expect(device.stdout).toContain("not registered anew: 12 the IP belongs to another device");
      device.line("21 degrees");
      await until("the report on the disk", () => senders(folder).includes(id));
      expect(await device.stop()).toBe(0);
    }
    await using stranger = await agent("c", "192.0.2.1");
    expect(await stranger.ended()).toBe(1);
    expect(stranger.stdout).toContain("REGISTER refused: 12 the IP belongs to another device");
    expect(stranger.stderr).toContain("State another IP");
    expect(await server.stop()).toBe(0);
  },
);

/** The devices whose reports are stored. */
function senders(folder: TemporaryFolder): string[] {
  const database = new Database(folder.join("iot_server.db"), { readonly: true });
  const rows = database.query<{ device: string }, []>("SELECT device FROM data").all();
  database.close();
  return rows.map(({ device }) => device);
}
