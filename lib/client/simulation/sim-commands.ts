// What a simulated device does with the commands of the server: it carries each out once, at once, and says what a device could say.
// Remembers them in memory only: with the program ends the device.

import { BoundedMap } from "../../bounded-map.ts";
import { query } from "../../protocol/codes.ts";
import { commandIn, result as resultCode } from "../../protocol/commands.ts";
import type { Address } from "../../protocol/messages.ts";
import {
  type CommandKey,
  type CommandMemory,
  type CommandResult,
  DeviceCommands,
} from "../device-commands.ts";
import type { MessageTimes } from "../message-times.ts";
import type { Requests } from "../requests.ts";

/** What it needs from its device. */
export type SimCommandPorts = {
  readonly id: string;
  readonly server: Address;
  readonly requests: Requests;
  readonly times: MessageTimes;
  /** What the device measures now. */
  reading(): string;
  /** Reports a result. */
  tell(number: number, result: CommandResult): void;
  /** Told of each command that is carried out. */
  onCarriedOut(): void;
};

/** Implementation constants: commands whose results are kept (protocol §4.14), and how long a question for one waits, ms. */
const keptMax = 64;
const askMs = 5_000;

export class SimCommands {
  /** Made with the first command: most devices never get one. */
  #once: DeviceCommands | null = null;
  #isAsking = false;
  #now = 0;

  constructor(private readonly ports: SimCommandPorts) {}

  /** Takes a command, for the first time or again. */
  receive(number: number, message: string, now: number): void {
    this.#now = now;
    this.#once ??= this.#carryingOut();
    this.#once.receive(number, message, now);
  }

  /** Asks the server for the command that waits (protocol §4.15), and carries it out. */
  ask(now: number): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const { id, server, requests, times } = this.ports;
    const time = times.distinct();
    const question = { type: "QUERY", code: query.command, id, address: null, time } as const;
    const request = requests.prepare({ ...question, target: id }, server);
    const onOutcome: Parameters<Requests["submit"]>[2] = (outcome, at) => {
      this.#isAsking = false;
      const command = outcome.kind === "answer" ? commandIn(outcome.message) : null;
      if (command !== null) this.receive(command.number, command.message, at);
    };
    requests.submit(request, now, onOutcome, askMs);
  }

  #carryingOut(): DeviceCommands {
    const { ports } = this;
    return new DeviceCommands({
      memory: new KeptResults(),
      execute: (_number, message, done) => {
        ports.onCarriedOut();
        done(resultOf(message, ports.reading), this.#now);
      },
      tell: (number, result) => ports.tell(number, result),
      trouble: () => {},
    });
  }
}

/** What a device says of a command: it knows its readings and whatever can be set, and one word that fails. */
export function resultOf(message: string, reading: () => string): CommandResult {
  const [word = "", ...rest] = message.trim().split(/\s+/);
  switch (word.toLowerCase()) {
    case "set": {
      const pairs = rest.map((pair) => pair.replace("=", " "));
      if (pairs.length > 0) return { code: resultCode.done, message: pairs.join(", ") };
      return { code: resultCode.unknown, message: "set what?" };
    }
    case "get":
    case "read":
      return { code: resultCode.done, message: reading() };
    case "fail":
      return { code: resultCode.failed, message: "the simulated device failed as it was told" };
    default:
      return { code: resultCode.done, message: `${message} done` };
  }
}

/** The latest commands of a device and their results. */
class KeptResults implements CommandMemory {
  readonly #results = new BoundedMap<string, CommandResult | null>(keptMax);

  find(key: CommandKey): { readonly result: CommandResult | null } | null {
    const result = this.#results.get(nameOf(key));
    return result === undefined ? null : { result };
  }

  begin(key: CommandKey): void {
    this.#results.set(nameOf(key), null);
  }

  finish(key: CommandKey, result: CommandResult): void {
    this.#results.set(nameOf(key), result);
  }

  begun(): readonly CommandKey[] {
    // Each ends as it begins.
    return [];
  }
}

function nameOf({ number, hash }: CommandKey): string {
  return `${number} ${hash}`;
}
