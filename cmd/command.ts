// The commands that give devices commands, list and cancel them: connects the store and the running server to the terminal.

import type { Commanded, CommandsAsked } from "../lib/config/command-arguments.ts";
import type { DataPlace } from "../lib/config/store-source.ts";
import type { WriteLine } from "../lib/cli/server/commands.ts";
import {
  cancelCommands,
  type CommandPort,
  giveCommand,
  listCommands,
} from "../lib/cli/server/command-run.ts";
import { confirmation } from "../lib/cli/server/confirm.ts";
import { isShown } from "../lib/cli/server/listing.ts";
import { cancelAllOn, cancelOn, commandOn } from "../lib/io/control-calls.ts";
import type { ControlCalls } from "../lib/io/control-socket.ts";
import type { PacketLoop } from "../lib/io/udp/packet-loop.ts";
import type { ExitCode } from "../lib/operating-error.ts";
import { ServiceClock } from "../lib/server/commands/service-clock.ts";
import { StoreCommands } from "../lib/server/commands/store-commands.ts";
import type { StorePlace } from "../lib/server/store-care.ts";
import { needsServer, openHere } from "./opened-store.ts";
import { placeOf } from "./place.ts";

type Flags = { readonly json: boolean; readonly sharedIp: boolean };

const say = (words: string) => void process.stderr.write(`${words}\n`);
const pause = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));

/** Gives devices a command, and waits for its result if that is asked for. */
export async function runCommand(
  config: DataPlace & Commanded & Flags & { readonly waitMs: number; readonly yes: boolean },
  write: WriteLine,
): Promise<ExitCode> {
  const store = placeOf(config);
  const { select } = config;
  const isServed = await store.isServed();
  const devices: CommandPort["devices"] = async () => {
    const found = [];
    for await (const device of store.devices()) {
      const isMeant = select === null ? device.id === config.id : isShown(device, select, isServed);
      if (isMeant) found.push(device);
    }
    return found;
  };
  return withCommands(store, config.sharedIp, (commands) =>
    giveCommand(config, {
      devices,
      isServed,
      commands,
      command: async (number) => store.command(number),
      confirm: confirmation(),
      pause,
      now: Date.now,
      monotonic: () => performance.now(),
      write,
      onRefused: say,
    }),
  );
}

/** Lists commands, or cancels some. */
export async function runCommands(
  config: DataPlace & CommandsAsked & Flags,
  write: WriteLine,
): Promise<ExitCode> {
  const store = placeOf(config);
  if (config.what === "list") {
    const { id: device, all, json } = config;
    const read = async (before: number, limit: number) =>
      store.commands({ device, state: all ? "all" : "open", before, limit });
    return listCommands({ json, all, device }, read, write);
  }
  return withCommands(store, config.sharedIp, (commands) =>
    cancelCommands(config, { commands, write, onRefused: say }),
  );
}

/** Uses the running server, or opens the store if none runs. */
async function withCommands<T>(
  store: StorePlace,
  sharedIp: boolean,
  use: (commands: CommandPort["commands"]) => Promise<T>,
): Promise<T> {
  if (await needsServer(store)) {
    const { path } = store;
    return use({
      queue: (all) => commandOn(path, all),
      cancel: (numbers) => cancelOn(path, numbers),
      cancelAll: (device) => cancelAllOn(path, device),
    });
  }
  // Where nothing is stored there is no device: nothing is made for it.
  await store.isRegistered("");
  const opened = await openHere(store, "command", sharedIp);
  try {
    const { service } = await opened.openCommands();
    const moment = { wall: Date.now(), monotonic: performance.now() };
    const clock = new ServiceClock(service, moment);
    return await use(new StoreCommands(opened, () => clock.at(performance.now()), Date.now));
  } finally {
    await opened.close();
  }
}

/** What the running server does for these commands. */
export function commandCalls(
  loop: Pick<PacketLoop, "act">,
): Pick<ControlCalls, "command" | "cancel" | "cancelAll"> {
  return {
    command: (ordered) =>
      new Promise((done) => loop.act(({ commands }, now) => commands.queue(ordered, done, now))),
    cancel: (number) =>
      new Promise((done) => loop.act(({ commands }, now) => commands.cancel(number, done, now))),
    cancelAll: (device) =>
      new Promise((done) => loop.act(({ commands }, now) => commands.cancelAll(device, done, now))),
  };
}
