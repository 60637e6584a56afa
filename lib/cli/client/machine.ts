// What the commands need from the machine they run on: clock, sockets, routes, files, a shell, a terminal. Types only;
// cmd/client implements them, tests use fakes.

import type { SealedPorts } from "../../client/sealed/ports.ts";
import type { CommandMemory } from "../../client/device-commands.ts";
import type { Spool } from "../../client/spool.ts";
import type { OperatingError } from "../../operating-error.ts";
import type { Address, Outgoing } from "../../protocol/messages.ts";
import type { ProgressStream } from "../progress.ts";
import type { Clock } from "./connection.ts";
import type { Terminal } from "./terminal.ts";

/** A bound UDP socket. */
export type Socket = {
  readonly port: number;
  send(batch: readonly Outgoing[]): void;
  close(): void;
};

/** What a shell command printed, or why its output is not usable. */
export type ShellResult =
  | { readonly ok: true; readonly output: string }
  | { readonly ok: false; readonly reason: string; readonly output?: string };

/** A device's state on the disk. */
export type DeviceState = Pick<SealedPorts, "local" | "ticketOf" | "keepTicket"> & {
  /** @param time ms since 1970 */
  nextHandshakeCounter(time: number): number;
};

/** The pinned keys of servers, by `host:port`. */
export type KnownServers = {
  keyOf(name: string): Uint8Array | null;
  /** @param firstSeen ms since 1970 */
  pin(name: string, key: Uint8Array, firstSeen: number, replace: boolean): void;
};

export type Machine = {
  /** `time` is the time of day in ms since 1970. */
  readonly clock: Clock & { time(): number };
  /** A random number from 0 to 1. */
  random(): number;
  /** Unpredictable bytes. */
  randomBytes(count: number): Uint8Array;
  readonly knownServers: KnownServers;
  /** Opens the state of a device; creates it if there is none. */
  openState(id: string): DeviceState;
  /**
   * Opens the spool of a device.
   * @param path its file; null for that in the device's state
   * @param reportsMax the most reports that wait
   * @param notice shows a line to a person
   */
  openSpool(
    id: string,
    path: string | null,
    reportsMax: number,
    notice: (line: string) => void,
  ): Spool;
  /** Opens what remembers the commands that a device has begun, in its state. */
  openCommands(id: string): CommandMemory & { close(): void };
  readPsk(path: string): Uint8Array;
  /** @param onRefused called when the system says that nobody listens where a datagram was sent; left out by devices */
  openSocket(
    host: string,
    port: number,
    onDatagram: (bytes: Uint8Array, from: Address) => void,
    onRefused?: () => void,
  ): Promise<Socket>;
  addressOf(host: string): Promise<string>;
  ownIpTowards(ip: string): Promise<string>;
  macOf(ip: string): string;
  readPasswordFile(path: string): Promise<string>;
  /** The password in the state of a device; null if none is kept there. */
  keptPassword(id: string): string | null;
  /** Keeps a password in the state of a device; the one of before is kept beside it. It is on the disk then. */
  keepPassword(id: string, password: string): void;
  runShellCommand(
    commandLine: string,
    variables: Readonly<Record<string, string>>,
    timeoutMs: number,
    outputBytesMax: number,
    /** Kills the command, with all processes that it started. */
    signal: AbortSignal,
    /** Its standard input; with one the output of a failing command is kept, too. */
    input?: string,
  ): Promise<ShellResult>;
  /** Opens standard input for reading. Commands that read no input never call it. */
  openTerminal(onInterrupt?: () => void): Terminal;
  /** Whether standard input is a terminal. */
  readonly personTypes: boolean;
  /** Where progress is shown: a terminal that shows answers, too, and where nobody types; else null. */
  readonly progress: ProgressStream | null;
  /** Prints an answer to standard output. */
  print(line: string): void;
  /** Prints a line that is not an answer to standard error. */
  notice(line: string): void;
  /** Prints an error that ends the command to standard error. */
  fail(error: OperatingError): void;
  /**
   * Calls `run` at every SIGINT and SIGTERM, and at SIGHUP (the terminal closed) unless the process was started with
   * nohup; these signals then no longer end the process.
   */
  onStop(run: () => void): void;
  /** Calls `run` at a signal of `onStop` before that ends the process. */
  onKill(run: () => void): void;
};
