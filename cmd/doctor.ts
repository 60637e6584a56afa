// The command that looks whether a server with these settings would run well here. Changes nothing, and stops no server. A new
// part of the server that can be set up wrongly has its check in the table here.

import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { WriteLine } from "../lib/cli/server/commands.ts";
import { type Finding, fine, printFindings } from "../lib/cli/server/findings.ts";
import {
  judgeBuffer,
  judgeClock,
  judgeFiles,
  judgeRights,
  judgeRoom,
} from "../lib/cli/server/judged-machine.ts";
import type { BrokerSource } from "../lib/config/broker-source.ts";
import type { ServeConfig } from "../lib/config/serve-config.ts";
import { usageError } from "../lib/config/values.ts";
import { healthOn } from "../lib/io/control-calls.ts";
import {
  isClockSynchronized,
  openFilesMax,
  receiveBufferMax,
  roomAt,
  whyUnwritable,
} from "../lib/io/machine-facts.ts";
import { identityPathOf } from "../lib/io/secrets/identity-file.ts";
import { whyUnreachable } from "../lib/io/reachable.ts";
import { openUdp } from "../lib/io/udp/udp-endpoint.ts";
import { type ExitCode, OperatingError } from "../lib/operating-error.ts";
import { isServing } from "../lib/server/health.ts";
import { placeOf } from "./place.ts";

/** How long a broker may take to answer, ms. */
const brokerWaitMs = 5_000;

/** Looks at one thing; an OperatingError that it throws is a bad finding. @param port of the server; null for any that runs */
type Check = (
  config: ServeConfig,
  isRunning: boolean,
  port: number | null,
) => Promise<Finding[]> | Finding[];

/** The checks, by subject, in the order in which they are printed. */
const checks: Readonly<Record<string, Check>> = {
  server: (config, _isRunning, port) => serverFinding(config, port),
  port: (config, isRunning) => (isRunning ? [] : portFinding(config)),
  http: (config, isRunning) => (isRunning ? [] : httpFinding(config)),
  database: (config, isRunning) => (isRunning ? [] : databaseFinding(config)),
  broker: ({ mqtt }) => (mqtt === null ? [] : brokerFinding(mqtt)),
  rights: ({ db, logDir, logTo }) => [
    judgeRights(dirname(db), whyUnwritable(dirname(db)), "--db"),
    ...(logTo === "stdout" ? [] : [judgeRights(logDir, whyUnwritable(logDir), "--log-dir")]),
  ],
  secrets: (config) => secretsFinding(config),
  disk: ({ db }) => [judgeRoom(dirname(db), roomAt(dirname(db)))],
  clock: () => [judgeClock(isClockSynchronized(), Date.now())],
  buffer: () => [judgeBuffer(receiveBufferMax(), process.getuid?.() === 0)],
  files: () => [judgeFiles(openFilesMax())],
};

/** Carries out all checks and prints what they found. */
export async function runDoctor(
  {
    serve,
    isAnyPort,
    json,
  }: { readonly serve: ServeConfig; readonly isAnyPort: boolean; readonly json: boolean },
  write: WriteLine,
): Promise<ExitCode> {
  const port = isAnyPort ? null : serve.port;
  const isRunning = await healthOn(placeOf(serve).path, port).then(
    () => true,
    () => false,
  );
  if (isAnyPort && !isRunning) throw portMissing(serve);
  const findings: Finding[] = [];
  for (const [subject, check] of Object.entries(checks)) {
    findings.push(...(await found(subject, () => check(serve, isRunning, port), serve)));
  }
  return printFindings(findings, json, write);
}

async function found(
  subject: string,
  check: () => Promise<Finding[]> | Finding[],
  config: ServeConfig,
): Promise<Finding[]> {
  try {
    return await check();
  } catch (error) {
    const explained = placeOf(config).explain(error);
    if (!(explained instanceof OperatingError)) throw explained;
    return [{ subject, grade: "bad", says: explained.message, nextStep: explained.nextStep }];
  }
}

function portMissing({ db }: ServeConfig): Error {
  return usageError(
    `No server runs on ${db}, so the port to look at is missing.`,
    "Write: iot-server doctor 9000",
  );
}

async function serverFinding(config: ServeConfig, port: number | null): Promise<Finding[]> {
  const subject = "server";
  try {
    const health = await healthOn(placeOf(config).path, port);
    const { status, why } = health;
    if (why === null)
      return [fine(subject, `runs on ${config.db}: ports and database are its own`)];
    const grade = isServing(health) ? "warning" : "bad";
    return [{ subject, grade, says: `${status}: ${why}`, nextStep: "See iot-server status." }];
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    return [fine(subject, `none runs on ${config.db}`)];
  }
}

async function portFinding({ host, port }: ServeConfig): Promise<Finding[]> {
  const socket = await openUdp(host, port, () => {});
  socket.close();
  return [fine("port", `${port}/udp is free`)];
}

function httpFinding({ http, port: devicePort }: ServeConfig): Finding[] {
  if (http === null) return [fine("http", "no dashboard is served")];
  const port = http.port ?? devicePort;
  try {
    Bun.listen({ hostname: http.host, port, socket: { data() {} } }).stop(true);
    return [fine("http", `${port}/tcp on ${http.host} is free`)];
  } catch (error) {
    const { code = String(error) } = error as { code?: string };
    const says = `${port}/tcp on ${http.host} cannot be used (${code})`;
    const nextStep = "Stop what uses it, or give --http 127.0.0.1:8080, or --no-http.";
    return [{ subject: "http", grade: "bad", says, nextStep }];
  }
}

async function databaseFinding(config: ServeConfig): Promise<Finding[]> {
  const place = placeOf(config);
  const isFile = config.store === undefined;
  if (isFile && !existsSync(place.path)) {
    return [fine("database", `${place.name} will be made at the first start`)];
  }
  // A look-up needs the head, the schema and an index. Every page is looked at by iot-server check.
  await place.isRegistered("doctor");
  return [fine("database", `${place.name} can be read; iot-server check looks at all of it`)];
}

/** Whether somebody answers there; what the broker allows is tried by `iot-server mqtt test`. */
async function brokerFinding({ host, port }: BrokerSource): Promise<Finding[]> {
  const subject = "broker";
  const name = `${host}:${port}/tcp`;
  const why = await whyUnreachable(host, port, brokerWaitMs);
  if (why === null) return [fine(subject, `${name} answers; iot-server mqtt test tries it`)];
  const nextStep =
    "Start the broker, or correct --mqtt. Devices are served without it all the same.";
  return [{ subject, grade: "warning", says: `${name} does not answer (${why})`, nextStep }];
}

/** Files with secrets that others can read are refused at the start. */
function secretsFinding({ db, pskFile, store, mqtt }: ServeConfig): Finding[] {
  if (process.platform === "win32") return [];
  const named = [pskFile, store?.passwordFile ?? null, mqtt?.passwordFile ?? null];
  const paths = [identityPathOf(db), `${db}.token`, ...named.filter((path) => path !== null)];
  const exposed = paths.filter((path) => {
    const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
    return (mode & 0o077) !== 0;
  });
  return exposed.map((path) => ({
    subject: "secrets",
    grade: "bad" as const,
    says: `${path} can be read by others`,
    nextStep: `If nobody has read it: chmod 600 ${path}. Else make a new one.`,
  }));
}
