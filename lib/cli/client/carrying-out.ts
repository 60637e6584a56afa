// Carries out the server's commands with the program of --on-command: what it prints is the result. Never runs a number twice: the
// engine decides what is run.

import {
  type CommandMemory,
  type CommandResult,
  DeviceCommands,
} from "../../client/device-commands.ts";
import type { ClientConfig } from "../../config/client.ts";
import { serverName } from "../../config/server-name.ts";
import { result as resultCode } from "../../protocol/commands.ts";
import { datagramBytesMax } from "../../protocol/limits.ts";
import { fingerprint } from "../../sealed/fingerprint.ts";
import type { Machine } from "./machine.ts";

type Carried = Pick<
  Extract<ClientConfig, { command: "run" | "wake" }>,
  "onCommand" | "commandTimeoutMs" | "servers" | "sealing"
>;

/** What becomes of a command's end. */
export type CarryingPorts = {
  /** Ends the program when this program ends: its command is interrupted then. */
  readonly signal: AbortSignal;
  tell(number: number, result: CommandResult): void;
  /** Shows a line to a person. */
  news(line: string): void;
};

/** The commands of a device. @param memory null without --on-command: then each gets 16 */
export function carryingOut(
  config: Carried,
  machine: Machine,
  memory: CommandMemory | null,
  { signal, tell, news }: CarryingPorts,
): DeviceCommands {
  const { onCommand, commandTimeoutMs } = config;
  const run = async (
    number: number,
    message: string,
    done: (result: CommandResult, now: number) => void,
  ) => {
    const variables = { IOT_COMMAND: message, IOT_COMMAND_NUMBER: String(number) };
    const ended = await machine.runShellCommand(
      onCommand ?? "",
      variables,
      commandTimeoutMs,
      datagramBytesMax,
      signal,
      message,
    );
    // The next start finds it begun, and says that it was interrupted.
    if (signal.aborted) return;
    if (!ended.ok) news(`* --on-command for command ${number} ${ended.reason}`);
    done(resultOf(ended), machine.clock.now());
  };
  return new DeviceCommands({
    memory,
    numberedBy: () => keyOf(config, machine),
    tell,
    trouble: (words) => news(`* ${words}`),
    execute: (number, message, done) => void run(number, message, done),
  });
}

/**
 * The key of the only server, as it is pinned; empty in text, which knows none. Several servers share a store, and its numbers, under
 * keys of their own.
 */
function keyOf({ servers, sealing }: Carried, { knownServers }: Machine): string {
  const [server, ...others] = servers;
  if (server === undefined || others.length > 0 || sealing.kind === "text") return "";
  const key = knownServers.keyOf(serverName(server));
  return key === null ? "" : fingerprint(key);
}

function resultOf(ended: Awaited<ReturnType<Machine["runShellCommand"]>>): CommandResult {
  if (ended.ok) return { code: resultCode.done, message: ended.output };
  const { output = "", reason } = ended;
  return { code: resultCode.failed, message: output.trim() === "" ? reason : output };
}
