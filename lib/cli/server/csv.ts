// Reads comma-separated values (RFC 4180), row by row and piece by piece: a file of any length needs no more memory
// than its longest row. Knows no column.

/** A row with the numbers of the lines it begins and ends on, from 1. */
export type CsvRow = {
  readonly line: number;
  readonly lastLine: number;
  readonly fields: readonly CsvField[];
  /** Why it is no row, in words; null for one that is. */
  readonly wrong: string | null;
};

/** A field, and whether it was in quotes. */
export type CsvField = { readonly value: string; readonly quoted: boolean };

/** A row may have so many characters: an opening quote that was a slip must not take in the rest of the file. */
export const rowCharsMax = 65_536;

/**
 * Reads rows; empty lines are passed over. A row that is none is told with its line, and reading goes on behind it.
 * @param pieces the text, cut anywhere; lines end with LF, CRLF or CR
 */
export function* readCsv(pieces: Iterable<string>): Generator<CsvRow, void, undefined> {
  const source = pieces[Symbol.iterator]();
  let text = "";
  let isAll = false;
  let line = 1;
  let isBegun = false;
  let isCut = false;
  for (let at = 0; ;) {
    const row: Row | null = isCut ? rest(text, at, isAll) : readRow(text, at, isAll);
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
  /** Behind its line end. */
  readonly end: number;
  /** Line ends within its quotes. */
  readonly breaks: number;
  readonly wrong: string | null;
  /** Its line is longer than a row may be, and goes on behind what there is. */
  readonly isCut?: boolean;
};

/** The row at a place; null where more of the text is needed. */
function readRow(text: string, from: number, isAll: boolean): Row | null {
  if (from >= text.length) return null;
  const fields: CsvField[] = [];
  let at = from;
  for (;;) {
    const quoted = text[at] === '"';
    const end = quoted ? closingQuote(text, at + 1) : endOfPlain(text, at);
    const isOpen = end >= text.length;
    if (isOpen && !isAll && text.length - from <= rowCharsMax) return null;
    if (quoted && isOpen) return lineOnly(text, from, isAll, "a quote is never closed");
    if (end - from > rowCharsMax) return lineOnly(text, from, isAll, "too long");
    const raw = text.slice(quoted ? at + 1 : at, end);
    fields.push({ value: quoted ? raw.replaceAll('""', '"') : raw, quoted });
    const behind = quoted ? end + 1 : end;
    if (text[behind] === ",") {
      at = behind + 1;
      // A comma at the end of what there is: the field behind it may be yet to come.
      if (at >= text.length && !isAll) return null;
      continue;
    }
    const next = behindLineEnd(text, behind, isAll);
    if (next === null) return null;
    if (next === behind && behind < text.length) {
      return lineOnly(text, from, isAll, "text behind a closing quote");
    }
    return { fields, end: next, breaks: breaksIn(text.slice(from, behind)), wrong: null };
  }
}

/** Gives up on a row: its first line goes, what follows is read anew. */
function lineOnly(text: string, from: number, isAll: boolean, wrong: string): Row | null {
  const end = endOfLine(text, from);
  const next = behindLineEnd(text, end, isAll);
  if (next !== null) return { fields: [], end: next, breaks: 0, wrong };
  const isCut = text.length - from > rowCharsMax && end >= text.length;
  return isCut ? { fields: [], end, breaks: 0, wrong, isCut } : null;
}

/** The rest of a line that was cut: nothing of it is kept. */
function rest(text: string, from: number, isAll: boolean): Row | null {
  if (from >= text.length) return null;
  const end = endOfLine(text, from);
  const next = behindLineEnd(text, end, isAll);
  if (next !== null) return { fields: [], end: next, breaks: 0, wrong: null };
  // Up to a CR that waits for its LF, or to the end.
  return end > from ? { fields: [], end, breaks: 0, wrong: null, isCut: true } : null;
}

function endOfLine(text: string, from: number): number {
  let end = from;
  while (end < text.length && text[end] !== "\n" && text[end] !== "\r") end++;
  return end;
}

/** Behind the line end at a place; the place itself where there is none; null where more of the text may change that. */
function behindLineEnd(text: string, at: number, isAll: boolean): number | null {
  if (at >= text.length) return isAll ? at : null;
  if (text[at] === "\n") return at + 1;
  if (text[at] !== "\r") return at;
  if (at + 1 >= text.length && !isAll) return null;
  return text[at + 1] === "\n" ? at + 2 : at + 1;
}

/** The place of the quote that closes; the end of the text, or behind it, where none does so far. */
function closingQuote(text: string, from: number): number {
  for (let at = from; ;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return text.length;
    if (text[quote + 1] !== '"') return quote;
    at = quote + 2;
  }
}

function endOfPlain(text: string, from: number): number {
  let end = from;
  while (end < text.length && text[end] !== "," && text[end] !== "\n" && text[end] !== "\r") end++;
  return end;
}

function breaksIn(text: string): number {
  return text.match(/\r\n|\n|\r/g)?.length ?? 0;
}
