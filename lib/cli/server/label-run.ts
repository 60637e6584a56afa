// Changes the labels of devices in groups, through a port: a running server or the database. Asks first where many are meant.
// Never opens a socket or a store.

import { exitCode, type ExitCode, OperatingError } from "../../operating-error.ts";
import { type LabelChange, labelsMax, labelsObject, labelsText } from "../../server/labels.ts";
import type { LabelResult } from "../../server/operator.ts";
import type { Selector } from "../../server/selector.ts";
import { printable } from "./printable.ts";

/** What it needs from its caller. */
export type LabelPort = {
  /** Changes the labels of some devices; a result for each, in the same order. */
  label(ids: readonly string[], changes: readonly LabelChange[]): Promise<readonly LabelResult[]>;
  /** Asks a person; whether the answer was yes. null: nobody is there to be asked. */
  readonly confirm: ((question: string) => Promise<boolean>) | null;
  write(line: string): void;
  onRefused(words: string): void;
};

/** How many devices one transaction has at most. */
const groupSize = 500;
/** How many ids a question names at most. */
const namedMax = 5;

/**
 * Changes labels and prints what became of it.
 * @param ids the devices, at least one
 * @param asked `select`: how the devices were selected; null if they were named
 * @throws OperatingError `not-confirmed` if nobody agreed that so many devices are changed; whatever `label` throws
 */
export async function labelDevices(
  ids: readonly string[],
  asked: {
    readonly changes: readonly LabelChange[];
    readonly select: Selector | null;
    readonly yes: boolean;
    readonly json: boolean;
  },
  port: LabelPort,
): Promise<ExitCode> {
  if (asked.select !== null && !asked.yes) await agree(ids, port);
  const counts = { labelled: 0, unchanged: 0, refused: 0 };
  try {
    for (let from = 0; from < ids.length; from += groupSize) {
      const group = ids.slice(from, from + groupSize);
      const results = await port.label(group, asked.changes);
      for (const [i, id] of group.entries()) {
        const result = results[i] ?? ({ kind: "storage-failed" } as const);
        counts[count(result)]++;
        tell(id, result, asked, port);
      }
    }
  } finally {
    const { labelled, unchanged, refused } = counts;
    if (!asked.json && (ids.length > 1 || asked.select !== null)) {
      port.write(`${labelled} labelled, ${unchanged} unchanged, ${refused} refused.`);
    }
  }
  return counts.refused === 0 ? exitCode.done : exitCode.refused;
}

/** What a change concerns, as a question: `This concerns 128 devices: a, b, … Go on? [y/N]`. */
export function questionAbout(ids: readonly string[]): string {
  const named = ids.slice(0, namedMax).map(printable).join(", ");
  const devices = ids.length === 1 ? "1 device" : `${ids.length} devices`;
  return `This concerns ${devices}: ${named}${ids.length > namedMax ? ", …" : "."} Go on? [y/N] `;
}

/** Asks whether to go on with these devices. @throws OperatingError `not-confirmed` */
export async function agree(
  ids: readonly string[],
  { confirm }: Pick<LabelPort, "confirm">,
): Promise<void> {
  const question = questionAbout(ids);
  if (confirm !== null && (await confirm(question))) return;
  throw new OperatingError(
    "not-confirmed",
    confirm === null ? question.slice(0, question.indexOf(" Go on?")) : "Nothing was changed.",
    confirm === null ? "To change them without being asked, add --yes." : "Answer y to go on.",
  );
}

function count({ kind }: LabelResult): "labelled" | "unchanged" | "refused" {
  return kind === "labelled" || kind === "unchanged" ? kind : "refused";
}

function tell(
  id: string,
  result: LabelResult,
  { json, select }: { readonly json: boolean; readonly select: Selector | null },
  { write, onRefused }: LabelPort,
): void {
  const has = "labels" in result ? result.labels : null;
  if (json) {
    const labels = has === null ? null : labelsObject(has);
    return write(JSON.stringify({ id, result: result.kind, labels }));
  }
  if (has === null) return onRefused(`${printable(id)}: ${refusals[result.kind] ?? ""}`);
  if (select === null) write(`${printable(id)}: ${has.size === 0 ? "no labels" : labelsText(has)}`);
}

const refusals: Readonly<Record<string, string>> = {
  unknown: "is not registered; see iot-server devices",
  "too-many": `a device has at most ${labelsMax} labels; remove one, as area-`,
  "storage-failed": "nothing was changed; the server's error.log says why",
};
