// What becomes of the devices of an import: in batches, with or without passwords to hash, and with labels.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { ImportedDevice, RefusedLine } from "../../../lib/cli/server/import-file.ts";
import {
  type Imported,
  importDevices,
  type ImportPort,
} from "../../../lib/cli/server/import-run.ts";
import type { LabelResult } from "../../../lib/server/operator.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

/** A registrar that stores ids with an even number, knows the id `known`, and refuses the rest. */
function newRegistrar(failAt = Number.POSITIVE_INFINITY) {
  const told = { hashed: [] as string[], refused: [] as RefusedLine[], progress: [] as number[] };
  const stored: string[] = [];
  const labelled: string[] = [];
  let calls = 0;
  const port = {
    enroll: (candidates: readonly { readonly id: string; readonly hash: string | null }[]) => {
      if (++calls > failAt) return Promise.reject(new Error("the server is gone"));
      return Promise.resolve(
        candidates.map(({ id, hash }) => {
          if (id === "known") return { kind: "done", code: "01" } as const;
          if (Number(id.slice(1)) % 2 === 1) return { kind: "done", code: "12" } as const;
          if (hash === null) return { kind: "hash" } as const;
          stored.push(`${id} ${hash}`);
          return { kind: "done", code: "00" } as const;
        }),
      );
    },
    label: (some: Parameters<ImportPort["label"]>[0]) => {
      labelled.push(...some.map(({ id, changes }) => `${id} ${JSON.stringify(changes)}`));
      return Promise.resolve(
        some.map(({ id }): LabelResult =>
          id === "d8" ? { kind: "too-many" } : { kind: "labelled", labels: new Map() },
        ),
      );
    },
    hashPassword: (password: string) => {
      told.hashed.push(password);
      return Promise.resolve(`hash of ${password}`);
    },
    onRefused: (line: RefusedLine) => void told.refused.push(line),
    onProgress: (lines: number) => void told.progress.push(lines),
  };
  return { port, stored, labelled, ...told };
}

const none = (): Imported => ({ registered: 0, unchanged: 0, refused: 0 });

function device(id: string, line: number): ImportedDevice {
  return {
    line,
    id,
    password: `pw-${id}`,
    hash: null,
    mac: id,
    ip: "10.0.0.1",
    port: 9,
    labels: [],
  };
}

describe("the run", () => {
  test("hashes only what will be registered, and reports refusals in the order of lines", async () => {
    const { port, stored, hashed, refused, progress } = newRegistrar();
    const counts = none();
    const lines = [
      device("d1", 2),
      { line: 3, reason: "broken" },
      device("d2", 4),
      device("known", 5),
    ];
    await importDevices(lines, port, counts);
    expect(counts).toEqual({ registered: 1, unchanged: 1, refused: 2 });
    expect(stored).toEqual(["d2 hash of pw-d2"]);
    expect(hashed).toEqual(["pw-d2"]);
    expect(refused).toEqual([
      { line: 2, reason: "d1: 12 the IP belongs to another device" },
      { line: 3, reason: "broken" },
    ]);
    expect(progress).toEqual([4]);
  });

  test("a hash is used as it is, and labels follow, also of devices that were there", async () => {
    const { port, stored, hashed, labelled, refused } = newRegistrar();
    const labels = [{ key: "name", value: "Pump" }];
    const lines = [
      { ...device("d2", 2), password: null, hash: "theirs", labels },
      { ...device("known", 3), labels },
      { ...device("d5", 4), labels },
      { ...device("d8", 5), labels },
    ];
    const counts = none();
    await importDevices(lines, port, counts);
    expect(stored).toEqual(["d2 theirs", "d8 hash of pw-d8"]);
    expect(hashed).toEqual(["pw-d8"]);
    expect(labelled.map((one) => one.split(" ")[0])).toEqual(["d2", "known", "d8"]);
    expect(refused).toEqual([
      { line: 4, reason: "d5: 12 the IP belongs to another device" },
      {
        line: 5,
        reason: "d8: is registered, but its labels were refused: a device has at most 32 labels",
      },
    ]);
  });

  test("lines go in batches, and the last progress counts all of them", async () => {
    const { port, stored, progress } = newRegistrar();
    const counts = none();
    const lines = Array.from({ length: 1_000 }, (_, i) => device(`d${i}`, i + 2));
    await importDevices(lines, port, counts);
    expect(counts).toEqual({ registered: 500, unchanged: 0, refused: 500 });
    expect(stored).toHaveLength(500);
    expect(progress.at(-1)).toBe(1_000);
    expect(progress.length).toBeGreaterThan(10);
  });

  test("after an error in the middle the counts say what was done", async () => {
    const { port, stored } = newRegistrar(4);
    const counts = none();
    const lines = Array.from({ length: 1_000 }, (_, i) => device(`d${i}`, i + 2));
    await importDevices(lines, port, counts).then(
      () => expect.unreachable(),
      (error: Error) => expect(error.message).toBe("the server is gone"),
    );
    expect(counts.registered).toBe(stored.length);
    expect(counts.registered).toBe(64);
  });

  test("without lines nothing is sent", async () => {
    const { port, progress } = newRegistrar(0);
    await importDevices([], port, none());
    expect(progress).toEqual([]);
  });
});
