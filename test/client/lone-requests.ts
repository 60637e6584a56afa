// Requests on a channel that only keeps what is sent: the tests answer, and wake them. Checks nothing.

import type { Outcome } from "../../lib/client/outcome.ts";
import { Requests } from "../../lib/client/requests.ts";
import type { Ack, Data, Query } from "../../lib/protocol/messages.ts";
import { delivered, FakeChannel, messageIn, server } from "./fakes.ts";

export const login = {
  type: "LOGIN",
  id: "asmith",
  password: "p",
  ip: "192.0.2.2",
  port: 1994,
} as const;
export const logoff = { type: "LOGOFF", id: "asmith" } as const;

/** A QUERY to the server; its time tells it from others. */
export function query(code: string, target: string, second: number): Query {
  const time = `2026-11-22:09:16:0${second}.000`;
  return { type: "QUERY", code, id: "asmith", address: null, time, target };
}

/** The requests of a client whose channel only keeps what is sent. */
export function start(random = 0) {
  const channel = new FakeChannel();
  const requests = new Requests(channel, () => random);
  const outcomes: Outcome[] = [];
  const ask = (message: Parameters<Requests["prepare"]>[0], to = server, timeoutMs?: number) =>
    requests.submit(
      requests.prepare(message, to),
      0,
      (outcome) => outcomes.push(outcome),
      timeoutMs,
    );
  const ack = (text: string, from = server, now = 1, answers: bigint | null = null) =>
    requests.receiveAck(messageIn(text) as Ack, delivered(text, from, answers), now);
  const data = (text: string, from = server, now = 1) =>
    requests.receiveData(messageIn(text) as Data, delivered(text, from), now);
  return { channel, requests, outcomes, ask, ack, data };
}

/** Wakes the requests whenever they ask for it, until they no longer do. @returns the times of waking, ms */
export function runOut(requests: Requests): number[] {
  const times: number[] = [];
  for (let at = requests.wakeAt; at !== null; at = requests.wakeAt) {
    times.push(at);
    requests.tick(at);
  }
  return times;
}
