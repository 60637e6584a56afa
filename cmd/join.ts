// The commands of the door: connects the store and the running server to the terminal.

import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { confirmation } from "../lib/cli/server/confirm.ts";
import type { WriteLine } from "../lib/cli/server/commands.ts";
import {
  type JoinPort,
  judgeDevices,
  printPending,
  runJoining,
} from "../lib/cli/server/join-run.ts";
import type { AskedDevices } from "../lib/config/devices-arguments.ts";
import type { Joining } from "../lib/config/join-arguments.ts";
import type { DataPlace } from "../lib/config/store-source.ts";
import { doorOn, statusOn } from "../lib/io/control-calls.ts";
import { readIdentity } from "../lib/io/secrets/identity-file.ts";
import type { PacketLoop } from "../lib/io/udp/packet-loop.ts";
import type { ExitCode } from "../lib/operating-error.ts";
import { fingerprint } from "../lib/sealed/fingerprint.ts";
import { type DoorAction, type DoorResult, ruleOf } from "../lib/server/door/door-action.ts";
import type { Reached } from "../lib/server/door/ready-line.ts";
import type { Decided } from "../lib/server/store-port.ts";
import { needsServer, openHere } from "./opened-store.ts";
import { placeOf } from "./place.ts";

const say = (words: string) => void process.stderr.write(`${words}\n`);
const defaultPort = 9000;

/** What an operator asks of the door. */
export type AtDoor = DataPlace & { readonly sharedIp: boolean } & (
    | (Joining & { readonly command: "join"; readonly json: boolean })
    | Extract<AskedDevices, { command: "pending" | "judge" }>
  );

/** Carries out `join`, `devices --pending`, `approve` and `reject`: through the running server, or in the database. */
export async function runAtDoor(config: AtDoor, write: WriteLine): Promise<ExitCode> {
  const { sharedIp, ...place } = config;
  const store = placeOf(place);
  const isServed = await needsServer(store);
  // Where nothing is stored there is no door: nothing is made for it.
  if (!isServed) await store.isRegistered("");
  const opened = isServed ? null : await openHere(store, config.command, sharedIp);
  const now = Date.now();
  const act = async (actions: readonly DoorAction[]) => {
    if (opened === null) return doorOn(store.path, actions);
    const results = await opened.apply(actions.map((action) => ruleOf(action, now)));
    // A batch gives each rule its own outcome.
    return results.map((result) => (result as Decided<DoorResult>).outcome);
  };
  const reached = await reachedAt(store.path, isServed);
  const confirm = confirmation();
  const random = (count: number) => randomBytes(count);
  const port: JoinPort = { act, random, reached, confirm, now, write, onRefused: say };
  try {
    if (config.command === "join") return await runJoining(config, port);
    if (config.command === "pending") return await printPending(config, port);
    return await judgeDevices(config, port);
  } finally {
    await opened?.close();
  }
}

/** Has a running server carry out actions at the door. */
export function doorOf(loop: PacketLoop): (action: DoorAction) => Promise<DoorResult> {
  return (action) =>
    new Promise((done) => loop.act(({ door }, now) => door.act(action, done, now)));
}

/** The host by which clients reach a server that listens on one, as they take it. */
export function reachedAs(host: string): string {
  if (host === "::" || host === "0.0.0.0") return hostname();
  return host.includes(":") ? `[${host}]` : host;
}

/** Where devices reach the server of a store. */
async function reachedAt(path: string, isServed: boolean): Promise<Reached> {
  const port = isServed ? (await statusOn(path, null)).port : defaultPort;
  const identity = readIdentity(path, null);
  const key = identity === null ? null : fingerprint(identity.sealing.publicKey);
  return { host: hostname(), port, key };
}
