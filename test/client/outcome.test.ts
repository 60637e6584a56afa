// What an outcome means, and when a refusal counts as done because an earlier sending of the request succeeded.

import { expect, setDefaultTimeout, test } from "bun:test";
import { verdictOf } from "../../lib/client/outcome.ts";
import type { Message } from "../../lib/protocol/messages.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const verdict = (verb: Message["type"], code: string, repeated: boolean) =>
  verdictOf(verb, { kind: "ack", code, reason: "", repeated });

test.each([
  ["REGISTER", "00", "done", "done"],
  ["REGISTER", "01", "done", "done"],
  ["REGISTER", "02", "done", "done"],
  ["REGISTER", "11", "refused", "refused"],
  ["REGISTER", "12", "refused", "refused"],
  ["REGISTER", "31", "refused", "refused"],
  ["DEREGISTER", "20", "done", "done"],
  ["DEREGISTER", "21", "refused", "done"],
  ["DEREGISTER", "30", "refused", "refused"],
  ["DEREGISTER", "31", "refused", "refused"],
  ["LOGIN", "70", "done", "done"],
  ["LOGIN", "31", "refused", "refused"],
  ["LOGOFF", "80", "done", "done"],
  ["LOGOFF", "31", "refused", "done"],
  ["STATUS", "40", "done", "done"],
  ["STATUS", "41", "refused", "refused"],
  ["DATA", "50", "done", "done"],
  ["DATA", "51", "refused", "refused"],
  ["DATA", "93", "later", "later"],
  ["DATA", "95", "later", "later"],
  ["QUERY", "61", "refused", "refused"],
] as const)("%s %s is %s, and %s after a repetition", (verb, code, once, repeated) => {
  expect(verdict(verb, code, false)).toBe(once);
  expect(verdict(verb, code, true)).toBe(repeated);
});

test("silence is silent, and an answer is judged by its code", () => {
  const from = { ip: "192.0.2.1", port: 9000 };
  expect(verdictOf("LOGIN", { kind: "silent", sendings: 5 })).toBe("silent");
  expect(verdictOf("QUERY", { kind: "answer", code: "01", message: "", from })).toBe("done");
  expect(verdictOf("QUERY", { kind: "answer", code: "12", message: "", from })).toBe("refused");
});
