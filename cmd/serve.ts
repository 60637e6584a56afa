// A running server: opens its parts in order and closes them in reverse, so that a failed start leaves nothing open. No
// logic of its own.

import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { ServeConfig } from "../lib/config/serve-config.ts";
import { fingerprint } from "../lib/sealed/fingerprint.ts";
import type { AskResult } from "../lib/server/asks.ts";
import { OpenCommands } from "../lib/fleet/open-commands.ts";
import { Roster } from "../lib/fleet/roster.ts";
import { Engine } from "../lib/server/engine.ts";
import { alone, type NodeQuestion, type StoreNodes } from "../lib/server/nodes.ts";
import { exactDuration } from "../lib/server/duration-text.ts";
import type { Asker, SessionRow, StoredCommands } from "../lib/server/rows.ts";
import type { Opening, OpenStore } from "../lib/server/store-care.ts";
import { HeardLog } from "../lib/io/log/activity-lines.ts";
import { type ControlCalls, type ControlQuestion, serveControl } from "../lib/io/control-socket.ts";
import { tokenDigest } from "../lib/io/secrets/admin-token.ts";
import { isJournal } from "../lib/io/journal.ts";
import { openIdentity, readPsk } from "../lib/io/secrets/identity-file.ts";
import { type FileLogs, openLogs } from "../lib/io/log/log-file.ts";
import { PacketLoop } from "../lib/io/udp/packet-loop.ts";
import { ownIpTowards } from "../lib/io/udp/route.ts";
import { tellWarning } from "../lib/cli/failure.ts";
import { readyCipher } from "../lib/cli/ready-cipher.ts";
import { showProgress } from "../lib/cli/progress.ts";
import { OperatingError } from "../lib/operating-error.ts";
import { hashPassword } from "../lib/io/secrets/password-hasher.ts";
import { openUdp } from "../lib/io/udp/udp-endpoint.ts";
import { startAlerts } from "./alerts.ts";
import { doorOf } from "./join.ts";
import { askAnywhere, joinNodes } from "./nodes.ts";
import { commandCalls } from "./command.ts";
import { withBridge } from "./mqtt.ts";
import { placeOf } from "./place.ts";
import { prepareRetention } from "./retention.ts";
import { settingsKeeper } from "./settings.ts";
import { toldStatus } from "./told-status.ts";
import { type RunningWeb, startWeb } from "./web.ts";

/** A running server. */
export type RunningServer = {
  /** The address and UDP port it listens on. */
  readonly host: string;
  readonly port: number;
  /** The fingerprint of the key that devices pin, `SHA256:…`. */
  readonly fingerprint: string;
  /** The database on the network that has the data, as it is shown; null if a file has them. */
  readonly store: string | null;
  /** The name of this server on that store, and those of the others that live; null for a file. */
  readonly node: { readonly own: string; readonly others: readonly string[] } | null;
  /** The address of the dashboard, or null if none is served. */
  readonly url: string | null;
  /** Makes a link that logs in to the dashboard once; null if none is served. */
  newLoginLink(): string | null;
  /** The admin token if it was created now, to be shown once; else null. */
  readonly newToken: string | null;
  /** How it is, in a line. */
  state(): string;
  /** Opens the logs again at their paths, after SIGHUP. */
  reopenLogs(): Promise<void>;
  /** Takes up the settings that may change while it runs, and logs which do not. */
  takeUp(next: ServeConfig): void;
  /** Logs why the settings stay as they are. */
  keepSettings(wrong: OperatingError): void;
  /** Answers the datagrams that have arrived, stores the sessions, and closes everything. */
  stop(): Promise<void>;
};

const now = Date.now;
const bothClocks = () => ({ wall: Date.now(), monotonic: performance.now() });

/**
 * Starts a server.
 * @throws OperatingError if a part cannot be opened as configured; nothing is left open then
 */
export async function startServer(config: ServeConfig, version: string): Promise<RunningServer> {
  const closers: (() => void | Promise<void>)[] = [];
  try {
    return await open(config, version, closers);
  } catch (error) {
    await closeAll(closers);
    throw error;
  }
}

async function open(
  config: ServeConfig,
  version: string,
  closers: (() => void | Promise<void>)[],
): Promise<RunningServer> {
  await readyCipher();
  const logs = await openLogsOf(config);
  closers.push(() => logs.close());
  const place = placeOf(config);
  const store = await place.open(openingOf(config, version, place.path, logs));
  closers.push(() => store.close());
  for (const warning of store.warnings) tell(logs, warning);
  const retention = prepareRetention(store.remover, config.retainMs, logs, bothClocks);
  closers.push(() => retention.close());
  const sessions = await store.openSessions();
  const commands = await store.openCommands();
  const made = makeEngine(config, place.path, store, { sessions, commands }, logs);
  const { identity, engine, roster, loop } = made;
  const endpoint = await openUdp(config.host, config.port, loop.receive, { isBusy: true });
  closers.push(() => endpoint.close());
  const askHere = (question: NodeQuestion) => ask(loop, engine, endpoint.port, question);
  const askDevice = (question: ControlQuestion, by: Asker) =>
    askAnywhere(store.nodes, engine, { ...question, by }, askHere);
  closers.push(() => roster.close());
  let served: RunningWeb | null = null;
  const url = () => served?.web.url ?? null;
  const alerts = startAlerts({ version, store, ...made, logs, url, door: doorOf(loop) });
  closers.push(() => alerts.close());
  const calls = { alerts, ask: askDevice };
  const parts = { config, version, ...made, store, retention, endpoint, logs, ...calls };
  const webParts = await withBridge(parts, identity.sealing.publicKey, closers);
  if (config.http !== null) served = await startWeb(webParts, config.http);
  closers.push(() => served?.close());
  const newLoginLink = () => served?.web.newLoginLink() ?? null;
  const told = toldStatus(webParts, served?.web.status ?? null);
  closers.push(() => told.close());
  const closeControl = openControl(place.path, store.nodes && endpoint.port, logs, {
    ask: (question) => askDevice(question, "cli"),
    ...told,
    alert: alerts.call,
    retentionHold: () => retention.hold(),
    loginLink: newLoginLink,
    ...deviceCalls(loop),
    ...commandCalls(loop),
  });
  closers.push(closeControl);
  const joined = store.nodes && joinNodes(store.nodes, { engine, loop, ask: askHere });
  closers.push(() => joined?.stopTelling());
  loop.start(endpoint);
  closers.push(() => loop.stop());
  closers.push(() => joined?.stopHearing());
  retention.start();
  const words = `iot-server ${version} listens on UDP ${endpoint.port}, ${sessions.length} sessions restored`;
  logs.activity("info", "-", "-", words);
  closers.push(() => logs.activity("info", "-", "-", `iot-server ${version} stops`));
  return {
    host: endpoint.host,
    port: endpoint.port,
    fingerprint: fingerprint(identity.sealing.publicKey),
    store: config.store === undefined ? null : place.name,
    node: await namesOf(store.nodes),
    url: url(),
    newToken: served?.newToken ?? null,
    newLoginLink,
    state: told.state,
    reopenLogs: () => reopen(logs),
    ...settingsKeeper(config, { logs, ...made }),
    stop: () => closeAll(closers),
  };
}

/** The calls of commands that change devices. */
function deviceCalls(loop: PacketLoop) {
  return {
    allowText: (id) => loop.allowText(id),
    remove: (id) => loop.remove(id),
    changePassword: (id, hash) =>
      loop.operate((operator, ...rest) => operator.changePassword(id, hash, ...rest)),
    label: (id, changes) => loop.label(id, changes),
    door: doorOf(loop),
    enroll: (candidates) =>
      Promise.all(candidates.map(({ hash, ...device }) => loop.enroll(device, hash))),
  } satisfies Partial<ControlCalls>;
}

function openLogsOf(config: ServeConfig): Promise<FileLogs> {
  const { logDir: directory, logLevel: level, logTo: to, logFormat: format } = config;
  return openLogs({ directory, level, to, format, now, isJournal: isJournal(process.env) });
}

async function namesOf(nodes: StoreNodes | null): Promise<RunningServer["node"]> {
  if (nodes === null) return null;
  // The server runs, also if the database is away just now.
  const all = await nodes.list().catch(() => []);
  const others = all.filter(({ name, lives }) => lives && name !== nodes.own);
  return { own: nodes.own, others: others.map(({ name }) => name) };
}

/** Makes the engine with the stored sessions, the list of devices that follows it, and the loop that will drive it. */
function makeEngine(
  config: ServeConfig,
  path: string,
  store: OpenStore,
  { sessions, commands }: { sessions: readonly SessionRow[]; commands: StoredCommands },
  logs: FileLogs,
) {
  const psk = config.pskFile === null ? null : readPsk(config.pskFile);
  const identity = openIdentity(path, psk);
  const random = { bytes: (count: number) => randomBytes(count) };
  const heard = new HeardLog(logs, config.logLevel, now);
  // A copy: some of it may change while the server runs.
  const policy = { ...config };
  const engine = new Engine(
    {
      policy,
      log: heard,
      random,
      identity,
      lanes: store.lanes,
      nodes: store.nodes ?? alone,
      commands,
    },
    sessions,
    bothClocks(),
  );
  const roster = new Roster(store.reads, engine.desk.sessions);
  engine.feed.subscribe((facts) => roster.take(facts));
  const openCommands = new OpenCommands(store.reads);
  engine.feed.subscribe((facts) => openCommands.take(facts));
  const loop = new PacketLoop(engine, store, bothClocks);
  return { identity, heard, engine, policy, roster, openCommands, loop };
}

/** Serves the commands of the same binary. If that fails, it warns and logs: devices are served all the same. */
function openControl(
  databasePath: string,
  port: number | null,
  logs: FileLogs,
  calls: ControlCalls,
): () => void {
  try {
    const control = serveControl(databasePath, calls, port);
    return () => control.close();
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    tell(logs, error);
    return () => {};
  }
}

/** What the store gets for its opening. Notes go to the log and to standard error. */
function openingOf(config: ServeConfig, version: string, path: string, logs: FileLogs): Opening {
  const { sharedIp, node, host, port, offlineAfterMs } = config;
  const onNote = (words: string) => {
    logs.activity("info", "-", "-", words);
    process.stderr.write(`${words}\n`);
  };
  const onTrouble = (words: string) => logs.error("-", words);
  const onProgress = showProgress("Hashing passwords");
  const ownFingerprint = () => fingerprint(openIdentity(path, null).sealing.publicKey);
  const traits = { sharedIp, fingerprint: ownFingerprint };
  const reached = `${host === "::" ? hostname() : host}:${port}`;
  const named = {
    name: node ?? `${hostname()}:${port}`,
    address: reached,
    version,
    offlineAfterMs,
    settings: settingsOf(config, path),
  };
  return { hashPassword, onProgress, onNote, onTrouble, now, traits, node: named };
}

/** What all servers of a store should have the same. */
function settingsOf(config: ServeConfig, path: string): Record<string, string> {
  const { keyPolicy, join, requireEncryption, pskFile, offlineAfterMs } = config;
  const token = config.http === null ? null : tokenDigest(path);
  return {
    "--key-policy": keyPolicy,
    "--join": join,
    "--require-encryption": requireEncryption ? "on" : "off",
    "--psk-file": pskFile === null ? "off" : "on",
    "--offline-after": exactDuration(offlineAfterMs),
    ...(token === null ? {} : { "admin token": `#${token}` }),
  };
}

/** Tells the operator of a trouble with which the server runs on, on the terminal and in the log. */
function tell(logs: FileLogs, trouble: OperatingError): void {
  logs.error("-", `${trouble.message} ${trouble.nextStep}`);
  tellWarning(trouble);
}

function reopen(logs: FileLogs): Promise<void> {
  logs.activity("info", "-", "-", "SIGHUP: the logs are opened again");
  return logs.reopen();
}

async function closeAll(closers: (() => void | Promise<void>)[]): Promise<void> {
  for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close();
}

/** Asks a device. The QUERY contains this server's address on the route to the device. */
async function ask(
  loop: PacketLoop,
  engine: Engine,
  port: number,
  { id, code, target, by }: NodeQuestion,
): Promise<AskResult> {
  const to = engine.operator.destinationOf(id);
  const ip = to === null ? "127.0.0.1" : await ownIpTowards(to.ip);
  return new Promise((onResult) =>
    loop.ask({ id, code, target, answerTo: { ip, port }, by, onResult }),
  );
}
