// The examples in the specification are correct: each request and answer decodes, and each ACK carries the hash of its
// request.

import { expect, setDefaultTimeout, test } from "bun:test";
import { decode } from "../../lib/protocol/decode.ts";
import { specification } from "./vectors.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const lines = [...specification.matchAll(/^ {4}([<>]) (.*)$/gm)].map(([, sign, text]) => ({
  isRequest: sign === ">",
  text: (text as string).replaceAll("→", "\t"),
}));

test("there are examples", () => expect(lines.length).toBeGreaterThan(20));

let request = "";
for (const { isRequest, text } of lines) {
  if (isRequest) request = text;
  const asked = request;
  test(text, () => (isRequest ? expectRequest(text) : expectAnswer(asked, text)));
}

function expectRequest(text: string): void {
  const decoded = decode(Buffer.from(text));
  const answer = lines[lines.findIndex((line) => line.text === text) + 1]?.text ?? "";
  expect(answer.startsWith("ACK\t9") && !answer.startsWith("ACK\t93")).toBe(!decoded.ok);
}

function expectAnswer(asked: string, text: string): void {
  const decoded = decode(Buffer.from(text));
  if (!decoded.ok) throw new Error(decoded.reason);
  const { message } = decoded;
  const refused = decode(Buffer.from(asked));
  if (message.type !== "ACK") {
    expect(message.type).toBe("DATA");
    return;
  }
  expect(message.hash).toBe(Bun.SHA256.hash(asked, "hex"));
  if (refused.ok) return;
  const { code, reason, id } = refused;
  expect(message).toMatchObject({ code, reason, id: id ?? "-" });
}
