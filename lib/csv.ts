// Reads and writes comma-separated values (RFC 4180); reads other separators, too. Reads row by row from a stream of pieces, so that memory depends
// on the longest row, not on the file. Never knows what the columns mean.

/** A row, with the numbers of its first and last line, counted from 1. */
export type CsvRow = {
  readonly line: number;
  readonly lastLine: number;
  readonly fields: readonly CsvField[];
  /** Why the row is malformed, in words; null for a valid row. */
  readonly wrong: string | null;
};

/** A field without its quotes, and whether it had them. */
export type CsvField = { readonly value: string; readonly quoted: boolean };

/** Most characters of a row: a stray opening quote must not swallow the rest of the file. */
export const rowCharsMax = 65_536;

/** What separates the fields of a row: a spreadsheet writes semicolons where the comma is in its numbers, or tabs. */
export type Separator = "," | ";" | "\t";

/** The separator that a line has most of outside of quotes; a comma without any. */
export function separatorIn(line: string): Separator {
  const bare = line.replace(/"[^"]*"/g, "");
  const counted = ([",", ";", "\t"] as const).map((one) => ({
    one,
    count: bare.split(one).length,
  }));
  return counted.reduce((most, next) => (next.count > most.count ? next : most)).one;
}

/**
 * Yields the rows; empty lines are skipped. A malformed row is yielded with its reason, and reading goes on at the line
 * after its first line.
 * @param pieces the text, cut at any place; lines end with LF, CRLF or CR
 * @param separator what is between fields; spaces may stand between it and an opening quote, or follow a closing one
 */
export function* readCsv(
  pieces: Iterable<string>,
  separator: Separator = ",",
): Generator<CsvRow, void, undefined> {
  const source = pieces[Symbol.iterator]();
  let text = "";
  let isAll = false;
  let line = 1;
  let isBegun = false;
  let isCut = false;
  for (let at = 0; ;) {
    const row: Row | null = isCut ? rest(text, at, isAll) : readRow(text, at, isAll, separator);
    if (row === null) {
      const piece = source.next();
      isAll = piece.done ?? false;
      if (isAll && at >= text.length) return;
      let more = piece.done ? "" : piece.value;
      if (!isBegun && more !== "") {
        isBegun = true;
        more = more.replace(/^\ufeff/, "");
      }
      text = text.slice(at) + more;
      at = 0;
      continue;
    }
    const isEmpty = isCut || (row.fields.length === 1 && row.fields[0]?.value === "");
    const lastLine = line + row.breaks;
    if (row.wrong !== null || !isEmpty) {
      yield { line, lastLine, fields: row.fields, wrong: row.wrong };
    }
    isCut = row.isCut ?? false;
    if (!isCut) line = lastLine + 1;
    at = row.end;
  }
}

type Row = {
  readonly fields: readonly CsvField[];
  /** The position after its line end. */
  readonly end: number;
  /** Number of line ends inside its quoted fields. */
  readonly breaks: number;
  readonly wrong: string | null;
  /** Whether its line exceeds the limit and continues in text that is not read yet. */
  readonly isCut?: boolean;
};

/**
 * Reads the row at a position.
 * @param isAll whether `text` goes to the end of the input
 * @returns the row, or null if more text is needed
 */
function readRow(text: string, from: number, isAll: boolean, separator: Separator): Row | null {
  if (from >= text.length) return null;
  const fields: CsvField[] = [];
  let at = from;
  for (;;) {
    const start = behindSpaces(text, at);
    const quoted = text[start] === '"';
    if (quoted) at = start;
    const end = quoted ? closingQuote(text, at + 1) : endOfPlain(text, at, separator);
    const isOpen = end >= text.length;
    if (isOpen && !isAll && text.length - from <= rowCharsMax) return null;
    if (quoted && isOpen) return lineOnly(text, from, isAll, "a quote is never closed");
    if (end - from > rowCharsMax) return lineOnly(text, from, isAll, "too long");
    const raw = text.slice(quoted ? at + 1 : at, end);
    fields.push({ value: quoted ? raw.replaceAll('""', '"') : raw, quoted });
    const behind = quoted ? behindSpaces(text, end + 1) : end;
    if (text[behind] === separator) {
      at = behind + 1;
      // The text read so far ends with a separator: the next field may still arrive.
      if (at >= text.length && !isAll) return null;
      continue;
    }
    const next = behindLineEnd(text, behind, isAll);
    if (next === null) return null;
    if (next === behind && behind < text.length) {
      return lineOnly(text, from, isAll, "text after a closing quote");
    }
    return { fields, end: next, breaks: breaksIn(text.slice(from, behind)), wrong: null };
  }
}

/** A malformed row: only its first line is skipped, and reading starts again after it. */
function lineOnly(text: string, from: number, isAll: boolean, wrong: string): Row | null {
  const end = endOfLine(text, from);
  const next = behindLineEnd(text, end, isAll);
  if (next !== null) return { fields: [], end: next, breaks: 0, wrong };
  const isCut = text.length - from > rowCharsMax && end >= text.length;
  return isCut ? { fields: [], end, breaks: 0, wrong, isCut } : null;
}

/** Skips the rest of a line that exceeds the limit, so that it takes no memory. */
function rest(text: string, from: number, isAll: boolean): Row | null {
  if (from >= text.length) return null;
  const end = endOfLine(text, from);
  const next = behindLineEnd(text, end, isAll);
  if (next !== null) return { fields: [], end: next, breaks: 0, wrong: null };
  // Skip up to a CR whose LF may still arrive, or to the end of the text.
  return end > from ? { fields: [], end, breaks: 0, wrong: null, isCut: true } : null;
}

function endOfLine(text: string, from: number): number {
  let end = from;
  while (end < text.length && text[end] !== "\n" && text[end] !== "\r") end++;
  return end;
}

/** The position after the line end at `at`; `at` itself if there is none; null if that depends on more text. */
function behindLineEnd(text: string, at: number, isAll: boolean): number | null {
  if (at >= text.length) return isAll ? at : null;
  if (text[at] === "\n") return at + 1;
  if (text[at] !== "\r") return at;
  if (at + 1 >= text.length && !isAll) return null;
  return text[at + 1] === "\n" ? at + 2 : at + 1;
}

/** The position of the closing quote; the length of the text or more if there is none so far. */
function closingQuote(text: string, from: number): number {
  for (let at = from; ;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return text.length;
    if (text[quote + 1] !== '"') return quote;
    at = quote + 2;
  }
}

function endOfPlain(text: string, from: number, separator: Separator): number {
  let end = from;
  for (; end < text.length; end++) {
    const char = text[end];
    if (char === separator || char === "\n" || char === "\r") break;
  }
  return end;
}

function behindSpaces(text: string, from: number): number {
  let at = from;
  while (text[at] === " ") at++;
  return at;
}

function breaksIn(text: string): number {
  return text.match(/\r\n|\n|\r/g)?.length ?? 0;
}

const special = /[",\r\n]/;
/**
 * Where a spreadsheet would begin a formula: at the start of a cell, after white space or quotes, one of these
 * characters, unless the cell is a number. With another separator than the comma a spreadsheet ignores the quotes of the
 * field, and begins cells and rows within it.
 */
const formula =
  /(^|[;\t\r\n])(?=(?:[^\S\t\r\n]|[\0"])*[=+\-@|%\uff1d\uff0b\uff0d\uff20])(?![+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?:[;\t\r\n]|$))/g;

/**
 * A text from a device as a CSV field. It is quoted if necessary, and gets a `'` wherever a spreadsheet, split at which
 * separator ever, would begin a formula; a number such as -5 is left as it is.
 */
export function csvField(text: string): string {
  const safe = text.replace(formula, "$1'");
  return special.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A row, with its line end. Each field is made safe as by `csvField`. */
export function csvRow(fields: readonly string[]): string {
  return `${fields.map(csvField).join(",")}\r\n`;
}
