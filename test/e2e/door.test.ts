// The door with the compiled programs: who waits is shown and approved, windows and tokens let devices in, through a running server
// and on the database of a stopped one; and the client waits, text and sealed, until it is approved.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { ClientProcess } from "./client-process.ts";
import { login, newIdentity, register } from "./datagrams.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { clientBinary, freePort, run, serverBinary, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

/** A free device's answer with its reason. */
async function answer(device: RawDevice, datagram: string): Promise<string> {
  device.send(datagram);
  const [, code, , , , reason = ""] = (await device.next()).split("\t");
  return `${code} ${reason}`.trimEnd();
}

describe.each(["running", "stopped"])("commands beside a %s server", (state) => {
  test("approve, reject, open and close the door, make and revoke tokens", async () => {
    using folder = new TemporaryFolder();
    const iot = (...args: string[]) => run(serverBinary, args, folder.path);
    const port = await freePort();
    const args = ["--join", "approve"];
    const serve = () => startServer({ folder: folder.path, args, port });
    let server = await serve();
    /** Runs commands while the server is in the state of the test. */
    const meanwhile = async (commands: () => Promise<void>) => {
      if (state === "stopped") expect(await server.stop()).toBe(0);
      await commands();
      if (state === "stopped") server = await serve();
    };
    try {
      using device = await RawDevice.open(port);
      const [one, two] = [newIdentity({ id: "th-1" }), newIdentity({ id: "th-2" })];
      const [three, four] = [newIdentity(), newIdentity()];
      for (const identity of [one, two]) {
        expect(await answer(device, register(identity))).toBe("93 waiting for approval");
      }
      await meanwhile(async () => {
        const listed = (await iot("devices", "--pending", "--json")).stdout.trim().split("\n");
        expect(listed.map((line) => JSON.parse(line) as object)).toMatchObject([
          { id: one.id, mac: one.mac, source: "127.0.0.1", state: "waiting", fingerprint: null },
          { id: two.id },
        ]);
        expect((await iot("join")).stdout).toContain("2 devices wait for approval");
        const unsure = await iot("devices", "approve", "--all");
        expect(unsure).toMatchObject({ code: 1, stdout: "" });
        expect(unsure.stderr).toContain("This concerns 2 devices");
        const judged = await iot("devices", "approve", one.id, "nobody", "--label", "area=Kitchen");
        expect(judged.code).toBe(1);
        expect(judged.stdout).toStartWith(`${one.id}: approved`);
        expect(judged.stderr).toStartWith("nobody: does not wait");
        const rest = await iot("devices", "reject", "--all", "--yes", "--json");
        expect(rest.stdout).toBe(`{"id":"${two.id}","result":"rejected"}\n`);
      });
      expect(await answer(device, register(one))).toBe("00");
      expect(await answer(device, login(one))).toBe("70");
      expect(await answer(device, register(two))).toBe("31");
      let token = "";
      await meanwhile(async () => {
        const labelled = (await iot("devices", "--select", "area=Kitchen", "--json")).stdout;
        expect(labelled).toContain(`"id":"${one.id}"`);
        const opened = await iot("join", "open", "--for", "10m", "--label", "area=Hall");
        expect(opened.stdout).toStartWith("All devices may register for 10 min, with area=Hall.");
        const made = await iot("join", "token", "--text", "--note", "cellar", "--uses", "3");
        const lines = made.stdout.split("\n");
        token = lines[0] as string;
        expect(token).toMatch(/^join-[0-9a-hjkmnp-tv-z]{26}$/);
        expect(lines[2]).toMatch(
          new RegExp(`^ {2}IOT_JOIN=${token} iot-client run --id NAME --server \\S+ --server-key`),
        );
        expect(made.stderr).toBe("");
      });
      expect(await answer(device, register(three))).toBe("00");
      await meanwhile(async () => {
        expect((await iot("join", "status", "--json")).stdout).toMatch(/"window":\{"secondsLeft":/);
        expect((await iot("join", "close")).stdout).toContain("window   closed");
      });
      expect(await answer(device, register({ ...four, password: `${token}.own` }))).toBe("00");
      await meanwhile(async () => {
        const tokens = (await iot("join", "tokens")).stdout;
        expect(tokens).toMatch(/^1 +valid +1 of 3 .*all ids; also in text +cellar$/m);
        expect((await iot("join", "revoke", "1")).stdout).toStartWith("Token 1 is revoked");
        expect((await iot("join", "revoke", "9")).code).toBe(1);
      });
      const late = newIdentity();
      expect(await answer(device, register({ ...late, password: `${token}.own` }))).toBe("31");
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });
});

test.each(["sealed", "text"])(
  "the agent waits until it is approved, and runs, %s",
  async (kind) => {
    using folder = new TemporaryFolder();
    await using server = await startServer({ folder: folder.path, args: ["--join", "approve"] });
    const at = `127.0.0.1:${server.port}`;
    const more = kind === "text" ? ["--text"] : [];
    const args = [
      "run",
      "--id",
      "pi1",
      "--server",
      at,
      "--port",
      String(await freePort()),
      ...more,
    ];
    await using agent = new ClientProcess(folder.path, args, { IOT_PASSWORD: "secret" });
    await agent.says("waiting for approval");
    const pending = await run(serverBinary, ["devices", "--pending"], folder.path);
    expect(pending.stdout).toMatch(kind === "text" ? /waiting +text$/m : /waiting +SHA256:\S+$/m);
    expect(pending.stdout).toContain("To let one in: iot-server devices approve pi1\n");
    const judged = await run(serverBinary, ["devices", "approve", "pi1"], folder.path);
    expect(judged.code).toBe(0);
    await agent.says("70 logged in");
    expect(await agent.stop()).toBe(0);
  },
);

test.each(["sealed", "text"])(
  "a token lets an agent in, which then needs none, %s",
  async (kind) => {
    using folder = new TemporaryFolder();
    await using server = await startServer({ folder: folder.path, args: ["--join", "closed"] });
    const text = kind === "text" ? ["--text"] : [];
    const made = await run(serverBinary, ["join", "token", ...text, "--json"], folder.path);
    const { token } = JSON.parse(made.stdout) as { token: string };
    const port = String(await freePort());
    const at = ["--id", "pi1", "--server", `127.0.0.1:${server.port}`, "--port", port, ...text];
    const first = await run(clientBinary, ["register", ...at], folder.path, {
      env: { IOT_JOIN: token },
    });
    expect([first.code, first.stdout]).toEqual([0, "00 registered\n"]);
    await using agent = new ClientProcess(folder.path, ["run", ...at]);
    await agent.says("70 logged in");
    expect(await agent.stop()).toBe(0);
    const again = [...at.map((arg) => (arg === "pi1" ? "pi2" : arg)), "--join", token];
    const second = await run(clientBinary, ["register", ...again], folder.path);
    expect(second.code).toBe(1);
    await until("the line in error.log", () =>
      folder.text("log/error.log").includes("join token 1 is used up"),
    );
  },
);

test("without a database no door is made for the commands", async () => {
  using folder = new TemporaryFolder();
  const ended = await run(serverBinary, ["join", "open"], folder.path);
  expect(ended.code).not.toBe(0);
  expect(ended.stderr).toContain("iot_server.db");
  expect(folder.files()).toEqual([]);
});
