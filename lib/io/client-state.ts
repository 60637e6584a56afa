// The state of a device on the disk, one folder for each: its static key, handshake counter and tickets. Several
// processes may use the same device's state at once.

import { randomBytes } from "node:crypto";
import { linkSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { SealedPorts, Ticket } from "../client/sealed/ports.ts";
import { OperatingError } from "../operating-error.ts";
import { hash, type KeyPair, x25519KeyPair } from "../sealed/primitives.ts";
import { makeSecretFolder, readSecretFile, writeSecretFile } from "./secrets/secret-file.ts";
import { whileLocked } from "./state-lock.ts";

const keyHeading = "iot-client key 1";
const ticketHeading = "iot-client ticket 1";
const secretBytes = 32;

/** The persistent state of a device. */
export type ClientState = Pick<SealedPorts, "local" | "ticketOf" | "keepTicket"> & {
  /**
   * A handshake counter higher than all before it (protocol §5.7), at most 2^53 - 1. It is on the disk before it is
   * returned.
   * @param time ms since 1970
   * @throws OperatingError `counters-spent`: there is none; also what a damaged or locked state throws
   */
  nextHandshakeCounter(time: number): number;
};

/**
 * The folder of the client's state: `$XDG_STATE_HOME/iot-client`, or `~/.local/state/iot-client`.
 * @param env the environment
 */
export function stateFolderOf(env: Readonly<Record<string, string | undefined>>): string {
  const stated = env["XDG_STATE_HOME"] ?? "";
  // XDG Base Directory Specification: a path that is not absolute must be ignored.
  const base = isAbsolute(stated) ? stated : join(env["HOME"] || homedir(), ".local", "state");
  return join(base, "iot-client");
}

/**
 * Opens a device's state; creates its folder and key if they are missing.
 * @param folder the client's state folder
 * @param id the device
 * @throws OperatingError `secret-exposed`, `secret-unwritable`, `state-damaged`
 */
export function openClientState(folder: string, id: string): ClientState {
  return new DeviceState(makeDeviceFolder(folder, id));
}

/**
 * The folder of a device in the client's state folder; created if it is missing.
 * @throws OperatingError `secret-exposed`, `secret-unwritable`
 */
export function makeDeviceFolder(folder: string, id: string): string {
  makeSecretFolder(folder);
  const device = join(folder, "devices", fileNameOf(id));
  makeSecretFolder(device);
  return device;
}

class DeviceState implements ClientState {
  readonly local: KeyPair;

  constructor(private readonly folder: string) {
    const path = join(folder, "device.key");
    this.local = x25519KeyPair(readKey(path) ?? makeKey(path));
  }

  nextHandshakeCounter(time: number): number {
    const path = join(this.folder, "hs_counter");
    return whileLocked(`${path}.lock`, () => {
      const before = Number(readSecretFile(path)?.toString("latin1") ?? "0");
      if (!Number.isSafeInteger(before) || before < 0) throw damaged(path);
      const clock = Math.floor(time) * 1000;
      // A clock after the year 2255 is wrong; following it would end this key for good.
      const counter = Math.max(Number.isSafeInteger(clock) ? clock : 0, before + 1);
      // No server accepts a higher one, and none again.
      if (!Number.isSafeInteger(counter)) throw countersSpent(path);
      writeSecretFile(path, Buffer.from(`${counter}\n`));
      return counter;
    });
  }

  ticketOf(serverKey: Uint8Array, id: string): Ticket | null {
    const text = readSecretFile(this.#ticketPath(serverKey, id))?.toString("latin1");
    const [heading, ...lines] = text?.split("\n") ?? [];
    const [ticket, signingKey] = lines.map((line) => Buffer.from(line, "base64"));
    // A damaged ticket counts as none: the next login replaces it.
    if (heading !== ticketHeading || ticket?.length !== secretBytes) return null;
    return signingKey?.length === secretBytes ? { ticket, signingKey } : null;
  }

  keepTicket(serverKey: Uint8Array, id: string, { ticket, signingKey }: Ticket): void {
    const lines = [ticket, signingKey].map((bytes) => Buffer.from(bytes).toString("base64"));
    const text = [ticketHeading, ...lines, ""].join("\n");
    writeSecretFile(this.#ticketPath(serverKey, id), Buffer.from(text));
  }

  /** One file for each server and id, so that processes that log in at once do not overwrite each other's tickets. */
  #ticketPath(serverKey: Uint8Array, id: string): string {
    const name = Buffer.from(hash(serverKey, Buffer.from(id))).toString("hex");
    return join(this.folder, `ticket-${name.slice(0, 32)}`);
  }
}

function readKey(path: string): Uint8Array | null {
  const text = readSecretFile(path)?.toString("latin1");
  if (text === undefined) return null;
  const [heading, secret = ""] = text.split("\n");
  const bytes = Buffer.from(secret, "base64");
  if (heading !== keyHeading || bytes.length !== secretBytes) throw damaged(path);
  return bytes;
}

/** Creates the key. If two processes do so at once, link(2) succeeds for one of them and both use its key. */
function makeKey(path: string): Uint8Array {
  const mine = `${path}.${randomBytes(6).toString("hex")}`;
  const secret = randomBytes(secretBytes);
  writeSecretFile(mine, Buffer.from(`${keyHeading}\n${secret.toString("base64")}\n`));
  try {
    linkSync(mine, path);
    return secret;
  } catch {
    const theirs = readKey(path);
    if (theirs === null) throw damaged(path);
    return theirs;
  } finally {
    rmSync(mine, { force: true });
  }
}

function damaged(path: string): OperatingError {
  return new OperatingError(
    "state-damaged",
    `${path} is damaged.`,
    "Restore it, or remove its folder: the device then logs in with its password and a new key.",
  );
}

function countersSpent(path: string): OperatingError {
  return new OperatingError(
    "counters-spent",
    `${path} is at its end: no server accepts another handshake of this device's key. Its clock was centuries ahead.`,
    "Set the clock, and remove that file and device.key beside it: the device then logs in with its password and a new key.",
  );
}

/** A file name that is unique for the id on every file system: other characters than `a-z 0-9 . _ -` are escaped. */
function fileNameOf(id: string): string {
  return id.replace(/[^a-z0-9._-]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}
