// The command send: sends one report, or each line of standard input as a report, in order. Never sends a report before
// those before it are acknowledged or refused, but for those of the same packet.

import { packetReportsMax } from "../../client/agent.ts";
import { messageBytesMax } from "../../client/message-room.ts";
import { verdictOf } from "../../client/outcome.ts";
import type { ClientConfig } from "../../config/client.ts";
import { usageError } from "../../config/values.ts";
import type { ExitCode } from "../../operating-error.ts";
import { utf8Bytes } from "../../protocol/fields.ts";
import type { Data } from "../../protocol/messages.ts";
import type { Machine } from "./machine.ts";
import { asksOnly, openClient, type OpenClient } from "./open-client.ts";
import { exitCodeOf } from "./rendering.ts";
import { SendBar } from "./send-bar.ts";
import { type SendDisplay, SendLines } from "./send-display.ts";
import { SentLines } from "./sent-lines.ts";

type SendConfig = Extract<ClientConfig, { command: "send" }>;

/**
 * Sends the reports. A refused line does not stop the following lines. A missing session (51), a refusal of text (94),
 * 93, 95 or a silent server does.
 * @returns the exit code of the last report that was not stored, else `done`
 * @throws OperatingError `usage` if the message of the command line does not fit into a datagram, or is not UTF-8
 */
export async function runSend(config: SendConfig, machine: Machine): Promise<ExitCode> {
  let notice = (line: string): void => machine.notice(line);
  const behaviour = { ...asksOnly(machine), notice: (line: string) => notice(line) };
  const session = await openClient(machine, config, 0, behaviour);
  const display = displayOf(config, machine, session);
  notice = (line) => display.notice(line);
  const { requests } = session.connection.client;
  requests.onRetry = (_request, sending, waitedMs) =>
    display.unanswered(sending, waitedMs, requests.isServerBusy);
  try {
    return await session.orFailure(
      config.message === null
        ? sendLines(config, machine, session, display)
        : sendOne(config, config.message, session, display),
    );
  } finally {
    display.close();
    session.close();
  }
}

/** A bar where a person looks on and a line for each report is too much; else a line for each report. */
function displayOf(config: SendConfig, machine: Machine, session: OpenClient): SendDisplay {
  const { connection, server } = session;
  const words = { id: config.id, server, sealed: connection.carrier.kind === "sealed" };
  return machine.progress === null || config.message !== null || config.json
    ? new SendLines(machine, words, config.json)
    : new SendBar(machine.progress, machine.clock, words);
}

async function sendOne(
  config: SendConfig,
  message: string,
  session: OpenClient,
  display: SendDisplay,
): Promise<ExitCode> {
  const data = dataOf(config, session, message);
  if (isBroken(message)) {
    throw usageError("The message is not UTF-8.", "Set the terminal or the script to UTF-8.");
  }
  const tooLong = tooLongBy(data, session);
  if (tooLong !== null) throw usageError(`The message is too long: ${tooLong}.`, "Shorten it.");
  const outcome = await session.connection.request(data, { timeoutMs: config.timeoutMs });
  const verdict = verdictOf("DATA", outcome);
  display.ended({ line: null, time: data.time, outcome, verdict });
  return exitCodeOf(verdict);
}

async function sendLines(
  config: SendConfig,
  machine: Machine,
  session: OpenClient,
  display: SendDisplay,
): Promise<ExitCode> {
  const terminal = machine.openTerminal();
  if (terminal.interactive) terminal.show("One report per line; ^D ends.");
  const { connection } = session;
  const lines = new SentLines({
    terminal,
    display,
    packetLinesMax: connection.carrier.kind === "sealed" ? packetReportsMax : 1,
    dataOf: (line) => dataOf(config, session, line),
    faultOf: (data) => (isBroken(data.message) ? "it is not UTF-8" : tooLongBy(data, session)),
    request: (reports) => connection.requestAll(reports, config.timeoutMs),
  });
  if (display instanceof SendBar) {
    machine.onKill(() => {
      display.notice(`stopped at line ${lines.next}: all lines before it were answered`);
      display.close();
    });
  }
  try {
    return await lines.run();
  } finally {
    terminal.close();
  }
}

function dataOf({ code, id }: SendConfig, { connection }: OpenClient, line: string): Data {
  const { times, carrier } = connection;
  // protocol §1.6: a receiver takes one line end at the end for the datagram's own.
  const message = line.replace(/(\r?\n)+$/, "");
  // protocol §4.6: in text equal bytes are one report.
  const time = carrier.kind === "sealed" ? times.current() : times.distinctFor(message);
  return { type: "DATA", code, id, address: null, time, message };
}

/**
 * Whether a text was not UTF-8 where it came from: whoever decoded it put U+FFFD for what it could not read. A report that
 * says something else than its source is worse than none.
 */
export function isBroken(text: string): boolean {
  return text.includes("\ufffd");
}

function tooLongBy(data: Data, session: OpenClient): string | null {
  const bytes = utf8Bytes(data.message);
  const max = messageBytesMax(data, session.connection.client.requests.channel.textBytesMax);
  return bytes <= max ? null : `${bytes} bytes, of which ${max} fit`;
}
