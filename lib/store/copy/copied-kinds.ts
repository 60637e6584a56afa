// How the values of a copied column are read from SQLite, passed to PostgreSQL, stored, and read back. Runs no statement.

/** How the values of a column are read from SQLite, passed to PostgreSQL, stored and read back. */
export type Kind = {
  readonly from: (column: string) => string;
  readonly array: "text" | "bigint" | "float8";
  readonly to: (value: string) => string;
  readonly back: (column: string) => string;
};

const same = (it: string) => it;
/** A text. */
export const text: Kind = { from: same, array: "text", to: same, back: same };
/** A whole number. */
export const int: Kind = { from: same, array: "bigint", to: same, back: (it) => `${it}::float8` };
/** A number. */
export const real: Kind = { ...int, array: "float8" };
/** Yes or no. */
export const flag: Kind = { ...int, to: (it) => `${it} <> 0`, back: (it) => `${it}::int` };
/** All 64 bits of a number, which no number here has room for. */
export const long: Kind = {
  from: (it) => `CAST(${it} AS TEXT)`,
  array: "text",
  to: (it) => `${it}::bigint`,
  back: (it) => `${it}::text`,
};
/** Bytes. */
export const bytes: Kind = {
  from: (it) => `CASE WHEN ${it} IS NOT NULL THEN lower(hex(${it})) END`,
  array: "text",
  to: (it) => `decode(${it}, 'hex')`,
  back: (it) => `encode(${it}, 'hex')`,
};
// A text with NUL, which PostgreSQL cannot keep as text, is in a column of its own, and the other one is empty then.
const hasNul = (it: string) => `instr(CAST(${it} AS BLOB), x'00') > 0`;
/** A text that can contain NUL. */
export const plain: Kind = {
  ...text,
  from: (it) => `CASE WHEN ${hasNul(it)} THEN '' ELSE ${it} END`,
};
/** The column beside a text that can contain NUL, which has it then. */
export const rawOf = (column: string): Kind => ({
  ...bytes,
  from: () => `CASE WHEN ${hasNul(column)} THEN lower(hex(${column})) END`,
});
