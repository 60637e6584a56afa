// Arrays as PostgreSQL reads them from one parameter, so that a statement of a thousand rows has ten parameters.

/** Numbers, for a parameter that is cast to an array of numbers. */
export function numberArray(values: readonly (number | null)[]): string {
  return `{${values.map((value) => value ?? "NULL").join(",")}}`;
}

/** Texts without NUL, for a parameter that is cast to an array of texts, of bytea in its hex form, or of uuid. */
export function textArray(values: readonly (string | null)[]): string {
  return `{${values.map(quoted).join(",")}}`;
}

/** Whether PostgreSQL can hold a text as such: one with a NUL is in no row, and to ask for it is an error. */
export function isStorable(text: string): boolean {
  return !text.includes("\0");
}

/** The hex form of a bytea; null stays null. */
export function byteaText(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : `\\x${Buffer.from(bytes).toString("hex")}`;
}

function quoted(value: string | null): string {
  return value === null ? "NULL" : `"${value.replaceAll(/["\\]/g, "\\$&")}"`;
}
