// Writes what peers cause into the logs, so that nobody can push the lines of others out of them: refusals, and requests
// of sources without a session, are limited, and what is left out is counted. Never writes a file.

import type { EngineClock } from "./engine-clock.ts";
import { LineLimit } from "./line-limit.ts";
import type { Log } from "./log.ts";
import type { Address } from "../protocol/messages.ts";
import { limits } from "./policy.ts";
import type { Request } from "./request.ts";
import type { SessionTable } from "./sessions/session-table.ts";

export class Logbook {
  readonly #errors: LineLimit;
  readonly #strangers: LineLimit;

  constructor(
    private readonly log: Log,
    private readonly clock: EngineClock,
    private readonly sessions: SessionTable,
  ) {
    const { uptimeMs } = clock;
    this.#errors = new LineLimit(limits.errorLinesPerSecond, limits.errorLinesPerSecond, uptimeMs);
    this.#strangers = new LineLimit(
      limits.strangerLinesPerSecond,
      limits.strangerLinesBurst,
      uptimeMs,
    );
  }

  /** Writes a line of error.log. @param source null if no peer caused it */
  error(source: Address | null, words: string): void {
    const left = this.#errors.take(this.clock.uptimeMs);
    if (left === null) return;
    if (left > 0) this.log.error("-", leftOut(left));
    this.log.error(source === null ? "-" : peerName(source), words);
  }

  /** Writes that a request came in. */
  received(request: Request, words: string): void {
    if (this.#isStranger(request) && !this.#admit()) return;
    this.log.activity("info", peerName(request.source), "RECV", words);
  }

  /** Writes the answer to a request. @param isIdle whether it changed nothing: strangers can have it again and again */
  answered(request: Request, isIdle: boolean, words: string): void {
    if (isIdle && this.#isStranger(request) && !this.#admit()) return;
    this.log.activity("info", peerName(request.source), "SEND", words);
  }

  /** Whether a request is of a source without a session. */
  #isStranger({ source, link }: Request): boolean {
    return link === null ? !this.sessions.hasSource(source.ip) : link.device === null;
  }

  #admit(): boolean {
    const left = this.#strangers.take(this.clock.uptimeMs);
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
