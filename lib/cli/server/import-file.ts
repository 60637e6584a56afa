// The file of `iot-server import`: reads one device per line, and says why a line is refused. Registers nothing, and
// never quotes a line in a message, because it may contain a password.

import { deviceIdRule, fieldRules, typedMacRule } from "../../protocol/fields.ts";
import { canonicalIp } from "../../protocol/ip.ts";
import { OperatingError } from "../../operating-error.ts";
import { type CsvField, type CsvRow, readCsv } from "../../csv.ts";

const columns = ["id", "password", "mac", "ip", "port"] as const;
type Column = (typeof columns)[number];
/** What each column may contain. */
const rules = { ...fieldRules, id: deviceIdRule, mac: typedMacRule };

/** A device to register. */
export type ImportedDevice = {
  readonly line: number;
  readonly id: string;
  readonly password: string;
  readonly mac: string;
  readonly ip: string;
  readonly port: number;
};

/** A line that is refused, and why. */
export type RefusedLine = { readonly line: number; readonly reason: string };

/** A line of the file after its heading. */
export type ImportLine = ImportedDevice | RefusedLine;

/**
 * Reads the file: a heading that names the columns in any order, then one device per line.
 * @param pieces comma-separated values, cut at any place
 * @param name the name of the file, for the error
 * @throws OperatingError `import-heading`
 */
export function* readImportFile(
  pieces: Iterable<string>,
  name: string,
): Generator<ImportLine, void, undefined> {
  const rows = readCsv(pieces);
  const heading = rows.next();
  const names = heading.done ? [] : heading.value.fields.map(nameOf);
  checkHeading(names, name);
  // The first line of each id. A second line for an id could pass for a repeat (01), and its password would be ignored.
  const lines = new Map<string, number>();
  for (const row of rows) {
    if (
      row.fields.every(({ value, quoted }) => !quoted && value.trim() === "") &&
      row.wrong === null
    )
      continue;
    const line = lineOf(row, names);
    const earlier = "id" in line ? lines.get(line.id) : undefined;
    if (earlier !== undefined) {
      yield { line: row.line, reason: `this id is on line ${earlier} already` };
      continue;
    }
    if ("id" in line) lines.set(line.id, row.line);
    yield line;
  }
}

function checkHeading(names: readonly string[], name: string): void {
  const missing = columns.filter((column) => !names.includes(column));
  const twice = columns.filter((column) => names.indexOf(column) !== names.lastIndexOf(column));
  if (missing.length === 0 && twice.length === 0) return;
  const what =
    missing.length > 0 ? `no column ${missing.join(", ")}` : `two columns ${twice.join(", ")}`;
  throw new OperatingError(
    "import-heading",
    `${name} has ${what}.`,
    `Its first line has to name the columns, with commas between: ${columns.join(",")}`,
  );
}

function nameOf({ value }: CsvField): string {
  return value.trim().toLowerCase();
}

function lineOf({ line, lastLine, fields, wrong }: CsvRow, names: readonly string[]): ImportLine {
  const to = lastLine > line ? ` (to line ${lastLine})` : "";
  const refuse = (reason: string) => ({ line, reason: `${reason}${to}` });
  if (wrong !== null) return refuse(wrong);
  if (fields.length !== names.length) {
    const [count, plural] = [fields.length, fields.length === 1 ? "" : "s"];
    return refuse(`${count} field${plural}, not ${names.length}`);
  }
  const fieldOf = (column: Column) => fields[names.indexOf(column)] as CsvField;
  const password = fieldOf("password");
  if (!password.quoted && password.value !== password.value.trim()) {
    return refuse("password has a space around it: put it in quotes if that is meant");
  }
  const valueOf = (column: Column) =>
    column === "password" ? password.value : fieldOf(column).value.trim();
  const broken = columns.find((column) => !rules[column].test(valueOf(column)));
  if (broken !== undefined) return refuse(rules[broken].says);
  // The decoder replaced bytes that are not UTF-8 with this character.
  const unread = columns.find((column) => valueOf(column).includes("\ufffd"));
  if (unread !== undefined) return refuse(`${unread} is not UTF-8`);
  return {
    line,
    id: valueOf("id"),
    password: password.value,
    mac: valueOf("mac"),
    ip: canonicalIp(valueOf("ip")),
    port: Number(valueOf("port")),
  };
}
