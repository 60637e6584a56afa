// Other servers that take messages, if they are installed: how each is started on the server's core, loaded like ours,
// and what a power cut leaves of what it acknowledged. Compares nothing.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { adopt, BenchError, buildC } from "./children.ts";
import { type Load, type LoadResult, sessions, window as mostUnderWay } from "./load.ts";
import { linesOf } from "./lines.ts";
import { onCore } from "./machine.ts";
import { freePort } from "./server-process.ts";
import type { Contender } from "./turns.ts";

/** A way to run another server. */
export type Peer = {
  readonly name: string;
  readonly program: string;
  /** Debian's package. */
  readonly package: string;
  /** What the load generator speaks. */
  readonly protocol: "mqtt" | "nats" | "redis";
  /** What of the acknowledged messages is there after a power cut. */
  readonly survives: string;
  /** Arguments of the program. @param folder where it may write */
  words(port: number, folder: string): string[];
};

export const redis: Peer = {
  name: "Redis, appendfsync always",
  program: "redis-server",
  package: "redis-server",
  protocol: "redis",
  survives: "all that was acknowledged",
  words: (port, folder) =>
    `--port ${port} --bind 127.0.0.1 --dir ${folder} --appendonly yes --appendfsync always --auto-aof-rewrite-percentage 0`
      .split(" ")
      .concat("--save", ""),
};

/** All of them, in the order of the table. */
export const peers: readonly Peer[] = [
  redis,
  {
    name: "Mosquitto QoS 1, persistence off",
    program: "mosquitto",
    package: "mosquitto",
    protocol: "mqtt",
    survives: "nothing",
    words: (port, folder) => mosquitto(port, folder, ["persistence false"]),
  },
  {
    name: "Mosquitto QoS 1, saved at each change",
    program: "mosquitto",
    package: "mosquitto",
    protocol: "mqtt",
    survives: "the last of each device that was acknowledged before a save",
    words: (port, folder) =>
      mosquitto(port, folder, [
        "persistence true",
        `persistence_location ${folder}/`,
        "autosave_on_changes true",
        "autosave_interval 1",
      ]),
  },
  {
    name: "NATS JetStream, a file",
    program: "nats-server",
    package: "nats-server",
    protocol: "nats",
    survives: "what was acknowledged 2 minutes before, its sync interval",
    words: (port, folder) => {
      const lines = [
        `listen: "127.0.0.1:${port}"`,
        `jetstream: { store_dir: "${folder}" }`,
        // It would ask a connection that is idle between two loads.
        `ping_interval: "1h"`,
      ];
      return ["-c", written(join(folder, "nats.conf"), lines)];
    },
  },
];

/** A peer that runs. */
export type PeerProcess = { readonly contender: Contender; stop(): Promise<void> };

/**
 * Starts a peer on the server's core, and connects its load.
 * @returns null if it is not installed
 */
export async function startPeer(
  peer: Peer,
  folder: string,
  { devices = sessions, window = mostUnderWay }: Load = {},
): Promise<PeerProcess | null> {
  const program = Bun.which(peer.program, {
    PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin`,
  });
  if (program === null) return null;
  const port = await freePort();
  const command = onCore("server", [program, ...peer.words(port, folder)]);
  const log = join(folder, "peer.log");
  const output = Bun.file(log);
  const server = adopt(Bun.spawn(command, { cwd: folder, stdio: ["ignore", output, output] }));
  if (!(await isOpenSoon(port))) {
    throw new BenchError(`${peer.name} did not start: ${readFileSync(log, "utf8")}`);
  }
  if (peer.protocol === "nats") await createStream(port);
  const numbers = [port, window, devices].map(String);
  const load = adopt(
    Bun.spawn(onCore("load", [buildC("peer-load"), peer.protocol, ...numbers]), {
      stdio: ["pipe", "pipe", "inherit"],
    }),
  );
  const lines = linesOf(load.stdout);
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) throw new BenchError(`The load of ${peer.name} ended.`);
    return value;
  };
  await next();
  const contender: Contender = {
    name: peer.name,
    pid: server.pid,
    async load(seconds) {
      void load.stdin.write(`${seconds}\n`);
      await load.stdin.flush();
      const line = await next();
      const result = JSON.parse(line) as LoadResult;
      if (result.strange > 0 || result.lost > 0) throw new BenchError(`${peer.name}: ${line}`);
      return result;
    },
  };
  return {
    contender,
    async stop() {
      load.kill();
      server.kill("SIGKILL");
      await Promise.all([load.exited, server.exited]);
    },
  };
}

function mosquitto(port: number, folder: string, more: readonly string[]): string[] {
  const own = [`listener ${port} 127.0.0.1`, "allow_anonymous true", "user root", "log_type none"];
  return ["-c", written(join(folder, "mosquitto.conf"), [...own, "set_tcp_nodelay true", ...more])];
}

function written(path: string, lines: readonly string[]): string {
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

const startMaxMs = 10_000;
const askEveryMs = 20;

/** Waits until a port takes connections; returns whether it does. */
async function isOpenSoon(port: number): Promise<boolean> {
  const end = performance.now() + startMaxMs;
  for (;;) {
    try {
      const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
      socket.end();
      return true;
    } catch {
      if (performance.now() > end) return false;
      await wait(askEveryMs);
    }
  }
}

/** Has JetStream keep what is published for a device in a file. */
async function createStream(port: number): Promise<void> {
  const stream = JSON.stringify({ name: "reports", subjects: ["r.*"], storage: "file" });
  const answered = Promise.withResolvers<void>();
  let text = "";
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data(_socket, bytes) {
        text += bytes.toString();
        if (text.includes(`"created"`)) answered.resolve();
        else if (text.includes(`"error"`)) answered.reject(new BenchError(text));
      },
    },
  });
  const create = "PUB $JS.API.STREAM.CREATE.reports a.create";
  socket.write(`CONNECT {"verbose":false}\r\nSUB a.create 1\r\n`);
  socket.write(`${create} ${stream.length}\r\n${stream}\r\n`);
  await answered.promise;
  socket.end();
}
