// The command send: sends one report, or each line of standard input as a report, in order. Never sends a report before
// the one before it is acknowledged or refused.

import { messageBytesMax } from "../../client/message-room.ts";
import { type Verdict, verdictOf } from "../../client/outcome.ts";
import type { ClientConfig } from "../../config/client.ts";
import { usageError } from "../../config/values.ts";
import { type ExitCode, exitCode } from "../../operating-error.ts";
import { ack } from "../../protocol/codes.ts";
import { utf8Bytes } from "../../protocol/fields.ts";
import type { Data } from "../../protocol/messages.ts";
import { adviceOn } from "./advice.ts";
import type { Machine } from "./machine.ts";
import { exitCodeOf, jsonOf, outcomeLine, place } from "./rendering.ts";
import { asksOnly, openClient, type OpenClient } from "./open-client.ts";
import { isOverdue } from "../../client/retry-schedule.ts";

type SendConfig = Extract<ClientConfig, { command: "send" }>;

/**
 * Sends the reports. A refused line does not stop the following lines. A missing session (51), a refusal of text (94),
 * 93, 95 or a silent server does.
 * @returns the exit code of the last report that was not stored, else `done`
 * @throws OperatingError `usage` if the message of the command line does not fit into a datagram, or is not UTF-8
 */
export async function runSend(config: SendConfig, machine: Machine): Promise<ExitCode> {
  const session = await openClient(machine, config, 0, asksOnly(machine));
  session.connection.client.requests.onRetry = ({ to }, sending, waitedMs) => {
    if (isOverdue(waitedMs)) machine.notice(`no answer from ${place(to)} yet, try ${sending}`);
  };
  try {
    if (config.message === null) {
      return await session.orFailure(sendLines(config, machine, session));
    }
    const data = dataOf(config, session, config.message);
    if (isBroken(config.message)) {
      throw usageError("The message is not UTF-8.", "Set the terminal or the script to UTF-8.");
    }
    const tooLong = tooLongBy(data, session);
    if (tooLong !== null) throw usageError(`The message is too long: ${tooLong}.`, "Shorten it.");
    const { verdict } = await session.orFailure(send(config, machine, session, data));
    return exitCodeOf(verdict);
  } finally {
    session.close();
  }
}

async function sendLines(
  config: SendConfig,
  machine: Machine,
  session: OpenClient,
): Promise<ExitCode> {
  const terminal = machine.openTerminal();
  if (terminal.interactive) terminal.show("One report per line; ^D ends.");
  let worst: ExitCode = exitCode.done;
  try {
    for (let number = 1; ; number++) {
      const line = await terminal.ask("");
      if (line === null) return worst;
      if (line === "") continue;
      const data = dataOf(config, session, line);
      const wrong = isBroken(line) ? "it is not UTF-8" : tooLongBy(data, session);
      if (wrong !== null) {
        machine.notice(`line ${number} is not sent: ${wrong}`);
        worst = exitCode.refused;
        continue;
      }
      const { verdict, goesOn } = await send(config, machine, session, data);
      if (verdict !== "done") worst = exitCodeOf(verdict);
      if (goesOn) continue;
      machine.notice(`stopped at line ${number}: neither it nor a line after it was acknowledged`);
      return worst;
    }
  } finally {
    terminal.close();
  }
}

async function send(
  config: SendConfig,
  machine: Machine,
  session: OpenClient,
  data: Data,
): Promise<{ verdict: Verdict; goesOn: boolean }> {
  const outcome = await session.connection.request(data, { timeoutMs: config.timeoutMs });
  const verdict = verdictOf("DATA", outcome);
  machine.print(
    config.json
      ? jsonOf({ request: "send", id: config.id, time: data.time }, outcome, verdict)
      : outcomeLine("DATA", outcome, session.server),
  );
  const advice = adviceOn("DATA", outcome, session.connection.carrier.kind === "sealed");
  if (advice !== null && !config.json) machine.notice(advice);
  const hopeless =
    outcome.kind === "silent" ||
    outcome.code === ack.dataRefused ||
    outcome.code === ack.encryptionRequired ||
    verdict === "later";
  return { verdict, goesOn: !hopeless };
}

function dataOf({ code, id }: SendConfig, session: OpenClient, message: string): Data {
  const time = session.connection.times.distinct();
  // protocol §1.6: a receiver takes one line end at the end for the datagram's own.
  return { type: "DATA", code, id, address: null, time, message: message.replace(/(\r?\n)+$/, "") };
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
