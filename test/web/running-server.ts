// A whole server in this process, on ports chosen by the system, with a folder of its own; and a device that speaks
// text to it.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer } from "../../cmd/serve.ts";
import type { ServeConfig } from "../../lib/config/serve-config.ts";
import { readServerConfig } from "../../lib/config/server.ts";

export type Reply = { readonly status: number; readonly headers: Headers; readonly body: unknown };

/** Starts a server; dispose of it with `await using`. */
export async function runServer(flags: readonly string[] = []) {
  const folder = mkdtempSync(join(tmpdir(), "iot-web-"));
  const db = join(folder, "test.db");
  const args = ["9", "--db", db, "--log-dir", join(folder, "log"), ...flags];
  const config = readServerConfig(args, { IOT_HTTP: "127.0.0.1:0" }, 0) as ServeConfig;
  const server = await startServer({ ...config, host: "127.0.0.1", port: 0 }, "1.2.3");
  const url = server.url ?? "";
  const token = server.newToken ?? "";
  const login = { authorization: `Bearer ${token}` };

  return {
    server,
    url,
    token,
    db,
    folder,
    login,
    /** Requests a path; the body is parsed if it is JSON. */
    async ask(path: string, init: RequestInit = {}): Promise<Reply> {
      const response = await fetch(`${url}${path}`, { redirect: "manual", ...init });
      const text = await response.text();
      const type = response.headers.get("content-type") ?? "";
      const isJson = /[/+]json(;|$)/.test(type) && text !== "";
      const body: unknown = isJson ? JSON.parse(text) : text;
      return { status: response.status, headers: response.headers, body };
    },
    /** Requests a path with the admin token; returns the body. */
    read<Body>(path: string): Promise<Body> {
      return this.ask(path, { headers: login }).then(({ body }) => body as Body);
    },
    tokenFile: () => readFileSync(`${db}.token`, "utf8").trim(),
    async [Symbol.asyncDispose]() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type RunningTestServer = Awaited<ReturnType<typeof runServer>>;

/** A device on a socket of its own. */
export async function newDevice(server: RunningTestServer, id: string, number = 1) {
  const waiting: ((text: string) => void)[] = [];
  const early: string[] = [];
  const socket = await Bun.udpSocket({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(_socket, bytes) {
        const text = bytes.toString();
        const next = waiting.shift();
        if (next === undefined) early.push(text);
        else next(text);
      },
      error() {},
    },
  });
  const receive = () =>
    new Promise<string>((resolve) => {
      const text = early.shift();
      if (text === undefined) waiting.push(resolve);
      else resolve(text);
    });
  const send = (text: string) => void socket.send(text, server.server.port, "127.0.0.1");
  const exchange = async (...fields: string[]) => {
    send(fields.join("\t"));
    return (await receive()).split("\t")[1];
  };
  const mac = `aa:bb:cc:00:00:${number.toString(16).padStart(2, "0")}`;
  const ip = `10.0.0.${number}`;
  let reports = 0;
  return {
    id,
    receive,
    send,
    exchange,
    register: () => exchange("REGISTER", id, "secret", mac, ip, "2000"),
    login: () => exchange("LOGIN", id, "secret", "127.0.0.1", String(socket.port)),
    logoff: () => exchange("LOGOFF", id),
    beat: () => exchange("STATUS", "01", id, "2026-11-22:09:15:06", "8", "every=60"),
    report: (message: string) => {
      const time = `2026-11-22:09:15:06.${String(reports++).padStart(3, "0")}`;
      return exchange("DATA", "01", id, time, String(Buffer.byteLength(message)), message);
    },
    close: () => socket.close(),
  };
}
