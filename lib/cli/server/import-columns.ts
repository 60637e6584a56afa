// The heading of an import: which columns a file has, in which order, and which of them are labels. Reads no row.

import { type CsvField, type CsvRow, type Separator } from "../../csv.ts";
import { OperatingError } from "../../operating-error.ts";
import { keyFault } from "../../server/labels.ts";

/** What each device needs. Of `password` and `hash` one is enough. */
export const columns = ["id", "password", "hash", "mac", "ip", "port"] as const;
export type Column = (typeof columns)[number];
const secrets: readonly Column[] = ["password", "hash"];

/** Columns that are labels by their names; any other label is a column `label.key`. */
const knownLabels = /^(?:name|area|model|unit\..+|ha\..+)$/;
const labelPrefix = "label.";

/** Where in a row what is. */
export type ImportColumns = {
  /** How many fields a row has. */
  readonly count: number;
  readonly at: ReadonlyMap<Column, number>;
  readonly labels: readonly { readonly key: string; readonly at: number }[];
  /** The names of columns that mean nothing here. */
  readonly ignored: readonly string[];
};

/**
 * Reads the heading.
 * @param row the first row; undefined in an empty file
 * @param file its name, for the error
 * @throws OperatingError `import-heading`. It names no column that it does not know: the row may be one with a password
 */
export function importColumns(
  row: CsvRow | undefined,
  separator: Separator,
  file: string,
): ImportColumns {
  const names = (row?.fields ?? []).map(nameOf);
  const isColumn = (name: string): name is Column => columns.some((column) => column === name);
  const meanings = names.map(meaningOf);
  const twice = names.filter((_, i) => {
    const meaning = meanings[i] ?? null;
    return meaning !== null && meanings.indexOf(meaning) !== i;
  });
  const needed = columns.filter((column) => !secrets.includes(column));
  const missing: string[] = needed.filter((column) => !names.includes(column));
  if (!secrets.some((column) => names.includes(column))) missing.push("password or hash");
  if (missing.length > 0 || twice.length > 0) {
    const known = names.filter((_, i) => meanings[i] !== null);
    const what = missing.length > 0 ? `no column ${missing.join(", ")}` : `two columns ${twice[0]}`;
    throw headingError(file, what, found(known, names.length - known.length, separator));
  }
  const at = new Map(names.flatMap((name, i) => (isColumn(name) ? [[name, i] as const] : [])));
  const labels = names.flatMap((name, i) => {
    const key = labelOf(name);
    return key === null ? [] : [{ key, at: i }];
  });
  for (const { key } of labels) {
    const fault = keyFault(key);
    if (fault === null) continue;
    throw headingError(file, `a column for the label ${key}`, `A key has ${fault.expected}.`);
  }
  const ignored = names.filter((name, i) => name !== "" && meanings[i] === null);
  return { count: names.length, at, labels, ignored };
}

function headingError(file: string, what: string, detail: string): OperatingError {
  return new OperatingError(
    "import-heading",
    `${file} has ${what}. ${detail}`,
    "Its first line has to name the columns, in any order: id,password,mac,ip,port (or hash in place of password), and, if " +
      "you like, name, area and other labels as label.key. Commas, semicolons or tabs separate them.",
  );
}

const separatorWords = { ",": "commas", ";": "semicolons", "\t": "tabs" } as const;

/** What was found in a first line that is no heading. */
function found(known: readonly string[], others: number, separator: Separator): string {
  if (known.length === 0) return "Its first line names none of them.";
  const more = others === 0 ? "" : ` and ${others} more`;
  return `It has ${known.join(", ")}${more}, separated by ${separatorWords[separator]}.`;
}

function nameOf({ value }: CsvField): string {
  return value.trim().toLowerCase();
}

function labelOf(name: string): string | null {
  if (name.startsWith(labelPrefix)) return name.slice(labelPrefix.length);
  return knownLabels.test(name) ? name : null;
}

/** The same for two columns that mean the same; null for a column that means nothing. */
function meaningOf(name: string): string | null {
  if (columns.some((column) => column === name)) return name;
  const label = labelOf(name);
  return label === null ? null : `${labelPrefix}${label}`;
}
