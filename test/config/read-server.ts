// Reads command lines of the server as at a fixed time, for the tests of the configuration.

import { expect } from "bun:test";
import type { Env } from "../../lib/config/arguments.ts";
import { readServerConfig, type ServerConfig } from "../../lib/config/server.ts";
import { OperatingError } from "../../lib/operating-error.ts";

/** 2026-11-22 09:14:06 UTC. */
export const now = 1_795_338_846_000;
export const [hour, day] = [3_600_000, 86_400_000];

export function read(line: string, env: Env = {}): ServerConfig {
  return readServerConfig(line.split(" ").filter(Boolean), env, now);
}

export function refusal(args: readonly string[], env: Env = {}): string {
  try {
    readServerConfig(args, env, now);
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    expect(error).toMatchObject({ code: "usage", exit: 2 });
    expect(error.nextStep).not.toBe("");
    return error.message;
  }
  throw new Error(`nothing is wrong with ${args.join(" ")}`);
}
