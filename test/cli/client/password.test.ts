// Where the client's password comes from: a join token makes one, which is kept before it is used and found again later.

import { expect, setDefaultTimeout, test } from "bun:test";
import { passwordFrom } from "../../../lib/cli/client/password.ts";
import type { Machine } from "../../../lib/cli/client/machine.ts";
import { passwordSource } from "../../../lib/config/client-arguments.ts";
import { isPassword } from "../../../lib/protocol/fields.ts";
import { tokenIn } from "../../../lib/server/door/join-token.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { fakeMachine } from "./fake-machine.ts";

setDefaultTimeout(testTimeoutMs);

const token = "join-0123456789abcdefghjkmnpqrs";
const other = "join-1123456789abcdefghjkmnpqrs";

/** A machine that keeps passwords, all that it was given. */
function keeping(...kept: string[]): { machine: Machine; kept: string[] } {
  let fill = 0;
  const machine = {
    ...fakeMachine({}).machine,
    personTypes: false,
    randomBytes: (count: number) => new Uint8Array(count).fill(++fill),
    keptPassword: () => kept.at(-1) ?? null,
    keepPassword: (_id: string, password: string) => void kept.push(password),
  };
  return { machine, kept };
}

test("a token makes a password of its own, once, which is found without the token later", async () => {
  const { machine, kept } = keeping();
  const made = await passwordFrom({ kind: "join", token }, "pi1", machine);
  expect(kept).toEqual([made]);
  expect(tokenIn(made)).toBe(token);
  expect(made.length).toBe(token.length + 1 + 24);
  expect(isPassword(made)).toBe(true);
  expect(await passwordFrom({ kind: "join", token }, "pi1", machine)).toBe(made);
  expect(await passwordFrom({ kind: "ask" }, "pi1", machine)).toBe(made);
  expect(await passwordFrom({ kind: "given", password: "p" }, "pi1", machine)).toBe("p");
  expect(kept).toHaveLength(1);
  const second = await passwordFrom({ kind: "join", token: other }, "pi1", machine);
  expect([second.startsWith(`${other}.`), kept.length]).toEqual([true, 2]);
});

test("a fleet and a device without a kept password ask as before", async () => {
  const { machine } = keeping();
  for (const id of [null, "pi1"]) {
    const asked = passwordFrom({ kind: "ask" }, id, machine);
    expect(await asked.catch((error: Error) => error.message)).toContain("nobody to ask");
  }
});

test("a token is a token, and goes without a password", () => {
  expect(passwordSource(null, token.toUpperCase(), {})).toEqual({ kind: "join", token });
  for (const wrong of ["x", `${token}.`, `${token}.secret`, token.slice(1)]) {
    expect(() => passwordSource(null, wrong, {})).toThrow("--join is no join token");
  }
  expect(() => passwordSource("file", token, {})).toThrow("a join token and a password");
  expect(() => passwordSource(null, token, { IOT_PASSWORD: "p" })).toThrow("and a password");
});
