// Alerts about devices that wait to be let in, with the compiled server: a rule finds who waits already, a kill -9 neither forgets nor
// repeats, and what was judged while no server ran is known after the start.

import { expect, setDefaultTimeout, test } from "bun:test";
import { AlertReceiver } from "./alert-receiver.ts";
import { newIdentity, register } from "./datagrams.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { freePort, run, serverBinary, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

test("who waits before the rule, over a kill -9, and is judged while no server runs", async () => {
  using folder = new TemporaryFolder();
  using receiver = new AlertReceiver();
  const port = await freePort();
  const serve = () => startServer({ folder: folder.path, port, args: ["--join", "approve"] });
  const iot = async (...args: string[]) => {
    const ended = await run(serverBinary, args, folder.path);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    return ended.stdout;
  };
  /** Waits until alerts fire for these and no others: messages are at least 30 s apart. */
  const untilFiring = (...ids: string[]) =>
    until(`alerts of ${ids.join()}`, async () => {
      const rows = (await iot("alert", "list", "--json")).split("\n").filter((line) => line !== "");
      const open = rows.map((line) => JSON.parse(line) as { device: string; state: string });
      return open.every(({ state }) => state === "firing") && sorted(open) === ids.join();
    });
  const [one, two] = [newIdentity({ id: "th-1" }), newIdentity({ id: "th-2" })];
  using device = await RawDevice.open(port);
  {
    await using server = await serve();
    for (const identity of [one, two]) expect(await device.code(register(identity))).toBe("93");
    await iot("alert", "to", "hook", receiver.url, "--format", "text");
    await iot("alert", "add", "door", "device waits");
    await until("the message", () => receiver.texts.length > 0);
    expect(receiver.texts).toEqual(["2 devices wait to be let in: th-1, th-2"]);
    await iot("devices", "reject", "th-1");
    await untilFiring("th-2");
    await server.stop("SIGKILL");
  }
  await iot("devices", "approve", "th-2");
  await using server = await serve();
  await untilFiring();
  const three = newIdentity({ id: "th-3" });
  expect(await device.code(register(three))).toBe("93");
  await untilFiring("th-3");
  expect(await device.code(register(two))).toBe("00");
  expect(receiver.texts.filter((text) => text.includes("2 devices wait"))).toHaveLength(1);
  expect(await server.stop()).toBe(0);
});

function sorted(alerts: readonly { readonly device: string }[]): string {
  return alerts
    .map(({ device }) => device)
    .toSorted()
    .join();
}
