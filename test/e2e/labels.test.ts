// Labels with the compiled server: named and changed beside a running server and on the database of a stopped one, listed, and
// asked for on a terminal.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { newIdentity, register } from "./datagrams.ts";
import { testTimeoutMs } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { run, serverBinary, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";
import { TerminalProcess } from "./terminal-process.ts";

setDefaultTimeout(testTimeoutMs);

describe.each(["running", "stopped"])("on a %s server", (state) => {
  test("devices get names and rooms, are listed by them, and keep them", async () => {
    using folder = new TemporaryFolder();
    await using server = await startServer({ folder: folder.path });
    const [one, two] = [newIdentity(), newIdentity()];
    {
      using device = await RawDevice.open(server.port);
      for (const identity of [one, two]) expect(await device.code(register(identity))).toBe("00");
    }
    if (state === "stopped") expect(await server.stop()).toBe(0);
    const iot = (...args: string[]) => run(serverBinary, args, folder.path);

    expect(await iot("label", one.id, "name=Cold room", "area=Kitchen", "unit.temp=°C")).toEqual({
      code: 0,
      stdout: `${one.id}: area=Kitchen,name=Cold room,unit.temp=°C\n`,
      stderr: "",
    });
    const both = await iot("label", one.id, "nobody", two.id, "area=Cellar", "unit.temp-");
    expect(both).toMatchObject({
      code: 1,
      stderr: "nobody: is not registered; see iot-server devices\n",
    });
    expect(both.stdout).toEndWith("2 labelled, 0 unchanged, 1 refused.\n");
    const table = (await iot("devices")).stdout.split("\n");
    expect(table[0]).toMatch(/^DEVICE +NAME +MAC /);
    expect(table.find((line) => line.startsWith(one.id))).toContain("  Cold room  ");
    expect((await iot("devices", "--select", "area=Cellar,!name")).stdout).not.toContain(one.id);
    const selected = await iot("devices", "--select", "area=Cellar,name", "--json");
    expect(JSON.parse(selected.stdout)).toMatchObject({
      id: one.id,
      labels: { name: "Cold room", area: "Cellar" },
    });

    const unsure = await iot("label", "--select", "area=Cellar", "floor=-1");
    expect(unsure).toMatchObject({ code: 1, stdout: "" });
    expect(unsure.stderr).toContain("This concerns 2 devices");
    expect(unsure.stderr).toContain("--yes");
    expect(await iot("label", "--select", "area=Cellar", "floor=-1", "--yes")).toMatchObject({
      code: 0,
      stdout: "2 labelled, 0 unchanged, 0 refused.\n",
    });
    expect((await iot("label", "--select", "area=Attic", "x=1", "--yes")).stderr).toContain(
      "No device is meant by --select 'area=Attic'.",
    );
    {
      await using terminal = new TerminalProcess(
        serverBinary,
        ["label", "--select", "floor", "floor-"],
        folder.path,
      );
      await terminal.shows("Go on? [y/N]");
      terminal.type("y\r");
      expect(await terminal.ended()).toBe(0);
      expect(terminal.written).toContain("2 labelled, 0 unchanged, 0 refused.");
    }
    const words = await iot("label", one.id, "Room=1");
    expect(words.code).toBe(2);
    expect(words.stderr).toContain(`"Room=1" is wrong at position 1`);
  });
});
