// The stored answers of sealed requests: kept with the effect, for this device, key and msgid.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { AnsweredRows } from "../../../../lib/store/sqlite/rows/answered-rows.ts";
import { SqliteStore } from "../../../../lib/store/sqlite/sqlite-store.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";
import { type Operation, operate } from "../../operations.ts";
import { deviceOf, endOf, registerOf, startOfTime } from "../../fixtures.ts";
import { newDatabase } from "../store-fixtures.ts";

setDefaultTimeout(testTimeoutMs);

const right = { kind: "verified", hash: "h1" } as const;
const later = startOfTime + 1000;

function newStore() {
  const database = newDatabase();
  const store = new SqliteStore(database);
  return { database, apply: (operation: Operation) => operate(store, [operation])[0] };
}

describe("stored answers of sealed requests", () => {
  const requestOf = (msgid: bigint, key = 1) => ({
    device: "device-1",
    clientKey: new Uint8Array(32).fill(key),
    msgid,
    digest: new Uint8Array(16).fill(Number(msgid % 251n)),
  });
  const big = 2n ** 64n - 1n;

  test("are stored together with the effect, and given for this device, key and msgid only", () => {
    const { apply } = newStore();
    const answerTo = (msgid: bigint, key = 1, device = "device-1") =>
      apply({ kind: "answered", request: { ...requestOf(msgid, key), device } });
    expect(answerTo(big)).toEqual({ kind: "answered", code: null, isSame: false });
    apply({ ...registerOf(deviceOf(1)), request: requestOf(big) });
    expect(answerTo(big)).toEqual({ kind: "answered", code: "00", isSame: true });
    expect(answerTo(big, 2)).toEqual({ kind: "answered", code: null, isSame: false });
    expect(answerTo(1n)).toEqual({ kind: "answered", code: null, isSame: false });
    expect(answerTo(big, 1, "device-2")).toEqual({ kind: "answered", code: null, isSame: false });
    apply({ ...registerOf(deviceOf(1, { port: 9 }), right), request: requestOf(2n) });
    apply({ ...endOf(1, "logoff", later), request: requestOf(3n) });
    apply({
      kind: "deregister",
      device: deviceOf(1),
      proof: right,
      clientKey: requestOf(4n).clientKey,
      at: later,
      request: requestOf(4n),
    });
    const codes = [2n, 3n, 4n].map((msgid) => answerTo(msgid));
    expect(codes.map((outcome) => outcome?.kind === "answered" && outcome.code)).toEqual([
      "02",
      "80",
      "20",
    ]);
  });

  test("are known as another request's if the text differs, and as its own if they come from 1.0.0", () => {
    const { database, apply } = newStore();
    apply({ ...registerOf(deviceOf(1)), request: requestOf(big) });
    const request = { ...requestOf(big), digest: new Uint8Array(16).fill(252) };
    expect(apply({ kind: "answered", request })).toEqual({
      kind: "answered",
      code: "00",
      isSame: false,
    });
    database.run("UPDATE answered SET digest = NULL");
    expect(apply({ kind: "answered", request })).toMatchObject({ code: "00", isSame: true });
  });

  test("are not stored if nothing was changed, nor for a text request", () => {
    const { database, apply } = newStore();
    apply(registerOf(deviceOf(1)));
    apply({ ...registerOf(deviceOf(1), right), request: requestOf(1n) });
    apply({ ...registerOf(deviceOf(2, { ip: "10.0.0.1" })), request: requestOf(2n) });
    apply(endOf(1, "offline", later));
    expect(database.query("SELECT * FROM answered").values()).toEqual([]);
  });

  test("are kept for the latest requests only", () => {
    const database = newDatabase();
    const answered = new AnsweredRows(database, 3);
    for (let msgid = 1n; msgid <= 5n; msgid++) answered.keep(requestOf(msgid), "00");
    const kept = [1n, 2n, 3n, 4n, 5n].map(
      (msgid) => answered.answerTo(requestOf(msgid))?.code ?? null,
    );
    expect(kept).toEqual([null, null, "00", "00", "00"]);
  });
});
