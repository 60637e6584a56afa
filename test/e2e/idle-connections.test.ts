// One peer opens far more TCP connections than the server keeps, and never finishes a request: devices are served, the
// dashboard is there for another peer, and the port is never given up.

import { expect, setDefaultTimeout, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { login, newIdentity, register, status } from "./datagrams.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

const crowd = 2_000;
/** Half of a request whose body never comes, and half of a head. */
const beginnings = [
  "POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{",
  "GET /healthz HTTP/1.1\r\nHost: 127",
];

test(
  "unfinished connections are bounded, and devices and another peer are served meanwhile",
  async () => {
    using folder = new TemporaryFolder();
    await using server = await startServer({ folder: folder.path, args: ["--shared-ip"] });
    using device = await RawDevice.open(server.port);
    const identity = newIdentity();
    expect(await device.code(register(identity))).toBe("00");
    expect(await device.code(login(identity))).toBe("70");

    let closed = 0;
    const sockets = Array.from({ length: crowd }, (_, i) =>
      unfinished(server.port, beginnings[i % 2] as string, () => closed++),
    );
    for (let round = 0; round < 20; round++) {
      expect(await healthFrom("127.0.0.2", server.port)).toContain("200 OK");
      expect(portIsTaken(server.port)).toBe(true);
      expect(await device.code(status(identity))).toBe("40");
    }
    await until("the rest is closed", () => closed >= crowd - 512);
    await until("the line in error.log", () =>
      folder.text("log/error.log").includes("to the dashboard are open"),
    );
    // Words for an operator, and no trace.
    expect(folder.text("log/error.log")).toMatch(
      /More than 512 .* of one peer; .* closed\. See whose they are: ss -tn 'sport = :\d+'\.\n/,
    );
    for (const socket of sockets) socket.destroy();
    expect(await healthFrom("127.0.0.1", server.port)).toContain("200 OK");
  },
  testTimeoutMs,
);

function unfinished(port: number, beginning: string, onClose: () => void): Socket {
  const socket = connect(port, "127.0.0.1", () => socket.write(beginning));
  // A reset is one way to be closed.
  socket.on("error", () => {});
  socket.on("close", onClose);
  socket.resume();
  return socket;
}

/** The answer to a request for /healthz on a connection of its own; what came of it if it was closed. */
function healthFrom(localAddress: string, port: number): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = "";
  const socket = connect({ port, host: "127.0.0.1", localAddress }, () =>
    socket.write("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"),
  );
  socket.on("data", (bytes) => (text += bytes.toString()));
  socket.on("error", () => {});
  socket.on("close", () => resolve(text));
  return promise;
}

function portIsTaken(port: number): boolean {
  try {
    Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } }).stop();
    return false;
  } catch {
    return true;
  }
}
