// The rule of who may import what: read from the two tables of lib/ARCHITECTURE.md, the only place where it is written.
// Never looks at a source file.

import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A room, or a file beside the rooms. */
type Area = {
  /** A folder with a `/` at its end, or a file; from the root of the project. */
  readonly path: string;
  readonly isCore: boolean;
  /** Names of rooms; null for a file: it reaches the files that all rooms may import. */
  readonly reach: readonly string[] | null;
  /** Names of the rooms that may import it; null for a room. */
  readonly importedBy: readonly string[] | null;
  /** `bun` and `node` stand for all of their modules. */
  readonly packages: readonly string[];
};

const page = readFileSync(join(import.meta.dir, "../lib/ARCHITECTURE.md"), "utf8");
const row = /^\| `((?:lib|cmd)\/[^`]*)`( \(core\))? +\|[^|]*\| ([^|]*?) +\| ([^|]*?) +\|$/gm;
const rows = [...page.matchAll(row)].map(([, path = "", core, third = "", packages = ""]) => ({
  path,
  isCore: core !== undefined,
  third,
  packages: packages === "none" ? [] : packages.split(", "),
}));
const roomNames = rows.filter(({ path }) => isFolder(path)).map(({ path }) => nameOf(path));

/** The rooms of lib and the files beside them, as the tables have them. */
export const areas: readonly Area[] = rows
  .filter(({ path }) => path.startsWith("lib/"))
  .map(({ path, isCore, third, packages }) => {
    const reach = isFolder(path) ? (third === "nothing" ? [] : third.split(", ")) : null;
    return {
      path,
      isCore,
      reach,
      importedBy: isFolder(path) ? null : importersIn(third),
      packages,
    };
  });

/** The names in the tables that are no room: a slip of the pen would allow or forbid nothing. */
export const unknownNames: readonly string[] = rows
  .flatMap(({ third }) => third.replace(/^(?:nothing|everything|all)$|^all but /, "").split(", "))
  .filter((name) => name !== "" && !roomNames.includes(name));

/** The area of a file; undefined if the tables have none. */
export function areaOf(path: string): Area | undefined {
  return areas.find((area) =>
    isFolder(area.path) ? path.startsWith(area.path) : path === area.path,
  );
}

/** Whether a file of one area may import a file of the other. */
export function mayImport(from: Area, to: Area): boolean {
  if (from === to) return true;
  if (to.importedBy === null) return from.reach?.includes(nameOf(to.path)) === true;
  return from.reach === null
    ? to.importedBy.length === roomNames.length
    : to.importedBy.includes(nameOf(from.path));
}

/**
 * Whether a file of an area may import from a package.
 * @param specifier the name in the import, such as `node:fs` or `consola/utils`
 */
export function mayUse({ packages }: Area, specifier: string): boolean {
  const [name = ""] = specifier.split("/");
  const [runtime = ""] = name.split(":");
  return packages.includes(name) || packages.includes(runtime) || packages.includes(specifier);
}

function importersIn(cell: string): readonly string[] {
  if (!cell.startsWith("all")) return cell.split(", ");
  const but = cell.replace(/^all(?: but )?/, "").split(", ");
  return roomNames.filter((name) => !but.includes(name));
}

function isFolder(path: string): boolean {
  return path.endsWith("/");
}

/** `server` for `lib/server/`. */
function nameOf(path: string): string {
  return path.replace(/^lib\//, "").replace(/\/$/, "");
}
