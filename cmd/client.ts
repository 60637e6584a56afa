// The entry point of iot-client: wires the adapters for the commands, and sets the exit code. Never parses a flag or
// words an output.

import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { join } from "node:path";
import { isatty } from "node:tty";
import { exitAfter, tellFailure } from "../lib/cli/failure.ts";
import { openTerminal } from "../lib/cli/client/terminal.ts";
import { runClient } from "../lib/cli/client/dispatch.ts";
import { type ClientConfig, readClientConfig } from "../lib/config/client.ts";
import { makeDeviceFolder, openClientState, stateFolderOf } from "../lib/io/client-state.ts";
import { keepPassword, keptPassword } from "../lib/io/kept-password.ts";
import { isHangupIgnored } from "../lib/io/hangup.ts";
import { readPsk } from "../lib/io/secrets/identity-file.ts";
import { KnownServers } from "../lib/io/secrets/known-servers.ts";
import { readPasswordFile } from "../lib/io/secrets/password-file.ts";
import { addressOf, macOf, ownIpTowards } from "../lib/io/udp/route.ts";
import { runShellCommand } from "../lib/io/shell-command.ts";
import { CommandFile } from "../lib/io/command-file.ts";
import { readSettingsText } from "../lib/io/settings-text.ts";
import { SpoolFile } from "../lib/io/spool-file.ts";
import { LineOutput, type OutputPolicy, surviveBrokenErrors } from "../lib/io/line-output.ts";
import { openUdp } from "../lib/io/udp/udp-endpoint.ts";
import { version } from "./version.ts";

/** What becomes of each command if its output breaks. */
const outputPolicies: Readonly<Record<ClientConfig["command"], OutputPolicy>> = {
  help: "end",
  version: "end",
  completion: "end",
  man: "end",
  "shell-help": "end",
  config: "end",
  query: "end",
  peer: "end",
  answer: "go on",
  menu: "go on",
  register: "go on",
  deregister: "go on",
  login: "go on",
  logoff: "go on",
  status: "go on",
  send: "go on",
  trust: "go on",
  run: "never wait",
  wake: "go on",
  simulate: "never wait",
};

const output = new LineOutput(0);
surviveBrokenErrors();
// What a person sees on a terminal is not written by `output`.
process.stdout.on("error", () => {});

/** When what could not be written into the spool is tried again. */
const spoolRetryMs = 10_000;

const stateFolder = stateFolderOf(process.env);

const exit = await runClient(
  () => {
    const args = process.argv.slice(2);
    const config = readClientConfig(args, process.env, readSettingsText, hostname());
    output.policy = outputPolicies[config.command];
    return config;
  },
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
      const later = (run: () => void) => void setTimeout(run, spoolRetryMs).unref();
      return new SpoolFile(file, id, reportsMax, { soon, later, notice });
    },
    openCommands: (id) => new CommandFile(join(makeDeviceFolder(stateFolder, id), "commands")),
    readPsk,
    openSocket: (host, port, onDatagram, onRefused) =>
      openUdp(host, port, onDatagram, { onRefused }),
    addressOf,
    ownIpTowards,
    macOf,
    readPasswordFile,
    keptPassword: (id) => keptPassword(stateFolder, id),
    keepPassword: (id, password) => keepPassword(stateFolder, id, password),
    runShellCommand,
    openTerminal: (onInterrupt) => openTerminal(output.write, onInterrupt),
    personTypes: isatty(0),
    progress: isatty(1) && isatty(2) && !isatty(0) ? process.stderr : null,
    print: output.write,
    notice: (line) => void process.stderr.write(`${line}\n`),
    fail: tellFailure,
    onStop(run) {
      for (const signal of stopSignals()) process.on(signal, run);
    },
    onKill(run) {
      for (const signal of stopSignals()) {
        process.once(signal, () => {
          run();
          process.kill(process.pid, signal);
        });
      }
    },
  },
  version,
);
process.exitCode = exitAfter(exit, output.end());

function stopSignals(): NodeJS.Signals[] {
  return isHangupIgnored() ? ["SIGINT", "SIGTERM"] : ["SIGINT", "SIGTERM", "SIGHUP"];
}
