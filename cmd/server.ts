// The entry point of iot-server: reads the configuration, runs the command, turns an error into an exit code. Never parses
// a flag or words an output.

import type { ShownDevice } from "../lib/cli/server/listing.ts";
import type { CommandConfig } from "../lib/config/command-config.ts";
import type { ServeConfig } from "../lib/config/serve-config.ts";
import { readServerConfig, type ServerConfig } from "../lib/config/server.ts";
import { describedServer } from "../lib/config/described-server.ts";
import { shellHelp } from "../lib/config/shell-request.ts";
import { helpText } from "../lib/config/server-flags.ts";
import { exitAfter, operatingErrorIn, tellFailure } from "../lib/cli/failure.ts";
import { healthWithin } from "./health.ts";
import { printHealth, printStatus } from "../lib/cli/server/status-lines.ts";
import { completionScript } from "../lib/cli/shell/completion.ts";
import { manPage } from "../lib/cli/shell/man-page.ts";
import { printConfig } from "../lib/cli/config-lines.ts";
import {
  printAllowed,
  printAnswer,
  printDevice,
  printDevices,
  printFingerprint,
  printLink,
  printReports,
} from "../lib/cli/server/commands.ts";
import { allowTextOn, askServer, loginLinkOf, statusOn } from "../lib/io/control-calls.ts";
import { readSettingsText } from "../lib/io/settings-text.ts";
import { LineOutput, type OutputPolicy, surviveBrokenErrors } from "../lib/io/line-output.ts";
import { exitCode, type ExitCode } from "../lib/operating-error.ts";
import { readIdentity } from "../lib/io/secrets/identity-file.ts";
import type { StorePlace } from "../lib/server/store-care.ts";
import { fingerprint } from "../lib/sealed/fingerprint.ts";
import { runBackup, runCheck, runExport, runRestore } from "./care.ts";
import { runCommand, runCommands } from "./command.ts";
import { runCopy } from "./copy.ts";
import { runDoctor } from "./doctor.ts";
import { runServer } from "./daemon.ts";
import { runImport } from "./import.ts";
import { runAlert } from "./alert.ts";
import { runMqtt } from "./mqtt.ts";
import { runAtDoor } from "./join.ts";
import { runLabel } from "./label.ts";
import { runDeregister, runPassword } from "./one-device.ts";
import { placeOf } from "./place.ts";
import { runInstall, runUninstall } from "./unit.ts";
import { version } from "./version.ts";

/** What becomes of each command if its output breaks. */
const outputPolicies: Readonly<Record<ServerConfig["command"], OutputPolicy>> = {
  help: "end",
  version: "end",
  completion: "end",
  man: "end",
  "shell-help": "end",
  status: "end",
  health: "end",
  mqtt: "end",
  config: "end",
  doctor: "end",
  install: "go on",
  uninstall: "go on",
  query: "end",
  devices: "end",
  device: "end",
  pending: "end",
  judge: "go on",
  join: "go on",
  deregister: "go on",
  password: "go on",
  open: "end",
  fingerprint: "end",
  reports: "end",
  export: "end",
  check: "end",
  serve: "go on",
  "allow-text": "go on",
  import: "go on",
  label: "go on",
  command: "go on",
  commands: "end",
  alert: "go on",
  backup: "go on",
  restore: "go on",
  copy: "go on",
};
const bufferChars = 65_536;

const output = new LineOutput(bufferChars);
const { write } = output;
surviveBrokenErrors();

async function run(config: ServerConfig): Promise<ExitCode> {
  switch (config.command) {
    case "help":
      write(helpText(version, config.of));
      return exitCode.done;
    case "version":
      write(`iot-server ${version}`);
      return exitCode.done;
    case "completion":
      write(completionScript(config.shell, describedServer()));
      return exitCode.done;
    case "man":
      write(manPage(describedServer(), version));
      return exitCode.done;
    case "shell-help":
      write(shellHelp("iot-server", config.of));
      return exitCode.done;
    case "serve":
      return runServer(config, reread, output);
    case "doctor":
      return runDoctor(config, write);
    case "install":
      return runInstall(config, write);
    case "uninstall":
      return runUninstall(config, write);
    case "config":
      return printConfig(config.settings, config.json, write);
    default:
      return runOnStore(config);
  }
}

/** The commands that work on a store, or ask the server that serves it. */
async function runOnStore(config: CommandConfig): Promise<ExitCode> {
  switch (config.command) {
    case "query":
      return printAnswer(config, await askServer(placeOf(config).path, config), write);
    case "devices":
      return listDevices(config);
    case "device": {
      const store = placeOf(config);
      const shown = { served: await store.isServed(), now: Date.now() };
      return printDevice(config, shownDevices(store.devices()), shown, write);
    }
    case "join":
    case "pending":
    case "judge":
      return runAtDoor(config, write);
    case "deregister":
      return runDeregister(config, write);
    case "password":
      return runPassword(config, write);
    case "allow-text":
      return printAllowed(config.id, await allowTextOn(placeOf(config).path, config.id), write);
    case "status":
      return printStatus(config, await statusOn(placeOf(config).path, config.port), write);
    case "health":
      return printHealth(config, await healthWithin(config, placeOf(config).path), write);
    case "open":
      return printLink(await loginLinkOf(placeOf(config).path), write);
    case "alert":
      return runAlert(config, write);
    case "mqtt":
      return runMqtt(config, write);
    case "label":
      return runLabel(config, write);
    case "command":
      return runCommand(config, write);
    case "commands":
      return runCommands(config, write);
    case "import":
      return runImport(config, write);
    case "export":
      return runExport(config, write);
    case "backup":
      return runBackup(config, write);
    case "restore":
      return runRestore(config, Date.now(), write);
    case "copy":
      return runCopy(config, write);
    case "check":
      return runCheck(config, write);
    case "fingerprint":
      return printFingerprint(config.db, fingerprintAt(placeOf(config).path), write);
    case "reports":
      return reports(config);
  }
}

async function listDevices(
  config: Extract<ServerConfig, { command: "devices" }>,
): Promise<ExitCode> {
  const store = placeOf(config);
  const devices = shownDevices(store.devices());
  const served = await store.isServed();
  const isNamed = !config.json && (await store.hasLabel("name"));
  const room = process.stdout.isTTY ? process.stdout.columns : Number.POSITIVE_INFINITY;
  return printDevices({ ...config, isNamed, room }, devices, served, Date.now(), write);
}

/** The fingerprint of the server's key; null if there is none. */
function fingerprintAt(path: string): string | null {
  const identity = readIdentity(path, null);
  return identity && fingerprint(identity.sealing.publicKey);
}

async function reports(config: Extract<ServerConfig, { command: "reports" }>): Promise<ExitCode> {
  const store = placeOf(config);
  const known = await store.isRegistered(config.id);
  return printReports(config, known, store.reportsOf(config.id, config.last, config.since), write);
}

async function* shownDevices(
  devices: ReturnType<StorePlace["devices"]>,
): AsyncGenerator<ShownDevice> {
  for await (const { sealedKey, ...device } of devices) {
    yield { ...device, fingerprint: sealedKey === null ? null : fingerprint(sealedKey) };
  }
}

/** The settings of the same command line, with the variables of the start and the file as it is now. */
function reread(): ServeConfig {
  const config = readConfig();
  if (config.command !== "serve") throw new Error(`the command line is of ${config.command} now`);
  return config;
}

function readConfig(): ServerConfig {
  return readServerConfig(process.argv.slice(2), process.env, Date.now(), readSettingsText);
}

async function main(): Promise<ExitCode> {
  let place: StorePlace | null = null;
  try {
    const config = readConfig();
    if ("db" in config) place = placeOf(config);
    output.policy = outputPolicies[config.command];
    const exit = await run(config);
    // The server has warned of it at its start.
    return config.command === "serve" ? exit : exitAfter(exit, output.end());
  } catch (error) {
    const failure = operatingErrorIn(place === null ? error : place.explain(error));
    tellFailure(failure);
    return exitAfter(failure.exit, output.end());
  }
}

process.exitCode = await main();
