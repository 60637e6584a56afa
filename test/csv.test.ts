// CSV: the reader yields rows with their line numbers, for any quotes, line ends and division of the text, and reports
// what is no row; the writer quotes, and defuses formulas.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  csvField,
  type CsvRow,
  csvRow,
  readCsv,
  rowCharsMax,
  separatorIn,
  type Separator,
} from "../lib/csv.ts";
import { SeededRandom } from "./e2e/seeded-random.ts";
import { testTimeoutMs } from "./e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

/** Each row as `line: fields`, or as `line! reason`. */
function read(...pieces: string[]): string[] {
  return Array.from(readCsv(pieces), shown);
}

function shown({ line, lastLine, fields, wrong }: CsvRow): string {
  const lines = lastLine === line ? `${line}` : `${line}-${lastLine}`;
  if (wrong !== null) return `${lines}! ${wrong}`;
  return `${lines}: ${fields.map(({ value, quoted }) => (quoted ? `<${value}>` : value)).join("|")}`;
}

describe("rows", () => {
  const cases: readonly (readonly [name: string, text: string, rows: readonly string[]])[] = [
    ["nothing", "", []],
    ["one without a line end", "a,b", ["1: a|b"]],
    ["LF", "a,b\nc,d\n", ["1: a|b", "2: c|d"]],
    ["CRLF", "a,b\r\nc,d\r\n", ["1: a|b", "2: c|d"]],
    ["CR", "a,b\rc,d\r", ["1: a|b", "2: c|d"]],
    ["empty lines count and are passed over", "\n\r\na\n\n\nb\n", ["3: a", "6: b"]],
    ["a byte order mark", "\ufeffa,b\n", ["1: a|b"]],
    ["empty fields", ",\n,,\na,\n", ["1: |", "2: ||", "3: a|"]],
    ["blanks belong to the field", " a , b \n", ["1:  a | b "]],
    ["quotes", '"a","b,c"\n', ["1: <a>|<b,c>"]],
    ["quotes within quotes", '"a""b",""""\n', ['1: <a"b>|<">']],
    ["a quote within a plain field", 'a"b,c"\n', ['1: a"b|c"']],
    ["line ends within quotes", '"a\nb\r\nc",d\ne\n', ["1-3: <a\nb\r\nc>|d", "4: e"]],
    ["an empty field in quotes", '"",a\n', ["1: <>|a"]],
    ["quoted at the end", 'a,"b"', ["1: a|<b>"]],
    ["text after a closing quote", '"a"b,c\nd\n', ["1! text after a closing quote", "2: d"]],
    ["blanks around quotes", ' "a"  , "c"\nd\n', ["1: <a>|<c>", "2: d"]],
    [
      "a quote never closed",
      'a\n"b,c\nd\ne',
      ["1: a", "2! a quote is never closed", "3: d", "4: e"],
    ],
    ["a quote never closed, at the end", 'a,"', ["1! a quote is never closed"]],
  ];
  for (const [name, text, rows] of cases) {
    test(name, () => {
      expect(read(text)).toEqual([...rows]);
      expect(read(...text)).toEqual([...rows]);
    });
  }
});

test("a row that is too long is skipped in bounded memory, and the next one is read", () => {
  const long = "x".repeat(10_000);
  const asked = { pieces: 0 };
  function* pieces(): Generator<string> {
    for (; asked.pieces < 100; asked.pieces++) yield long;
    yield "\nnext,row\n";
  }
  expect(Array.from(readCsv(pieces()), shown)).toEqual(["1! too long", "2: next|row"]);
  expect(asked.pieces).toBe(100);
});

test("a stray quote costs its own line only, however long the file is", () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => `device-${i},x`);
  const rows = read(`"${lines.join("\n")}\n`);
  expect(rows).toHaveLength(20_000);
  expect(rows[0]).toBe("1! a quote is never closed");
  expect(rows[1]).toBe("2: device-1|x");
  expect(rows.at(-1)).toBe("20000: device-19999|x");
  expect(lines.join("\n").length).toBeGreaterThan(rowCharsMax);
});

/** Random fields, written with random quotes and line ends, and the rows they must give. */
function written(random: SeededRandom): { text: string; rows: string[] } {
  const letters = ["a", "b", " ", ",", '"', "\n", "\r\n", "é", "😀", ";"];
  const rows: string[] = [];
  let text = "";
  let line = 1;
  for (let i = random.below(8); i > 0; i--) {
    const fields = Array.from({ length: 1 + random.below(4) }, () =>
      Array.from({ length: random.below(6) }, () => random.pick(letters)).join(""),
    );
    const cells = fields.map((field) => {
      const quoted = /[",\r\n]/.test(field) || random.below(3) === 0;
      return { field, quoted, raw: quoted ? `"${field.replaceAll('"', '""')}"` : field };
    });
    const breaks = fields.join("").split("\n").length - 1;
    const to = breaks > 0 ? `${line}-${line + breaks}` : `${line}`;
    const isEmpty = fields.length === 1 && fields[0] === "";
    if (!isEmpty)
      rows.push(
        `${to}: ${cells.map(({ field, quoted }) => (quoted ? `<${field}>` : field)).join("|")}`,
      );
    line += breaks + 1;
    text += cells.map(({ raw }) => raw).join(",") + random.pick(["\n", "\r\n"]);
  }
  return { text, rows };
}

function cut(text: string, random: SeededRandom): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length;) {
    const length = 1 + random.below(5);
    pieces.push(text.slice(at, at + length));
    at += length;
  }
  return pieces;
}

test.each([1, 2, 3, 4, 5])(
  "written rows are read back, however the text is divided (seed %d)",
  (seed) => {
    const random = new SeededRandom(seed);
    for (let i = 0; i < 2_000; i++) {
      const { text, rows } = written(random);
      expect({ text, rows: read(text) }).toEqual({ text, rows });
      expect({ text, rows: read(...cut(text, random)) }).toEqual({ text, rows });
    }
  },
);

test.each([1, 2, 3])(
  "for any text the division changes nothing, and no line is reported twice (seed %d)",
  (seed) => {
    const random = new SeededRandom(seed);
    for (let i = 0; i < 3_000; i++) {
      const text = Array.from({ length: random.below(30) }, () =>
        random.pick(["a", ",", '"', "\n", "\r", "\r\n", " ", "\ufeff"]),
      ).join("");
      const whole = [...readCsv([text])];
      expect({ text, rows: [...readCsv(cut(text, random))] }).toEqual({ text, rows: whole });
      const lines = whole.flatMap(({ line, lastLine }) => [line, lastLine]);
      expect(lines).toEqual([...lines].sort((a, b) => a - b));
      expect(new Set(whole.map(({ line }) => line)).size).toBe(whole.length);
    }
  },
);

describe("a field of CSV", () => {
  const rows: readonly [text: string, field: string][] = [
    ["plain", "plain"],
    ["", ""],
    ["a,b", '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ["two\nlines", '"two\nlines"'],
    ["cr\r", '"cr\r"'],
    ["=1+1", "'=1+1"],
    ["+cmd", "'+cmd"],
    ["-cmd", "'-cmd"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["\t=1", "\t'=1"],
    ["a;=1+1", "a;'=1+1"],
    ["a; =1+1;@b", "a;' =1+1;'@b"],
    ['a;"=1"', `"a;'""=1"""`],
    ["a\n=1", `"a\n'=1"`],
    ["a\r\n+cmd", `"a\r\n'+cmd"`],
    ["21.5;-5;+1e3", "21.5;-5;+1e3"],
    ["a=1;b=-2", "a=1;b=-2"],
    ["  =1", "'  =1"],
    ['=HYPERLINK("x",1)', `"'=HYPERLINK(""x"",1)"`],
    ["-21.5", "-21.5"],
    ["+1e3", "+1e3"],
    ["-1+1", "'-1+1"],
    ["\uff1d1", "'\uff1d1"],
    ["temp=1", "temp=1"],
  ];
  for (const [text, field] of rows) {
    test(JSON.stringify(text), () => expect(csvField(text)).toBe(field));
  }
});

test("a row that is written is read again as its fields", () => {
  const fields = ["plain", "a,b", 'say "x"', "two\nlines", "\r\n", ""];
  const [row, ...more] = readCsv([csvRow(fields)]);
  expect(row?.fields.map(({ value }) => value)).toEqual(fields);
  expect(csvRow(fields).endsWith("\r\n")).toBe(true);
  expect(more).toEqual([]);
});

test.each([
  ["id,mac", ","],
  ["id;mac", ";"],
  ["id\tmac;x\tip", "\t"],
  ['"a;b;c",mac', ","],
  ["id", ","],
  ["", ","],
])("%j has the separator %j", (line, separator) =>
  expect(separatorIn(line)).toBe(separator as Separator),
);

test("other separators, and then a comma is a character like others", () => {
  for (const separator of [";", "\t"] as const) {
    const rows = [...readCsv([`a,b${separator}"c${separator}d"\r`, "\n1", separator], separator)];
    const values = rows.map(({ fields }) => fields.map(({ value }) => value));
    expect(values).toEqual([
      ["a,b", `c${separator}d`],
      ["1", ""],
    ]);
  }
});
