// Finds in which settings the other nodes differ from this one: a device would find another rule at each. Refuses nothing, so
// that a setting can be changed node by node. Shows no secret.

import { OperatingError } from "../../../operating-error.ts";
import type { Writer } from "../connection/writer.ts";
import { aliveSeconds, type Fence } from "./claim.ts";

type Settings = Readonly<Record<string, string>>;

/** How many nodes are named at most. */
const namedMax = 3;

/** A warning for each living node that differs. */
export async function differences(
  writer: Writer,
  { node }: Fence,
  own: Settings,
): Promise<OperatingError[]> {
  const rows = await writer.query(
    `SELECT node, settings FROM node
     WHERE node <> $1 AND address <> '' AND seen > clock_timestamp() - interval '${aliveSeconds} s' AND settings <> $2
     ORDER BY node LIMIT ${namedMax}`,
    [node, JSON.stringify(own)],
  );
  return rows.flatMap((row) => {
    const words = differing(own, JSON.parse(row["settings"] as string) as Settings);
    if (words.length === 0) return [];
    return new OperatingError(
      "node-differs",
      `Node ${String(row["node"])} has ${words.join(", ")}.`,
      "Give all nodes the same: each device and each operator finds any of them.",
    );
  });
}

/** What another node has in place of what this one has, in words. */
function differing(own: Settings, other: Settings): string[] {
  const names = Object.keys(own).filter((name) => name in other && own[name] !== other[name]);
  return names.map((name) => {
    const isSecret = own[name]?.startsWith("#") === true;
    return isSecret ? `another ${name}` : `${name} ${other[name]} (here ${own[name]})`;
  });
}
