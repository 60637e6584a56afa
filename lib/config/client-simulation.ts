// The settings of iot-client simulate. Never opens a file.

import { devicesMax } from "../client/simulation/profile.ts";
import type { Env } from "./arguments.ts";
import {
  expectPositionals,
  type Given,
  type PasswordSource,
  passwordSource,
  serversIn,
} from "./client-arguments.ts";
import { type Sealing, sealingOf } from "./client-sealing.ts";
import type { ServerName } from "./server-name.ts";
import { countValue, durationValue, quoted, usageError } from "./values.ts";

/** The settings of simulate, which speaks for many devices. */
export type SimulateConfig = {
  readonly command: "simulate";
  readonly server: ServerName;
  readonly sealing: Sealing;
  readonly password: PasswordSource;
  readonly json: boolean;
  /** 1 to 99,999. */
  readonly devices: number;
  /** From one report of a device to the next, 100 to 86,400,000 ms. */
  readonly everyMs: number;
  /** The part of the datagrams that gets lost each way, 0 to below 1. */
  readonly loss: number;
  /** How long it runs, ms; Infinity until a signal. */
  readonly forMs: number;
  readonly seed: number;
  /** Whether the devices are only to be deregistered. */
  readonly clean: boolean;
  /** Whether the server may be another machine. */
  readonly yes: boolean;
};

const seedMax = 999_999_999;
const forMsMax = 366 * 86_400_000;

/**
 * Reads the settings of simulate.
 * @throws OperatingError `usage`
 */
export function readSimulate(given: Given, env: Env): SimulateConfig {
  const { positionals, value, isOn } = given;
  expectPositionals("simulate", positionals, 0, 0);
  const devices = value("devices");
  if (devices === null) throw usageError("--devices is missing.", "Say how many: --devices 100.");
  const servers = serversIn(given);
  if (servers.length > 1) {
    throw usageError("simulate has one server.", "Give one: --server HOST:PORT.");
  }
  const forTime = value("for");
  return {
    command: "simulate",
    server: servers[0] as ServerName,
    sealing: sealingOf(given),
    password: passwordSource(value("password-file"), null, env),
    json: isOn("json"),
    devices: countValue("--devices", devices, 1, devicesMax),
    everyMs: durationValue("--every", value("every") ?? "60s", 100, 86_400_000),
    loss: lossValue(value("loss") ?? "0%"),
    forMs: forTime === null ? Infinity : durationValue("--for", forTime, 1_000, forMsMax),
    seed: countValue("--seed", value("seed") ?? "1", 0, seedMax),
    clean: isOn("clean"),
    yes: isOn("yes"),
  };
}

function lossValue(text: string): number {
  const percent = /^(\d{1,2}(?:\.\d{1,3})?)%$/.exec(text)?.[1];
  if (percent !== undefined && Number(percent) <= 90) return Number(percent) / 100;
  throw usageError(`--loss is ${quoted(text)}, not 0% to 90%.`, "Write it as 5% or 0.5%.");
}
