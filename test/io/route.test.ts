// The route to a peer: the own address, the interface's MAC, and names that do not resolve.

import { expect, test } from "bun:test";
import { HostNames, macOf, ownIpTowards } from "../../lib/io/route.ts";

test("the own address on the route to loopback is loopback", async () => {
  expect(await ownIpTowards("127.0.0.1")).toBe("127.0.0.1");
});

test("an IP literal is its own address", async () => {
  expect(await new HostNames().addressOf("::1", 0)).toBe("::1");
});

test("a name that does not resolve is an operating error", async () => {
  const found = new HostNames().addressOf(`${"x".repeat(70)}.invalid`, Infinity);
  const error = await found.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "unknown-host", exit: 3 });
});

test("a look-up that nobody answers is given up, and is known to go on", async () => {
  const names = new HostNames(() => new Promise(() => {}));
  const error = await names.addressOf("device.example", 1).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: "unknown-host",
    exit: 3,
    message: "No address is known for device.example: no name server answers.",
  });
  expect(names.pending).toBe(1);
});

test("a look-up that has ended keeps nothing", async () => {
  const names = new HostNames(() => Promise.resolve({ address: "192.0.2.1", family: 4 }));
  expect(await names.addressOf("device.example", Infinity)).toBe("192.0.2.1");
  await new Promise(setImmediate);
  expect(names.pending).toBe(0);
});

test("there is always a MAC to suggest", () => {
  expect(macOf("127.0.0.1")).toMatch(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
});
