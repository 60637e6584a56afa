// Fixtures of all stores' tests: a time, devices, operations in short form, random numbers.

import type { DeviceFacts, EndReason } from "../../lib/server/rows.ts";
import type { Proof } from "../../lib/server/passwords/proof.ts";
import type { Operation } from "./operations.ts";

/** 2026-11-22 09:14:06 UTC. */
export const startOfTime = 1_795_338_846_000;

/** A report operation with its key. */
export function reportOf(
  device: string,
  message: string,
  options: { at?: number; measured?: number; time?: string; previous?: number; code?: string } = {},
): Extract<Operation, { kind: "report" }> {
  const { at = startOfTime, measured = at, time = "2026-11-22:09:14:06" } = options;
  const { previous = 0, code = "01" } = options;
  const text = `DATA\t${code}\t${device}\t${time}\t${message}`;
  const key = Number.parseInt(Bun.SHA256.hash(text, "hex").slice(0, 12), 16);
  const report = { device, time, received: at, at: measured, code, message };
  return { kind: "report", report, key, previous };
}

/** The end of a session, as an operation. @param at ms since 1970 */
export function endOf(
  session: number,
  reason: EndReason,
  at: number,
): Extract<Operation, { kind: "end" }> {
  return { kind: "end", id: "device-1", session, reason, lastSeen: at, at };
}

/** A device by number. */
export function deviceOf(number: number, facts: Partial<DeviceFacts> = {}): DeviceFacts {
  const id = `device-${number}`;
  return { id, mac: `aa:bb:cc:00:00:${number}`, ip: `10.0.0.${number}`, port: 2000, ...facts };
}

/** A REGISTER with the password hashed as `hash`, in text. */
export function registerOf(device: DeviceFacts, proof: Proof = { kind: "hashed", hash: "h1" }) {
  return {
    kind: "register",
    device,
    proof,
    sealed: false,
    clientKey: null,
    join: "open",
    at: startOfTime,
  } as const;
}

/** A LOGIN from the device's own address, in text. */
export function loginOf({ id, ip, port }: DeviceFacts, proof: Proof, at = startOfTime) {
  const [source, stated] = [
    { ip, port },
    { ip, port },
  ];
  return { kind: "login", id, proof, sealed: false, seal: null, source, stated, at } as const;
}

/** A generator of integers from 0 to below a bound, repeatable by seed (mulberry32). */
export function newDraw(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}
