// A system without IPv6: the server listens on IPv4 and says so, the client reaches it. A preloaded library refuses
// IPv6 sockets as such a kernel does.

import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { testTimeoutMs } from "./polling.ts";
import { clientBinary, run, serverBinary, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

const source = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sys/socket.h>
int socket(int domain, int type, int protocol) {
  if (domain == AF_INET6) { errno = EAFNOSUPPORT; return -1; }
  return ((int (*)(int, int, int))dlsym(RTLD_NEXT, "socket"))(domain, type, protocol);
}`;

let library: TemporaryFolder;
let env: Record<string, string>;

beforeAll(() => {
  library = new TemporaryFolder();
  writeFileSync(library.join("no-ipv6.c"), source);
  env = { LD_PRELOAD: library.join("no-ipv6.so") };
  const { exitCode, stderr } = Bun.spawnSync([
    "gcc",
    "-shared",
    "-fPIC",
    "-o",
    env["LD_PRELOAD"] as string,
    library.join("no-ipv6.c"),
    "-ldl",
  ]);
  if (exitCode !== 0) throw new Error(`gcc: ${stderr.toString()}`);
});

test("server and client use IPv4, and the server says so", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path, env });
  expect(server.stdout).toContain("all addresses, IPv4 only: this system has no IPv6.");
  expect(server.stderr).toBe("");
  const args = ["register", "--id", "pi1", "--server", `127.0.0.1:${server.port}`];
  const ended = await run(clientBinary, args, folder.path, {
    env: { ...env, IOT_PASSWORD: "correct-horse" },
  });
  expect([ended.code, ended.stdout]).toEqual([0, "00 registered\n"]);
});

test("an IPv6 address that was asked for is refused in words", async () => {
  using folder = new TemporaryFolder();
  const { code, stderr } = await run(serverBinary, ["9000", "--host", "::1"], folder.path, { env });
  expect(code).toBe(1);
  expect(stderr).toBe(
    "error: ::1 cannot be opened: this system has no IPv6.\n" +
      "  Give --host an IPv4 address, or leave it out for all addresses.\n",
  );
});
