// The file of `iot-server import`: reads one device per line, and says why a line is refused. Registers nothing, and
// never quotes a line in a message, because it may contain a password.

import { deviceIdRule, fieldRules, typedMacRule } from "../../protocol/fields.ts";
import { canonicalIp } from "../../protocol/ip.ts";
import { type CsvField, type CsvRow, readCsv, rowCharsMax, separatorIn } from "../../csv.ts";
import { faultWords, type LabelChange, valueFault } from "../../server/labels.ts";
import { type Column, columns, type ImportColumns, importColumns } from "./import-columns.ts";

/**
 * A password that somebody else has hashed. The costs are bounded: each LOGIN would take that much. Ours are m=19456, t=2, p=1.
 */
const foreignHash =
  /^\$argon2id\$v=19\$m=(\d{1,6}),t=(\d{1,2}),p=(\d)\$[A-Za-z0-9+/]{11,64}\$[A-Za-z0-9+/]{43}$/;
const [memoryMin, memoryMax, timeMax, lanesMax] = [8, 65_536, 10, 4] as const;

/** What each column may contain. */
const rules = {
  ...fieldRules,
  id: deviceIdRule,
  mac: typedMacRule,
  hash: {
    test: isForeignHash,
    says: "hash must be argon2id, as $argon2id$v=19$m=19456,t=2,p=1$salt$hash, m up to 65536, t up to 10, p up to 4",
  },
};

/** A device to register. */
export type ImportedDevice = {
  readonly line: number;
  readonly id: string;
  /** null if its hash is known. */
  readonly password: string | null;
  readonly hash: string | null;
  readonly mac: string;
  readonly ip: string;
  readonly port: number;
  /** Labels to set; those that the file does not name stay as they are. */
  readonly labels: readonly LabelChange[];
};

/** A line that is refused, and why. */
export type RefusedLine = { readonly line: number; readonly reason: string };

/** A line of the file after its heading. */
export type ImportLine = ImportedDevice | RefusedLine;

/** A file whose heading was read. */
export type ImportFile = ImportColumns & { readonly lines: Generator<ImportLine, void, undefined> };

/**
 * Reads the file: a heading that names the columns in any order, then one device per line.
 * @param pieces values with commas, semicolons or tabs between, cut at any place
 * @param name the name of the file, for the error
 * @throws OperatingError `import-heading`
 */
export function readImportFile(pieces: Iterable<string>, name: string): ImportFile {
  const source = pieces[Symbol.iterator]();
  let begin = "";
  while (!/[\r\n]/.test(begin) && begin.length <= rowCharsMax) {
    const piece = source.next();
    if (piece.done === true) break;
    begin += piece.value;
  }
  const [firstLine = ""] = begin.split(/[\r\n]/, 1);
  const separator = separatorIn(firstLine);
  const rows = readCsv(joined(begin, source), separator);
  const heading = rows.next();
  const row = heading.done === true ? undefined : heading.value;
  const found = importColumns(row, separator, name);
  return { ...found, lines: linesOf(rows, found) };
}

function* joined(begin: string, rest: Iterator<string>): Generator<string> {
  yield begin;
  yield* { [Symbol.iterator]: () => rest };
}

function* linesOf(
  rows: Iterable<CsvRow>,
  found: ImportColumns,
): Generator<ImportLine, void, undefined> {
  // The first line of each id. A second line for an id could pass for a repeat (01), and its password would be ignored.
  const lines = new Map<string, number>();
  for (const row of rows) {
    if (isEmpty(row)) continue;
    const line = lineOf(row, found);
    const earlier = "id" in line ? lines.get(line.id) : undefined;
    if (earlier !== undefined) {
      yield { line: row.line, reason: `this id is on line ${earlier} already` };
      continue;
    }
    if ("id" in line) lines.set(line.id, row.line);
    yield line;
  }
}

function isEmpty({ fields, wrong }: CsvRow): boolean {
  return wrong === null && fields.every(({ value, quoted }) => !quoted && value.trim() === "");
}

function lineOf({ line, lastLine, fields, wrong }: CsvRow, found: ImportColumns): ImportLine {
  const to = lastLine > line ? ` (to line ${lastLine})` : "";
  const refuse = (reason: string) => ({ line, reason: `${reason}${to}` });
  if (wrong !== null) return refuse(wrong);
  if (fields.length !== found.count) {
    const [count, plural] = [fields.length, fields.length === 1 ? "" : "s"];
    return refuse(`${count} field${plural}, not ${found.count}`);
  }
  const trimmed = (column: Column) => textIn(fields[found.at.get(column) ?? -1]);
  const password = fields[found.at.get("password") ?? -1];
  const hash = trimmed("hash") === "" ? null : trimmed("hash");
  if (hash === null && password !== undefined && hasStraySpace(password, fields)) {
    return refuse("password has a space around it: put it in quotes if that is meant");
  }
  const secret = password?.quoted === true ? password.value : textIn(password);
  const valueOf = (column: Column) => (column === "password" ? secret : trimmed(column));
  const used = columns.filter((column) => column !== (hash === null ? "hash" : "password"));
  const broken = used.find((column) => !rules[column].test(valueOf(column)));
  if (broken !== undefined) return refuse(rules[broken].says);
  const labels = found.labels.map(({ key, at }) => ({ key, value: textIn(fields[at]) }));
  for (const { key, value } of labels) {
    const fault = valueFault(value);
    if (fault !== null) return refuse(`${key} is wrong ${faultWords(fault)}`);
  }
  // The decoder replaced bytes that are not in the encoding with this character.
  const unread = used.find((column) => valueOf(column).includes("\ufffd"));
  if (unread !== undefined) return refuse(`${unread} is not UTF-8`);
  return {
    line,
    id: valueOf("id"),
    password: hash === null ? secret : null,
    hash,
    mac: valueOf("mac"),
    ip: canonicalIp(valueOf("ip")),
    port: Number(valueOf("port")),
    labels: labels.filter(({ value }) => value !== ""),
  };
}

function textIn(field: CsvField | undefined): string {
  return field?.value.trim() ?? "";
}

/** Whether a password has a space around it that may be meant: not where one follows every separator of the line. */
function hasStraySpace(password: CsvField, fields: readonly CsvField[]): boolean {
  if (password.quoted || password.value === password.value.trim()) return false;
  const isSpaced = fields
    .slice(1)
    .every(({ value, quoted }) => quoted || value === "" || value.startsWith(" "));
  return (
    !isSpaced || password.value.trim() !== password.value.slice(password === fields[0] ? 0 : 1)
  );
}

function isForeignHash(text: string): boolean {
  const [, memory, time, lanes] = (foreignHash.exec(text) ?? []).map(Number);
  if (memory === undefined || time === undefined || lanes === undefined) return false;
  const isAffordable = memory <= memoryMax && time <= timeMax && lanes <= lanesMax;
  return isAffordable && memory >= memoryMin * lanes && time >= 1 && lanes >= 1;
}
