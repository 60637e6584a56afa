// Reads comma-separated values (RFC 4180), row by row. Knows no column.

/** A row with the number of the line it began on, from 1. */
export type CsvRow = { readonly line: number; readonly fields: readonly string[] };

/**
 * Reads rows; empty lines are passed over. A quote that is never closed ends with the text.
 * @param text the whole file, with LF or CRLF
 */
export function* readCsv(text: string): Generator<CsvRow, void, undefined> {
  let line = 1;
  let at = text.startsWith("\ufeff") ? 1 : 0;
  while (at < text.length) {
    const began = line;
    const fields: string[] = [];
    for (let more = true; more;) {
      const field = readField(text, at);
      fields.push(field.value);
      line += field.lines;
      more = text[field.end] === ",";
      at = field.end + 1;
      if (!more && text[field.end] === "\r") at++;
    }
    line++;
    if (fields.length > 1 || fields[0] !== "") yield { line: began, fields };
  }
}

type Field = { readonly value: string; readonly end: number; readonly lines: number };

function readField(text: string, from: number): Field {
  if (text[from] !== '"') {
    let end = from;
    while (end < text.length && text[end] !== "," && text[end] !== "\n" && text[end] !== "\r")
      end++;
    return { value: text.slice(from, end), end, lines: 0 };
  }
  let value = "";
  let at = from + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) {
      value += text.slice(at);
      return { value, end: text.length, lines: count(value) };
    }
    value += text.slice(at, quote);
    at = quote + 1;
    if (text[at] !== '"') return { value, end: at, lines: count(value) };
    value += '"';
    at++;
  }
}

function count(value: string): number {
  return value.split("\n").length - 1;
}
