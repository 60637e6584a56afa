// The entry point of iot-client: wires the adapters for the commands, and sets the exit code. No logic.

import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { isatty } from "node:tty";
import { tellFailure } from "../lib/cli/failure.ts";
import { openTerminal } from "../lib/cli/client/terminal.ts";
import { runClient } from "../lib/cli/client/dispatch.ts";
import { readClientConfig } from "../lib/config/client.ts";
import { makeDeviceFolder, openClientState, stateFolderOf } from "../lib/io/client-state.ts";
import { isHangupIgnored } from "../lib/io/hangup.ts";
import { readPsk } from "../lib/io/identity-file.ts";
import { KnownServers } from "../lib/io/known-servers.ts";
import { readPasswordFile } from "../lib/io/password-file.ts";
import { addressOf, macOf, ownIpTowards } from "../lib/io/route.ts";
import { runShellCommand } from "../lib/io/shell-command.ts";
import { SpoolFile } from "../lib/io/spool-file.ts";
import { openUdp } from "../lib/io/udp-endpoint.ts";
import { version } from "./version.ts";

// The reader of the output has closed the pipe (`| head`): nothing more can be printed.
process.stdout.on("error", () => process.exit());

const stateFolder = stateFolderOf(process.env);

process.exitCode = await runClient(
  () => readClientConfig(process.argv.slice(2), process.env),
  {
    clock: {
      now: () => performance.now(),
      time: () => Date.now(),
      after(ms, run) {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
      soon: (run) => void setImmediate(run),
    },
    random: Math.random,
    randomBytes: (count) => randomBytes(count),
    knownServers: new KnownServers(stateFolder),
    openState: (id) => openClientState(stateFolder, id),
    openSpool(id, path, reportsMax, notice) {
      const file = path ?? join(makeDeviceFolder(stateFolder, id), "spool");
      const soon = (run: () => void) => void setImmediate(run);
      return new SpoolFile(file, id, reportsMax, { soon, notice });
    },
    readPsk,
    openSocket: openUdp,
    addressOf,
    ownIpTowards,
    macOf,
    readPasswordFile,
    runShellCommand,
    openTerminal,
    personTypes: isatty(0),
    print: (line) => void process.stdout.write(`${line}\n`),
    notice: (line) => void process.stderr.write(`${line}\n`),
    fail: tellFailure,
    onStop(run) {
      process.on("SIGINT", run);
      process.on("SIGTERM", run);
      if (!isHangupIgnored()) process.on("SIGHUP", run);
    },
  },
  version,
);
