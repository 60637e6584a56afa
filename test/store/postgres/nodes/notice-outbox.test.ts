// How notifications are sent: one statement at a time, with all that waited, within bounds. Without a database.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { Readers } from "../../../../lib/store/postgres/connection/readers.ts";
import { NoticeOutbox } from "../../../../lib/store/postgres/nodes/notice-outbox.ts";
import { noticeBytesMax } from "../../../../lib/store/postgres/nodes/notices.ts";
import { testTimeoutMs, until } from "../../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

type Statement = { readonly texts: string; readonly end: () => void; readonly fail: () => void };

function bench() {
  const statements: Statement[] = [];
  const read = (_: string, values: readonly unknown[] = []) =>
    new Promise<never[]>((resolve, reject) => {
      const fail = () => reject(new Error("away"));
      statements.push({ texts: values[1] as string, end: () => resolve([]), fail });
    });
  const outbox = new NoticeOutbox({ read } as Pick<Readers, "read">);
  const results: string[] = [];
  const send = (text: string) =>
    void outbox.send("channel", text).then(
      () => results.push(`${text} sent`),
      () => results.push(`${text} failed`),
    );
  const statement = (number: number) => until(`statement ${number}`, () => statements[number - 1]);
  return { outbox, statements, results, send, statement };
}

test("what waits goes with the next statement, and each learns what became of it", async () => {
  const { results, send, statement } = bench();
  send("a");
  send('b "\\');
  const first = await statement(1);
  expect(first.texts).toBe(String.raw`{"a","b \"\\"}`);
  send("c");
  send("d");
  first.fail();
  const second = await statement(2);
  expect(second.texts).toBe('{"c","d"}');
  second.end();
  await until("the results", () => results.length === 4);
  expect(results).toEqual(["a failed", 'b "\\ failed', "c sent", "d sent"]);
});

test("what is too long, or one too many, fails at once", async () => {
  const { outbox, statements, send, statement } = bench();
  expect(outbox.send("channel", "ä".repeat(noticeBytesMax / 2 + 1))).rejects.toThrow(RangeError);
  send("a");
  await statement(1);
  for (let i = 0; i < 4_096; i++) send("x");
  expect(outbox.send("channel", "x")).rejects.toThrow("too many");
  statements[0]?.end();
  expect((await statement(2)).texts.length).toBeLessThan(256 * 5);
});

test("an outbox that is closed sends what it has, but not for ever", async () => {
  const { outbox, results, send, statement } = bench();
  send("a");
  const first = await statement(1);
  send("b");
  const closed = outbox.close(50);
  send("c");
  first.end();
  await statement(2);
  send("d");
  await closed;
  expect(results).toEqual(["c failed", "a sent", "d failed"]);
});
