// The server as a program that runs until it is told to stop: its signals, its first lines, and what it tells the manager that
// started it. Opens no part of the server itself.

import { tellWarning } from "../lib/cli/failure.ts";
import { bannerLines } from "../lib/cli/server/banner.ts";
import type { ServeConfig } from "../lib/config/serve-config.ts";
import type { LineOutput } from "../lib/io/line-output.ts";
import { openServiceManager, type ServiceManager } from "../lib/io/service-manager.ts";
import { type ExitCode, exitCode, OperatingError } from "../lib/operating-error.ts";
import { type RunningServer, startServer } from "./serve.ts";
import { version } from "./version.ts";

/** How often it is looked whether the manager should be told another status, ms. */
const statusMs = 10_000;

/**
 * Runs the server until SIGINT or SIGTERM.
 * @param reread reads the settings again, for SIGHUP; throws an OperatingError if they are wrong now
 */
export async function runServer(
  config: ServeConfig,
  reread: () => ServeConfig,
  output: LineOutput,
): Promise<ExitCode> {
  const manager = openServiceManager(process.env, process.pid);
  // A terminal that closes, or logrotate. It ends nothing, also during the start.
  let hangUp = () => {};
  process.on("SIGHUP", () => hangUp());
  const server = await startServer(config, version);
  hangUp = () => void reload(server, reread, manager);
  // Before the first line is printed: its reader may send a signal at once.
  const stopped = new Promise<void>((resolve) => {
    process.on("SIGINT", () => resolve());
    process.on("SIGTERM", () => resolve());
  });
  const lacksIpv6 = server.host !== config.host;
  const started = { ...config, ...server, version, lacksIpv6, loginLink: server.newLoginLink() };
  // Whoever reads JSON from standard output gets nothing else there.
  const isJson = config.logTo !== "files" && config.logFormat === "json";
  const show = isJson ? (line: string) => void process.stderr.write(`${line}\n`) : output.write;
  for (const line of bannerLines(started, process.stdout.isTTY)) show(line);
  const broken = output.end();
  if (broken !== null) tellWarning(broken);
  const stopTelling = keepTelling(manager, server);
  await stopped;
  stopTelling();
  manager.tell({ STOPPING: "1", STATUS: "Answers what has arrived, and stops" });
  await server.stop();
  manager.close();
  return exitCode.done;
}

/** Tells the manager that the server is ready, that it lives, and how it is whenever that changes. */
function keepTelling(manager: ServiceManager, server: RunningServer): () => void {
  const { watchdogMs } = manager;
  let told = server.state();
  manager.tell({ READY: "1", STATUS: told });
  const status = setInterval(() => {
    const state = server.state();
    if (state !== told) manager.tell({ STATUS: (told = state) });
  }, statusMs);
  // From the event loop: if it hangs, the manager hears nothing.
  const tellAlive = () => manager.tell({ WATCHDOG: "1" });
  const alive = watchdogMs === null ? undefined : setInterval(tellAlive, watchdogMs / 2);
  return () => {
    clearInterval(status);
    clearInterval(alive);
  };
}

async function reload(
  server: RunningServer,
  reread: () => ServeConfig,
  manager: ServiceManager,
): Promise<void> {
  const microseconds = `${process.hrtime.bigint() / 1_000n}`;
  manager.tell({ RELOADING: "1", MONOTONIC_USEC: microseconds });
  await server.reopenLogs();
  try {
    server.takeUp(reread());
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    server.keepSettings(error);
  }
  manager.tell({ READY: "1", STATUS: server.state() });
}
