// The commands that ask once and end: register, deregister, login, logoff, status, query, peer. Each prints the answer
// and returns an exit code for it. Never answers requests of others.

import type { CallResult } from "../../client/channel.ts";
import { fitted } from "../../client/message-room.ts";
import { addressIn, latestReportIn } from "../../client/answers.ts";
import { type Outcome, type Verdict, verdictOf } from "../../client/outcome.ts";
import type { EncodedRequest } from "../../client/outstanding.ts";
import type { ClientConfig } from "../../config/client.ts";
import type { ExitCode } from "../../operating-error.ts";
import { answer, query } from "../../protocol/codes.ts";
import { commandTime, result as resultCode } from "../../protocol/commands.ts";
import type { Address, Query } from "../../protocol/messages.ts";
import { adviceOn } from "./advice.ts";
import type { Machine } from "./machine.ts";
import { passwordFrom } from "./password.ts";
import {
  type QuestionPorts,
  askDevice,
  askServer,
  listLoggedIn,
  type PeerOutcome,
  peerVerdict,
} from "./questions.ts";
import {
  exitCodeOf,
  jsonOf,
  outcomeLine,
  peerLine,
  place,
  reportLine,
  retryLine,
} from "./rendering.ts";
import { asksOnly, openClient, type OpenClient } from "./open-client.ts";
import { isOverdue } from "../../client/retry-schedule.ts";

/** The configurations of these commands. */
export type RequestConfig = Extract<
  ClientConfig,
  {
    command:
      "register" | "deregister" | "login" | "logoff" | "status" | "query" | "answer" | "peer";
  }
>;

/**
 * Runs one of these commands.
 * @returns the exit code for the outcome
 * @throws OperatingError for what a person can fix: usage, an unknown host, a changed key, an unusable state file
 */
export async function runRequest(config: RequestConfig, machine: Machine): Promise<ExitCode> {
  const password = needsPassword(config)
    ? await passwordFrom(config.password, config.id, machine)
    : "";
  const session = await openClient(machine, config, 0, asksOnly(machine));
  const { requests } = session.connection.client;
  requests.onRetry = ({ to }, sending, waitedMs) => {
    if (isOverdue(waitedMs)) machine.notice(retryLine(to, sending, requests.isServerBusy));
  };
  try {
    return exitCodeOf(await session.orFailure(ask(config, machine, session, password)));
  } finally {
    session.close();
  }
}

function needsPassword({ command }: RequestConfig): boolean {
  return command === "register" || command === "deregister" || command === "login";
}

async function ask(
  config: RequestConfig,
  machine: Machine,
  session: OpenClient,
  password: string,
): Promise<Verdict> {
  const { id, port } = config;
  const { ip, mac } = session;
  switch (config.command) {
    case "register":
      return simple(config, machine, session, { type: "REGISTER", id, password, mac, ip, port });
    case "deregister":
      return simple(config, machine, session, { type: "DEREGISTER", id, password, mac, ip, port });
    case "login":
      return simple(config, machine, session, { type: "LOGIN", id, password, ip, port });
    case "logoff":
      return simple(config, machine, session, { type: "LOGOFF", id });
    case "status": {
      const time = session.connection.times.distinct();
      const { message } = config;
      return simple(config, machine, session, { type: "STATUS", code: "01", id, time, message });
    }
    case "answer": {
      const { number, failed } = config;
      const code = failed ? resultCode.failed : resultCode.done;
      const time = commandTime(number);
      const data = {
        type: "DATA",
        code,
        id,
        address: null,
        time,
        message: config.message,
      } as const;
      return simple(
        config,
        machine,
        session,
        fitted(data, session.connection.carrier.textBytesMax),
      );
    }
    case "query":
      if (config.what === "list") return list(config, machine, session);
      return about(config, machine, session, config.what, config.target);
    case "peer":
      return peer(config, machine, session, config.target);
  }
}

async function simple(
  config: RequestConfig,
  machine: Machine,
  session: OpenClient,
  message: EncodedRequest["message"],
): Promise<Verdict> {
  const outcome = await session.connection.request(message, { timeoutMs: config.timeoutMs });
  return tell(config, machine, session, outcome, message.type);
}

/** Prints an outcome that consists of its code only. */
function tell(
  config: RequestConfig,
  machine: Machine,
  session: OpenClient,
  outcome: Outcome,
  verb: EncodedRequest["message"]["type"],
): Verdict {
  const verdict = verdictOf(verb, outcome);
  const { command, id } = config;
  machine.print(
    config.json
      ? jsonOf({ request: command, id }, outcome, verdict)
      : outcomeLine(verb, outcome, session.server),
  );
  advise(config, machine, session, verb, outcome);
  return verdict;
}

function advise(
  config: RequestConfig,
  machine: Machine,
  session: OpenClient,
  verb: EncodedRequest["message"]["type"],
  outcome: Outcome,
): void {
  const advice = adviceOn(verb, outcome, session.connection.carrier.kind === "sealed");
  if (advice !== null && !config.json) machine.notice(advice);
}

async function about(
  config: RequestConfig,
  machine: Machine,
  session: OpenClient,
  what: "address" | "report",
  target: string,
): Promise<Verdict> {
  const code = what === "address" ? query.address : query.latestReport;
  const outcome = await askServer(askerOf(config, machine, session), code, target);
  if (outcome.kind !== "answer" || outcome.code !== answer.found) {
    return tell(config, machine, session, outcome, "QUERY");
  }
  const address = what === "address" ? addressIn(outcome.message) : null;
  const report = what === "report" ? latestReportIn(outcome.message) : null;
  const none = `${target} has not reported yet`;
  const words =
    address === null
      ? report === null
        ? none
        : `${target} ${reportLine(report)}`
      : `${target} is at ${place(address)}`;
  const found = address ?? report;
  machine.print(
    config.json
      ? jsonOf({ request: "query", id: config.id, target }, outcome, "done", { [what]: found })
      : `${outcome.code} ${words}`,
  );
  return "done";
}

async function list(
  config: RequestConfig,
  machine: Machine,
  session: OpenClient,
): Promise<Verdict> {
  const ids: string[] = [];
  const outcome = await listLoggedIn(askerOf(config, machine, session), (page) => {
    if (config.json) ids.push(...page);
    else for (const id of page) machine.print(id);
  });
  const found = outcome.kind === "answer" && outcome.code === answer.found;
  if (!found) return tell(config, machine, session, outcome, "QUERY");
  if (config.json) {
    machine.print(jsonOf({ request: "query", id: config.id }, outcome, "done", { list: ids }));
  }
  return "done";
}

async function peer(
  config: RequestConfig,
  machine: Machine,
  session: OpenClient,
  target: string,
): Promise<Verdict> {
  const result = await askInTime(config, machine, session, target);
  const verdict = peerVerdict(result);
  const { outcome } = result;
  machine.print(
    config.json
      ? jsonOf({ request: "peer", id: config.id, target }, outcome, verdict, peerFields(result))
      : peerLine(target, result),
  );
  if (result.asked === "server") advise(config, machine, session, "QUERY", outcome);
  return verdict;
}

function peerFields({ asked, at, outcome, via, why }: PeerOutcome): Record<string, unknown> {
  if (asked === "server") return {};
  const answered = outcome.kind === "answer" ? outcome.message : null;
  return { address: at, via: via ?? null, answer: answered, ...(why === undefined ? {} : { why }) };
}

/** @param leftMs how long a request may take from now on */
function askerOf(
  { id, timeoutMs }: RequestConfig,
  machine: Machine,
  { connection, server }: OpenClient,
  leftMs = () => timeoutMs,
): QuestionPorts {
  return {
    id,
    server,
    port: connection.port,
    time: () => connection.times.distinct(),
    request: (message: Query, options?: { to?: Address }) =>
      connection.request(message, { ...options, timeoutMs: leftMs() }),
    ownIpTowards: machine.ownIpTowards,
    call: connection.caller,
  };
}

/** Asks a device. All steps together are bounded, not each: the server's answer, the call, the device's answer. */
async function askInTime(
  config: RequestConfig,
  machine: Machine,
  session: OpenClient,
  target: string,
): Promise<PeerOutcome> {
  const { clock } = machine;
  const until = clock.now() + config.timeoutMs;
  const leftMs = () => Math.max(1, until - clock.now());
  const asker = askerOf(config, machine, session, leftMs);
  const { call } = asker;
  if (call === null) return askDevice(asker, target, null, null);
  const callInTime = (id: string, at: Address) => {
    const { promise, resolve } = Promise.withResolvers<CallResult>();
    const cancel = clock.after(leftMs(), () =>
      resolve({ kind: "failed", why: "no time was left" }),
    );
    void call(id, at).then(resolve);
    return promise.finally(cancel);
  };
  return askDevice({ ...asker, call: callInTime }, target, null, null);
}
