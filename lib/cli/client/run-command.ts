// The command run: runs the agent with its sources of reports (a command's output, lines of standard input) and of
// answers, until a signal stops it or the server refuses it. Never talks to the server except through the agent.

import { Agent } from "../../client/agent.ts";
import type { AgentEvent } from "../../client/agent-event.ts";
import type { CommandMemory, DeviceCommands } from "../../client/device-commands.ts";
import type { Spool } from "../../client/spool.ts";
import type { ClientConfig } from "../../config/client.ts";
import { type ExitCode, exitCode } from "../../operating-error.ts";
import { commandTime } from "../../protocol/commands.ts";
import { datagramBytesMax } from "../../protocol/limits.ts";
import type { Query } from "../../protocol/messages.ts";
import { operatingErrorIn } from "../failure.ts";
import { adviceOn } from "./advice.ts";
import { agentLine, causeOf } from "./agent-rendering.ts";
import { carryingOut } from "./carrying-out.ts";
import { Causes, leftOutWords } from "./causes.ts";
import type { Machine } from "./machine.ts";
import { News } from "./news.ts";
import { passwordFrom } from "./password.ts";
import { Outages } from "./outages.ts";
import { openSpool } from "./run-spool.ts";
import { eventLine, visible } from "./rendering.ts";
import { openClient, type OpenClient } from "./open-client.ts";
import { isBroken } from "./send-command.ts";
import type { Terminal } from "./terminal.ts";

type RunConfig = Extract<ClientConfig, { command: "run" | "wake" }>;

/** Implementation constants: the time limits of the shell commands, and the poll of a full queue. */
const reportTimeoutMs = 30_000;
const answerTimeoutMs = 5_000;
const queueFullWaitMs = 100;

/**
 * Runs the agent until it ends.
 * @throws OperatingError if the device port is in use or the server's name is unknown
 */
export async function runAgent(config: RunConfig, machine: Machine): Promise<ExitCode> {
  const agentRun = new AgentRun(config, machine);
  return await agentRun.run();
}

class AgentRun {
  #end: (exit: ExitCode) => void = () => {};
  readonly #ended: Promise<ExitCode>;
  #agent: Agent | null = null;
  #session: OpenClient | null = null;
  #terminal: Terminal | null = null;
  #commands: DeviceCommands | null = null;
  #cancelReport: () => void = () => {};
  /** Whether the command ends, for whatever reason: nothing is reported any more. */
  #isOver = false;
  readonly #shells = new AbortController();
  readonly #incoming: News;
  readonly #causes: Causes;
  readonly #outages: Outages;

  constructor(
    readonly config: RunConfig,
    readonly machine: Machine,
  ) {
    this.#causes = new Causes(machine.clock.now);
    this.#outages = new Outages(machine.clock, (event, leftOut) => this.#tell(event, leftOut));
    this.#incoming = new News(machine.clock.now, (line) => this.#news(line));
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  async run(): Promise<ExitCode> {
    const spool = openSpool(this.config, this.machine, (line) => this.#news(line));
    try {
      return await this.#runWith(spool);
    } catch (error) {
      const { length } = spool;
      if (length > 0)
        this.#news(`* reports not delivered: ${length}, of which kept: ${spool.keep()}`);
      throw error;
    } finally {
      spool.close();
    }
  }

  async #runWith(spool: Spool): Promise<ExitCode> {
    const { config, machine } = this;
    const memory = config.onCommand === null ? null : machine.openCommands(config.id);
    const session = await openClient(machine, config, config.port, {
      isMe: (id) => id === config.id,
      me: () => config.id,
      onQuery: (question, reply) => void this.#answer(question, reply),
      onEvent: (event) => {
        this.#incoming.tell(eventLine(event));
        if (event.kind !== "command") return;
        const { number, message } = event;
        this.#commands?.receive(number, message.message, machine.clock.now());
      },
      listens: true,
      anyPort: false,
      notice: (line) => this.#news(line),
    });
    this.#session = session;
    try {
      const terminal = machine.openTerminal(() => this.#stop());
      this.#terminal = terminal;
      this.#commands = this.#carryingOut(memory);
      const password = await passwordFrom(config.password, config.id, machine, terminal);
      machine.onStop(() => this.#stop());
      this.#start(session, spool, password);
      // A broken input does not end the agent: it beats, and has other sources of reports.
      this.#readLines(terminal).catch((error: unknown) => {
        this.#news(`* ${operatingErrorIn(error).message}`);
      });
      return await session.orFailure(this.#ended);
    } finally {
      this.#cancelReport();
      this.#isOver = true;
      this.#outages.close();
      // A command that hangs does not delay the end.
      this.#shells.abort();
      this.#terminal?.close();
      session.close();
      memory?.close();
    }
  }

  #carryingOut(memory: CommandMemory | null): DeviceCommands {
    const { machine, config } = this;
    return carryingOut(config, machine, memory, {
      signal: this.#shells.signal,
      tell: (number, { code, message }) => {
        const time = commandTime(number);
        this.#session?.connection.act((now) => this.#agent?.report(code, message, now, time));
      },
      news: (line) => this.#news(line),
    });
  }

  #start({ connection, server, ip, mac }: OpenClient, spool: Spool, password: string): void {
    const { config } = this;
    const agent = new Agent(
      { id: config.id, password, mac, ip, port: connection.port },
      { server, heartbeatSeconds: config.heartbeatSeconds, drainMs: config.drainMs },
      connection.client.requests,
      connection.times,
      spool,
      (event) => this.#onEvent(event),
    );
    this.#agent = agent;
    connection.act((now) => agent.start(now));
    connection.add(agent);
    this.#commands?.start(this.machine.clock.now());
    if (config.report !== null) void this.#reportOutput(config.report);
  }

  #stop(): void {
    const agent = this.#agent;
    this.#cancelReport();
    if (agent === null) return this.#end(exitCode.noAnswer);
    // Nothing more is read; what was read before is reported.
    this.#terminal?.close();
    this.#session?.connection.act((now) => agent.stop(now));
  }

  #onEvent(event: AgentEvent): void {
    if (event.kind === "away" || event.kind === "back") return this.#outages.take(event);
    const cause = causeOf(event);
    const leftOut = cause === null ? 0 : this.#causes.pass(cause);
    if (leftOut !== null) this.#tell(event, leftOut);
    if (event.kind === "refused") this.#end(exitCode.refused);
    if (event.kind === "stopped") {
      const isLost = event.undelivered > event.kept;
      this.#end(event.loggedOff && !isLost ? exitCode.done : exitCode.noAnswer);
    }
  }

  /** Prints an event, and how many others of its cause were left out before it. */
  #tell(event: AgentEvent, leftOut: number): void {
    const { json } = this.config;
    const at = new Date(this.machine.clock.time()).toISOString();
    const more = leftOut === 0 ? {} : { leftOut };
    this.#print(
      json
        ? JSON.stringify({ time: at, ...event, ...more })
        : `${at} ${agentLine(event)}${leftOutWords(leftOut)}`,
    );
    if (event.kind === "contested" && !json) {
      this.#news(
        "  Give each device an id of its own, or deregister this one and choose another password.",
      );
    }
    if (event.kind === "refused" && !json) this.#advise(event);
  }

  #advise({ verb, code, reason }: Extract<AgentEvent, { kind: "refused" }>): void {
    const sealed = this.config.sealing.kind === "sealed";
    const advice = adviceOn(verb, { kind: "ack", code, reason, repeated: false }, sealed);
    if (advice !== null) this.#news(advice);
  }

  /** @returns whether the report is taken */
  #report(message: string): boolean {
    if (this.#isOver) return false;
    let taken = false;
    this.#session?.connection.act((now) => {
      taken = this.#agent?.report(this.config.code, message, now) ?? false;
    });
    return taken;
  }

  /** Reports each line of standard input. While the queue is full it stops reading, so that no line is dropped. */
  async #readLines(terminal: Terminal): Promise<void> {
    let untaken = 0;
    for (;;) {
      const line = await terminal.ask("");
      if (line === null) break;
      while (!this.#isOver && this.#agent !== null && isFull(this.#agent.queue)) {
        await new Promise<void>((resolve) => this.machine.clock.after(queueFullWaitMs, resolve));
      }
      if (isBroken(line)) this.#complain("* a line of standard input is not UTF-8 and not sent");
      else if (line !== "" && !this.#report(line)) untaken++;
    }
    if (untaken > 0) this.#news(`* lines of standard input read and not reported: ${untaken}`);
  }

  /** Runs the command and reports its output, then again every `everyMs`; never runs it twice at the same time. */
  async #reportOutput(commandLine: string): Promise<void> {
    const { clock } = this.machine;
    const startedAt = clock.now();
    const result = await this.#runShell(commandLine, {}, reportTimeoutMs);
    if (this.#agent === null || this.#agent.ended) return;
    if (!result.ok) this.#complain(`* --report command ${result.reason}`);
    else if (result.output.trim() === "") this.#complain("* --report command printed nothing");
    else if (isBroken(result.output))
      this.#complain("* --report command printed what is not UTF-8");
    else this.#report(result.output);
    if (this.#agent.stopping) return;
    const waitMs = Math.max(0, startedAt + this.config.everyMs - clock.now());
    this.#cancelReport = clock.after(waitMs, () => void this.#reportOutput(commandLine));
  }

  async #answer(question: Query, reply: (message: string | null) => void): Promise<void> {
    const { onQuery } = this.config;
    if (onQuery === null) return reply(this.config.id);
    const asked = {
      IOT_QUERY_ID: question.id,
      IOT_QUERY_CODE: question.code,
      IOT_QUERY_TARGET: question.target,
    };
    const result = await this.#runShell(onQuery, asked, answerTimeoutMs);
    if (!result.ok) this.#complain(`* --on-query command ${result.reason}`);
    reply(result.ok ? result.output : null);
  }

  #runShell(
    commandLine: string,
    variables: Readonly<Record<string, string>>,
    timeoutMs: number,
  ): ReturnType<Machine["runShellCommand"]> {
    return this.machine.runShellCommand(
      commandLine,
      variables,
      timeoutMs,
      datagramBytesMax,
      this.#shells.signal,
    );
  }

  /** Shows what may happen at each report: once a minute. */
  #complain(line: string): void {
    const leftOut = this.#causes.pass(line);
    if (leftOut !== null) this.#news(line + leftOutWords(leftOut));
  }

  #print(line: string): void {
    (this.#terminal ?? this.machine).print(line);
  }

  /** Shows what is not an event of the agent; on standard error, so that a script that reads JSON does not see it. */
  #news(line: string): void {
    (this.#terminal ?? this.machine).notice(visible(line));
  }
}

function isFull({ length, reportsMax }: Spool): boolean {
  return length >= reportsMax;
}
