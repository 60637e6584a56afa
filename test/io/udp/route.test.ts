// The route to a peer: the own address, the interface's MAC, and names that do not resolve.

import { expect, setDefaultTimeout, test } from "bun:test";
import { addressOf, macOf, ownIpTowards } from "../../../lib/io/udp/route.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

test("the own address on the route to loopback is loopback", async () => {
  expect(await ownIpTowards("127.0.0.1")).toBe("127.0.0.1");
});

test("an IP literal is its own address", async () => {
  expect(await addressOf("::1")).toBe("::1");
});

test("a name that does not resolve is an operating error", async () => {
  const error = await addressOf(`${"x".repeat(70)}.invalid`).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "unknown-host", exit: 3 });
});

test("there is always a MAC to suggest", () => {
  expect(macOf("127.0.0.1")).toMatch(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
});
