// Runs the command that the configuration asks for, and turns an operating error into its text and exit code. Never
// ends the process.

import { describedClient } from "../../config/described-client.ts";
import { shellHelp } from "../../config/shell-request.ts";
import { completionScript } from "../shell/completion.ts";
import { manPage } from "../shell/man-page.ts";
import { commandHelp, helpText } from "../../config/client-help.ts";
import type { ClientConfig } from "../../config/client.ts";
import { type ExitCode, exitCode } from "../../operating-error.ts";
import { operatingErrorIn } from "../failure.ts";
import { printConfig } from "../config-lines.ts";
import type { Machine } from "./machine.ts";
import { runMenu } from "./menu-command.ts";
import { runRequest } from "./request-command.ts";
import { runAgent } from "./run-command.ts";
import { runSimulation } from "./simulate-command.ts";
import { runTrust } from "./trust-command.ts";
import { runWake } from "./wake-command.ts";
import { runSend } from "./send-command.ts";

/**
 * Runs the configured command.
 * @param read returns the configuration, or throws a usage error
 * @param version the version of this program
 * @returns the exit code; an OperatingError has been printed to standard error
 */
export async function runClient(
  read: () => ClientConfig,
  machine: Machine,
  version: string,
): Promise<ExitCode> {
  try {
    return await dispatch(read(), machine, version);
  } catch (error) {
    const failure = operatingErrorIn(error);
    machine.fail(failure);
    return failure.exit;
  }
}

async function dispatch(
  config: ClientConfig,
  machine: Machine,
  version: string,
): Promise<ExitCode> {
  switch (config.command) {
    case "help":
      machine.print(config.of === null ? helpText() : commandHelp(config.of));
      return exitCode.done;
    case "completion":
      machine.print(completionScript(config.shell, describedClient()));
      return exitCode.done;
    case "man":
      machine.print(manPage(describedClient(), version));
      return exitCode.done;
    case "shell-help":
      machine.print(shellHelp("iot-client", config.of));
      return exitCode.done;
    case "version":
      machine.print(`iot-client ${version}`);
      return exitCode.done;
    case "config":
      return printConfig(config.settings, config.json, machine.print);
    case "menu":
      return runMenu(config, machine);
    case "send":
      return runSend(config, machine);
    case "run":
      return runAgent(config, machine);
    case "wake":
      return runWake(config, machine);
    case "trust":
      return runTrust(config, machine);
    case "simulate":
      return runSimulation(config, machine);
    case "register":
    case "deregister":
    case "login":
    case "logoff":
    case "status":
    case "query":
    case "answer":
    case "peer":
      return runRequest(config, machine);
  }
}
