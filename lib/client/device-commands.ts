// Carries out the commands of the server, each number once (protocol §4.14): what it begins is on the disk before it begins, and the
// result after. Runs no program and sends nothing: what does is passed in.

import { result as resultCode } from "../protocol/commands.ts";
import { digestOf } from "../protocol/digest.ts";

/** What became of a command. */
export type CommandResult = { readonly code: string; readonly message: string };

/** A command, as it is remembered: the same number with another message is another command. */
export type CommandKey = { readonly number: number; readonly hash: string };

/** Remembers which commands were begun, and the results of those that ended: at least the latest 64, also after a crash. */
export type CommandMemory = {
  /** null: it was never begun. `result` is null as long as it has not ended. */
  find(key: CommandKey): { readonly result: CommandResult | null } | null;
  /** It is on the disk when this returns. @throws if it cannot be kept */
  begin(key: CommandKey): void;
  /** @throws if it cannot be kept */
  finish(key: CommandKey, result: CommandResult): void;
  /** Those that were begun and have not ended, oldest first. */
  begun(): readonly CommandKey[];
};

/** What it needs from its caller. */
export type CommandPorts = {
  /** null if this device carries out no commands: it says so. */
  readonly memory: CommandMemory | null;
  /** Whose numbers they are, as a text: a new server begins again with 1. Without it all are of one. */
  numberedBy?(): string;
  /** Carries a command out, now or later. @param done to be called once */
  execute(
    number: number,
    message: string,
    done: (result: CommandResult, now: number) => void,
  ): void;
  /** Sends a result. */
  tell(number: number, result: CommandResult): void;
  /** Told of what a person should know. */
  trouble(words: string): void;
};

/** Implementation constants: how many wait (a server gives no more to a device), and how soon a result is sent again, ms. */
const waitingMax = 64;
const tellAgainMs = 1_500;

export class DeviceCommands {
  readonly #waiting: { readonly key: CommandKey; readonly message: string }[] = [];
  #isBusy = false;
  /** When results were sent, by number. */
  readonly #toldAt = new Map<number, number>();

  constructor(private readonly ports: CommandPorts) {}

  /** Ends what a crash has interrupted: nobody knows how far it came, so it is not begun again. Call it once, first. */
  start(now: number): void {
    const { memory } = this.ports;
    for (const key of memory?.begun() ?? []) {
      this.ports.trouble(
        `command ${key.number} was interrupted when this program ended, and is not begun again`,
      );
      this.#finish(key, { code: resultCode.failed, message: "interrupted" }, now);
    }
  }

  /** Takes a command of the server, for the first time or again. */
  receive(number: number, message: string, now: number): void {
    const { memory } = this.ports;
    if (memory === null) {
      const words = "this device carries out no commands";
      return this.#tell(number, { code: resultCode.unknown, message: words }, now);
    }
    const key = { number, hash: this.#hashOf(message) };
    const known = memory.find(key);
    if (known !== null) {
      // Perhaps the server has not heard it.
      if (known.result !== null) this.#tell(number, known.result, now);
      return;
    }
    const waits = this.#waiting.some(
      (one) => one.key.number === number && one.key.hash === key.hash,
    );
    if (waits || this.#waiting.length >= waitingMax) return;
    this.#waiting.push({ key, message });
    this.#next(now);
  }

  /** Whether a command is being carried out, or waits for that. */
  get isBusy(): boolean {
    return this.#isBusy || this.#waiting.length > 0;
  }

  #hashOf(message: string): string {
    const by = this.ports.numberedBy?.() ?? "";
    return digestOf(Buffer.from(by === "" ? message : `${by}\n${message}`));
  }

  #next(now: number): void {
    const { ports } = this;
    if (this.#isBusy) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    const { key, message } = next;
    try {
      ports.memory?.begin(key);
    } catch (error) {
      // Begun without a trace, it could be carried out twice.
      const words = `not begun: it cannot be kept (${(error as Error).message})`;
      ports.trouble(`command ${key.number} is ${words}`);
      this.#tell(key.number, { code: resultCode.failed, message: words }, now);
      return this.#next(now);
    }
    this.#isBusy = true;
    ports.execute(key.number, message, (result, at) => {
      this.#isBusy = false;
      this.#finish(key, result, at);
      this.#next(at);
    });
  }

  #finish(key: CommandKey, result: CommandResult, now: number): void {
    const { ports } = this;
    try {
      ports.memory?.finish(key, result);
    } catch (error) {
      ports.trouble(
        `the result of command ${key.number} cannot be kept (${(error as Error).message})`,
      );
    }
    this.#toldAt.delete(key.number);
    this.#tell(key.number, result, now);
  }

  #tell(number: number, result: CommandResult, now: number): void {
    const at = this.#toldAt.get(number);
    // Repeats of a command that crossed its result on the way.
    if (at !== undefined && now - at < tellAgainMs) return;
    this.#toldAt.delete(number);
    this.#toldAt.set(number, now);
    for (const oldest of this.#toldAt.keys()) {
      if (this.#toldAt.size <= waitingMax) break;
      this.#toldAt.delete(oldest);
    }
    this.ports.tell(number, result);
  }
}
