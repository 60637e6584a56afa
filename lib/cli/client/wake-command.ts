// The command wake, for cron and for devices on a battery: logs in, delivers reports, carries out the commands that wait, and ends
// without a LOGOFF: the server knows by the stated interval that the device sleeps. Answers no questions of others.

import { BoundedMap } from "../../bounded-map.ts";
import { Agent } from "../../client/agent.ts";
import type { AgentEvent } from "../../client/agent-event.ts";
import type { DeviceCommands } from "../../client/device-commands.ts";
import type { ClientConfig } from "../../config/client.ts";
import { type ExitCode, exitCode } from "../../operating-error.ts";
import { answer, query } from "../../protocol/codes.ts";
import { commandIn, commandTime } from "../../protocol/commands.ts";
import { datagramBytesMax } from "../../protocol/limits.ts";
import { agentLine } from "./agent-rendering.ts";
import { carryingOut } from "./carrying-out.ts";
import type { Machine } from "./machine.ts";
import { asksOnly, openClient, type OpenClient } from "./open-client.ts";
import { passwordFrom } from "./password.ts";
import { visible } from "./rendering.ts";
import { openSpool } from "./run-spool.ts";

type WakeConfig = Extract<ClientConfig, { command: "run" | "wake" }>;

/** Implementation constants: the time limit of --report, how often it is looked whether all is done, and the most commands. */
const reportTimeoutMs = 30_000;
const lookEveryMs = 20;
const commandsMax = 64;

/**
 * Wakes, does what waits, and ends.
 * @throws OperatingError as `openClient` and `openSpool`
 */
export async function runWake(config: WakeConfig, machine: Machine): Promise<ExitCode> {
  const notice = (line: string) => machine.notice(visible(line));
  const password = await passwordFrom(config.password, config.id, machine);
  const spool = openSpool(config, machine, notice);
  const memory = config.onCommand === null ? null : machine.openCommands(config.id);
  const shells = new AbortController();
  let wake: Wake | null = null;
  const session = await openClient(machine, config, config.port, {
    ...asksOnly(machine),
    onEvent: (event) => {
      if (event.kind === "command") wake?.take(event.number, event.message.message);
    },
  });
  try {
    const { connection, server, ip, mac } = session;
    const identity = { id: config.id, password, mac, ip, port: connection.port };
    const settings = { server, heartbeatSeconds: config.heartbeatSeconds, drainMs: 0 };
    const { requests } = connection.client;
    const onEvent = (event: AgentEvent) => wake?.note(event);
    const agent = new Agent(identity, settings, requests, connection.times, spool, onEvent);
    const commands = carryingOut(config, machine, memory, {
      signal: shells.signal,
      tell: (number, { code, message }) => {
        connection.act((now) => agent.report(code, message, now, commandTime(number)));
      },
      news: notice,
    });
    wake = new Wake(config, machine, session, agent, commands, shells.signal);
    return await session.orFailure(wake.run());
  } finally {
    shells.abort();
    session.close();
    memory?.close();
    spool.close();
  }
}

class Wake {
  #isIn = false;
  #isRefused = false;
  /** The commands that were told of. */
  readonly #told = new BoundedMap<number, true>(commandsMax);

  constructor(
    readonly config: WakeConfig,
    readonly machine: Machine,
    readonly session: OpenClient,
    readonly agent: Agent,
    readonly commands: DeviceCommands,
    readonly signal: AbortSignal,
  ) {}

  async run(): Promise<ExitCode> {
    const { session, agent, commands, machine } = this;
    const { connection } = session;
    connection.act((now) => agent.start(now));
    connection.add(agent);
    commands.start(machine.clock.now());
    await this.#report();
    if (!(await this.#settled())) return this.#isRefused ? exitCode.refused : exitCode.noAnswer;
    return this.#poll();
  }

  /** Takes a command, which the server has sent or answered with; tells of it once. */
  take(number: number, message: string): void {
    if (!this.#told.has(number)) this.machine.notice(`* command ${number}: ${visible(message)}`);
    this.#told.set(number, true);
    this.commands.receive(number, message, this.machine.clock.now());
  }

  /** Takes what the agent tells. */
  note(event: AgentEvent): void {
    if (event.kind === "logged-in") this.#isIn = true;
    if (event.kind === "refused") this.#isRefused = true;
    const { json } = this.config;
    const at = new Date(this.machine.clock.time()).toISOString();
    this.machine.print(json ? JSON.stringify({ time: at, ...event }) : `${at} ${agentLine(event)}`);
  }

  async #report(): Promise<void> {
    const { report, code } = this.config;
    if (report === null) return;
    const { machine, signal, session, agent } = this;
    const result = await machine.runShellCommand(
      report,
      {},
      reportTimeoutMs,
      datagramBytesMax,
      signal,
    );
    if (!result.ok) return machine.notice(`* --report command ${result.reason}`);
    if (result.output.trim() === "") return machine.notice("* --report command printed nothing");
    session.connection.act((now) => agent.report(code, result.output, now));
  }

  /** Asks for commands and carries them out until there are no more. */
  async #poll(): Promise<ExitCode> {
    const { config, session, agent } = this;
    const { connection } = session;
    const { id, timeoutMs } = config;
    const done = new Set<number>();
    while (done.size < commandsMax) {
      const time = agent.times.distinct();
      const message = {
        type: "QUERY",
        code: query.command,
        id,
        address: null,
        time,
        target: id,
      } as const;
      const outcome = await connection.request(message, { timeoutMs });
      if (outcome.kind === "silent") return exitCode.noAnswer;
      // A server of before knows no commands.
      if (outcome.kind !== "answer" || outcome.code !== answer.found) return exitCode.done;
      const command = commandIn(outcome.message);
      if (command === null) return exitCode.done;
      // The same again although its result was delivered: the next time.
      if (done.has(command.number)) return exitCode.done;
      done.add(command.number);
      this.take(command.number, command.message);
      if (!(await this.#settled())) return exitCode.noAnswer;
    }
    return exitCode.done;
  }

  /** Waits until it is logged in, its commands have ended and all is delivered; false if the server does not answer. */
  async #settled(): Promise<boolean> {
    const { agent, commands, machine, config, session } = this;
    const { clock } = machine;
    const { requests } = session.connection.client;
    let until = clock.now() + config.timeoutMs;
    for (;;) {
      if (this.#isRefused || agent.ended) return false;
      // A program takes as long as --command-timeout allows.
      if (commands.isBusy) until = clock.now() + config.timeoutMs;
      else if (this.#isIn && agent.queue.length === 0 && requests.idle) return true;
      if (clock.now() >= until) return false;
      await new Promise<void>((resolve) => void clock.after(lookEveryMs, resolve));
    }
  }
}
