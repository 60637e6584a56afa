// The file of an import, line by line, and what becomes of its devices. No message contains a password.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  type ImportedDevice,
  type ImportLine,
  readImportFile,
  type RefusedLine,
} from "../../../lib/cli/server/import-file.ts";
import { type Imported, importDevices } from "../../../lib/cli/server/import-run.ts";
import { refusalOf } from "../../store/sqlite/store-fixtures.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const heading = "id,password,mac,ip,port\n";
const mac = "aa:bb:cc:dd:ee:01";

function read(text: string): ImportLine[] {
  return [...readImportFile([text], "devices.csv")];
}

function refusals(text: string): string[] {
  return read(text).flatMap((line) => ("reason" in line ? `${line.line}: ${line.reason}` : []));
}

function devices(text: string): ImportedDevice[] {
  return read(text).flatMap((line) => ("id" in line ? line : []));
}

describe("the file", () => {
  test("columns in any order and case, extra columns, BOM and CRLF", () => {
    const text =
      "\ufeffPort, MAC ,note,id,Password,ip\r\n2000,aa:bb:cc:dd:ee:01, hello ,dev-1,secret,10.0.0.1\r\n";
    expect(read(text)).toEqual([
      {
        line: 2,
        id: "dev-1",
        password: "secret",
        mac: "aa:bb:cc:dd:ee:01",
        ip: "10.0.0.1",
        port: 2000,
      },
    ]);
  });

  test("spaces around a value are removed, and an IP becomes canonical", () => {
    const [only] = devices(`${heading} d1 ,pw, aa:bb:cc:dd:ee:01 , 2001:DB8:0:0::1 , 9 \n`);
    expect(only).toMatchObject({ id: "d1", mac: "aa:bb:cc:dd:ee:01", ip: "2001:db8::1", port: 9 });
  });

  test("a password keeps its spaces if it is in quotes, and is refused with spaces otherwise", () => {
    expect(devices(`${heading}d1," a ""b"", c ",${mac},10.0.0.1,9\n`)[0]?.password).toBe(
      ' a "b", c ',
    );
    expect(refusals(`${heading}d1, secret,${mac},10.0.0.1,9\n`)).toEqual([
      "2: password has a space around it: put it in quotes if that is meant",
    ]);
  });

  test("empty lines are skipped and counted", () => {
    expect(refusals(`${heading}\n   \n\r\nx\n`)).toEqual(["5: 1 field, not 5"]);
  });

  const wrong: readonly (readonly [line: string, says: string])[] = [
    [`d1,secret,${mac},10.0.0.1`, "2: 4 fields, not 5"],
    [`d1,secret,${mac},10.0.0.1,9,`, "2: 6 fields, not 5"],
    [
      `server,secret,${mac},10.0.0.1,9`,
      "2: id must be 1 to 64 of A-Z a-z 0-9 . _ : -, and neither server nor -",
    ],
    [
      `d/1,secret,${mac},10.0.0.1,9`,
      "2: id must be 1 to 64 of A-Z a-z 0-9 . _ : -, and neither server nor -",
    ],
    [
      `,secret,${mac},10.0.0.1,9`,
      "2: id must be 1 to 64 of A-Z a-z 0-9 . _ : -, and neither server nor -",
    ],
    [`d1,,${mac},10.0.0.1,9`, "2: password must be 1 to 128 bytes without control characters"],
    ["d1,secret,a b,10.0.0.1,9", "2: mac must be six pairs, such as aa:bb:cc:dd:ee:ff"],
    ["d1,secret,pass1,10.0.0.1,9", "2: mac must be six pairs, such as aa:bb:cc:dd:ee:ff"],
    ["d1,secret,aa:bb:cc:dd:ee,10.0.0.1,9", "2: mac must be six pairs, such as aa:bb:cc:dd:ee:ff"],
    [`d1,secret,${mac},10.0.0.256,9`, "2: ip must be an IPv4 or IPv6 literal"],
    [`d1,secret,${mac},localhost,9`, "2: ip must be an IPv4 or IPv6 literal"],
    [`d1,secret,${mac},10.0.0.1,0`, "2: port must be 1 to 65535, decimal without leading zeros"],
    [
      `d1,secret,${mac},10.0.0.1,65536`,
      "2: port must be 1 to 65535, decimal without leading zeros",
    ],
    [`d1,secr\ufffdet,${mac},10.0.0.1,9`, "2: password is not UTF-8"],
    [`d1,"secret"x,${mac},10.0.0.1,9`, "2: text after a closing quote"],
    [`d1,"secret,${mac},10.0.0.1,9`, "2: a quote is never closed"],
    [`d1,"secret\n",${mac},10.0.0.1`, "2: 4 fields, not 5 (to line 3)"],
  ];
  for (const [line, says] of wrong) {
    test(`refused: ${JSON.stringify(line)}`, () => {
      const text = `${heading}${line}\nd9,other,${mac},10.0.0.9,9\n`;
      expect(refusals(text)).toEqual([says]);
      expect(says).not.toContain("secret");
      expect(devices(text).map(({ id }) => id)).toEqual(["d9"]);
    });
  }

  test("of two lines with the same id the later one is refused, however far apart they are", () => {
    const text = `${heading}d1,a,${mac},10.0.0.1,9\nd2,a,${mac},10.0.0.2,9\nd1,b,${mac},10.0.0.1,9\n`;
    expect(refusals(text)).toEqual(["4: this id is on line 2 already"]);
  });

  test.each([
    ["", "no column id, password, mac, ip, port"],
    ["id,password,mac,ip\n", "no column port"],
    ["id;password;mac;ip;port\n", "no column"],
    ["id,password,mac,ip,port,id\n", "two columns id"],
    ['"id,password\n', "no column"],
  ])("a heading with missing or repeated columns is refused: %j", async (text, says) => {
    expect(await refusalOf(() => read(text))).toBe("import-heading");
    expect(() => read(text)).toThrow(says);
  });

  test("lines are read one by one as they are needed", () => {
    const asked = { lines: 0 };
    function* pieces(): Generator<string> {
      yield heading;
      for (; asked.lines < 10_000; asked.lines++) {
        yield `d${asked.lines},pw,${mac},10.0.0.1,9\n`;
      }
    }
    const lines = readImportFile(pieces(), "devices.csv");
    for (let i = 0; i < 10; i++) expect(lines.next().value).toMatchObject({ id: `d${i}` });
    expect(asked.lines).toBeLessThan(20);
    expect([...lines]).toHaveLength(9_990);
  });
});

/** A registrar that stores ids with an even number, knows the id `known`, and refuses the rest. */
function newRegistrar(failAt = Number.POSITIVE_INFINITY) {
  const told = { hashed: [] as string[], refused: [] as RefusedLine[], progress: [] as number[] };
  const stored: string[] = [];
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
    hashPassword: (password: string) => {
      told.hashed.push(password);
      return Promise.resolve(`hash of ${password}`);
    },
    onRefused: (line: RefusedLine) => void told.refused.push(line),
    onProgress: (lines: number) => void told.progress.push(lines),
  };
  return { port, stored, ...told };
}

const none = (): Imported => ({ registered: 0, unchanged: 0, refused: 0 });

function device(id: string, line: number): ImportedDevice {
  return { line, id, password: `pw-${id}`, mac: id, ip: "10.0.0.1", port: 9 };
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
