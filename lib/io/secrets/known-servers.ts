// The pinned server keys of this user's clients, one line each: `host:port x25519:<base64> <first seen>`. Never decides
// whether to trust a key; the caller compares.

import { join } from "node:path";
import { exitCode, OperatingError } from "../../operating-error.ts";
import { fingerprint } from "../../sealed/fingerprint.ts";
import { equal } from "../../sealed/primitives.ts";
import { makeSecretFolder, readSecretFile, writeSecretFile } from "./secret-file.ts";
import { whileLocked } from "../state-lock.ts";

const form = /^(\S+) x25519:([A-Za-z0-9+/]{43}=) (\S+)$/;

/** The pins in a state folder. */
export class KnownServers {
  readonly path: string;

  /** @param folder the client's state folder; created with the first pin */
  constructor(private readonly folder: string) {
    this.path = join(folder, "known_servers");
  }

  /**
   * The key pinned for a server, 32 bytes, or null.
   * @param name `host:port`, an IPv6 literal in brackets
   * @throws OperatingError `secret-exposed`, `known-servers-damaged`
   */
  keyOf(name: string): Uint8Array | null {
    for (const line of this.#lines()) {
      const [, server, key] = this.#parsed(line);
      if (server === name) return Buffer.from(key, "base64");
    }
    return null;
  }

  /**
   * Pins a key whose possession the server has proven.
   * @param name `host:port`, an IPv6 literal in brackets
   * @param key 32 bytes
   * @param firstSeen ms since 1970
   * @param replace whether the key may replace another one; if not, that is an error
   * @throws OperatingError `key-changed` if another client has pinned another key meanwhile
   */
  pin(name: string, key: Uint8Array, firstSeen: number, replace: boolean): void {
    makeSecretFolder(this.folder);
    whileLocked(`${this.path}.lock`, () => {
      const pinned = this.keyOf(name);
      if (pinned !== null && equal(pinned, key)) return;
      if (pinned !== null && !replace) throw pinnedMeanwhile(name, pinned, key);
      const others = this.#lines().filter((line) => this.#parsed(line)[1] !== name);
      const time = new Date(firstSeen).toISOString();
      const line = `${name} x25519:${Buffer.from(key).toString("base64")} ${time}`;
      writeSecretFile(this.path, Buffer.from([...others, line, ""].join("\n")));
    });
  }

  #lines(): string[] {
    const text = readSecretFile(this.path)?.toString("latin1") ?? "";
    return text.split("\n").filter((line) => line !== "");
  }

  #parsed(line: string): [string, string, string] {
    const parts = form.exec(line);
    if (parts === null) {
      throw new OperatingError(
        "known-servers-damaged",
        `${this.path} has a line that is not a pin: ${JSON.stringify(line.slice(0, 60))}.`,
        "Remove that line, or restore the file.",
      );
    }
    return parts as unknown as [string, string, string];
  }
}

function pinnedMeanwhile(name: string, pinned: Uint8Array, key: Uint8Array): OperatingError {
  return new OperatingError(
    "key-changed",
    `${name} is pinned with another key. Trusted: ${fingerprint(pinned)}. Shown: ${fingerprint(key)}.`,
    `If the server's key was renewed: iot-client trust --replace ${name}`,
    exitCode.keyChanged,
  );
}
