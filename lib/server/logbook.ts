// Writes what peers cause into the logs, so that nobody can push the lines of others out of them: refusals, and requests
// of sources without a session, are limited, and what is left out is counted. Never writes a file.

import { LineLimit } from "./line-limit.ts";
import type { Log } from "./log.ts";
import type { Address } from "../protocol/messages.ts";
import { limits } from "./policy.ts";

export class Logbook {
  readonly #errors: LineLimit;
  readonly #strangers: LineLimit;

  /** @param now a monotonic clock, ms; so in the methods */
  constructor(
    private readonly log: Log,
    now: number,
  ) {
    this.#errors = new LineLimit(limits.errorLinesPerSecond, limits.errorLinesPerSecond, now);
    this.#strangers = new LineLimit(limits.strangerLinesPerSecond, limits.strangerLinesBurst, now);
  }

  /** Writes a line of error.log. @param source null if no peer caused it */
  error(source: Address | null, words: string, now: number): void {
    const left = this.#errors.take(now);
    if (left === null) return;
    if (left > 0) this.log.error("-", leftOut(left));
    this.log.error(source === null ? "-" : peerName(source), words);
  }

  /** Writes that a request came in. @param isStranger whether its source has no session */
  received(source: Address, isStranger: boolean, words: string, now: number): void {
    if (isStranger && !this.#admit(now)) return;
    this.log.activity("info", peerName(source), "RECV", words);
  }

  /** Writes the answer to a request. @param isStranger whether it changed nothing for a source without a session */
  answered(source: Address, isStranger: boolean, words: string, now: number): void {
    if (isStranger && !this.#admit(now)) return;
    this.log.activity("info", peerName(source), "SEND", words);
  }

  #admit(now: number): boolean {
    const left = this.#strangers.take(now);
    if (left === null) return false;
    if (left > 0)
      this.log.activity("warn", "-", "-", `${leftOut(left)}: of sources without a session`);
    return true;
  }
}

function leftOut(lines: number): string {
  return `${lines} more lines were not written here`;
}

/** A peer as logs name it: `ip:port`, IPv6 in brackets. */
export function peerName(source: Address): string {
  return source.ip.includes(":") ? `[${source.ip}]:${source.port}` : `${source.ip}:${source.port}`;
}
