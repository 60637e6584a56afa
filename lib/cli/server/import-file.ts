// The file of `iot-server import`: which line names which device, and why one cannot. Registers nothing.

import { fieldRules } from "../../protocol/fields.ts";
import { canonicalIp } from "../../protocol/ip.ts";
import { OperatingError } from "../../operating-error.ts";
import { readCsv } from "./csv.ts";

const columns = ["id", "password", "mac", "ip", "port"] as const;
type Column = (typeof columns)[number];

/** A device to register. */
export type ImportedDevice = {
  readonly line: number;
  readonly id: string;
  readonly password: string;
  readonly mac: string;
  readonly ip: string;
  readonly port: number;
};

/** A line that names none, and why. */
export type RefusedLine = { readonly line: number; readonly reason: string };

/**
 * Reads the file: a heading that names the columns in any order, then a device a line.
 * @param text comma-separated values
 * @param name of the file, for the error
 * @throws OperatingError `import-heading`
 */
export function readImportFile(
  text: string,
  name: string,
): { devices: ImportedDevice[]; refused: RefusedLine[] } {
  const rows = readCsv(text);
  const heading = rows.next();
  const names = heading.done ? [] : heading.value.fields.map((field) => field.trim().toLowerCase());
  const missing = columns.filter((column) => !names.includes(column));
  if (missing.length > 0) {
    throw new OperatingError(
      "import-heading",
      `${name} has no column ${missing.join(", ")}.`,
      `Its first line has to name the columns: ${columns.join(",")}`,
    );
  }
  const devices: ImportedDevice[] = [];
  const refused: RefusedLine[] = [];
  for (const { line, fields } of rows) {
    const valueOf = (column: Column) => (fields[names.indexOf(column)] ?? "").trim();
    const wrong = columns.find((column) => !fieldRules[column].test(valueOf(column)));
    if (fields.length !== names.length) {
      refused.push({ line, reason: `${fields.length} fields, not ${names.length}` });
    } else if (wrong !== undefined) {
      refused.push({ line, reason: fieldRules[wrong].says });
    } else {
      const [id, password, mac] = [valueOf("id"), valueOf("password"), valueOf("mac")];
      const ip = canonicalIp(valueOf("ip"));
      devices.push({ line, id, password, mac, ip, port: Number(valueOf("port")) });
    }
  }
  return { devices, refused };
}
