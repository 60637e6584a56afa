// A client opens more TCP connections than the server keeps, and sends nothing: devices are served without restriction,
// and the dashboard is available again when the connections are gone.

import { expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { login, newIdentity, register, status } from "./datagrams.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

const idle = 700;

test(
  "idle connections are bounded, and devices are served meanwhile",
  async () => {
    using folder = new TemporaryFolder();
    await using server = await startServer({ folder: folder.path, args: ["--shared-ip"] });
    using device = await RawDevice.open(server.port);
    const identity = newIdentity();
    expect(await device.code(register(identity))).toBe("00");
    expect(await device.code(login(identity))).toBe("70");
    const health = () =>
      fetch(`http://127.0.0.1:${server.port}/healthz`, { keepalive: false }).then(
        (response) => response.status,
        () => "refused",
      );
    expect(await health()).toBe(200);

    const sockets = Array.from({ length: idle }, () => silentConnection(server.port));
    await until("no new connections", async () => (await health()) === "refused");
    for (let beat = 0; beat < 20; beat++) {
      expect(await device.code(status(identity))).toBe("40");
    }
    await until("the line in error.log", () =>
      folder.text("log/error.log").includes("connections are open"),
    );

    for (const socket of sockets) socket.destroy();
    await until("the dashboard again", async () => (await health()) === 200);
    expect(await device.code(status(identity))).toBe("40");
  },
  testTimeoutMs,
);

function silentConnection(port: number): Socket {
  const socket = connect(port, "127.0.0.1");
  // A refused or reset connection is expected.
  socket.on("error", () => {});
  return socket;
}
