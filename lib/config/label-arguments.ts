// Parses the arguments of `iot-server label`, and selectors. Never reads the environment. All functions throw an OperatingError
// `usage`.

import { isId } from "../protocol/fields.ts";
import { faultWords, type LabelChange, readChange } from "../server/labels.ts";
import { readSelector, type Selector } from "../server/selector.ts";
import { callOf } from "./server-flags.ts";
import { wrong } from "./server-arguments.ts";
import { quoted } from "./values.ts";

/** What `label` changes of which devices: those of `ids`, or those that the selector means. */
export type Labelling = {
  readonly ids: readonly string[];
  readonly select: Selector | null;
  readonly changes: readonly LabelChange[];
};

/**
 * The devices and the changes: ids come first; from the first argument with `=` or with `-` at its end on, all are changes.
 * @param select the text of --select, or null
 */
export function labelValues(positionals: readonly string[], select: string | null): Labelling {
  const isChange = (text: string) => text.includes("=") || text.endsWith("-");
  const first = positionals.findIndex(isChange);
  const ids = first < 0 ? positionals : positionals.slice(0, first);
  const changes = first < 0 ? [] : positionals.slice(first).map(changeValue);
  const strange = ids.find((id) => !isId(id));
  if (strange !== undefined) {
    throw wrong(
      `${quoted(strange)} is not a device id.`,
      "An id is 1 to 64 of A-Z a-z 0-9 . _ : -",
    );
  }
  if (ids.length > 0 && select !== null) {
    throw wrong("Devices are named, and --select is given.", "Name devices or select them.");
  }
  if (ids.length === 0 && select === null) {
    throw wrong("No device is named.", `Write: ${callOf("label")}, or --select id=NAME.`);
  }
  if (changes.length === 0) {
    const see = `iot-server devices --select ${select ?? `id=${ids[0] ?? ""}`} --json`;
    throw wrong("No change is given.", `Write ${callOf("label")}. To see labels: ${see}`);
  }
  const twice = changes.find(({ key }, i) => changes.some((one, j) => j < i && one.key === key));
  if (twice !== undefined) throw wrong(`${twice.key} is changed twice.`, "Give it once.");
  return { ids: [...new Set(ids)], select: selectValue(select), changes };
}

/** The selector of --select, and of --online; null without them. */
export function selectValue(asked: string | null, isOnline = false): Selector | null {
  const parts = [...(asked === null ? [] : [asked]), ...(isOnline ? ["presence=online"] : [])];
  if (parts.length === 0) return null;
  const text = parts.join(",");
  const read = readSelector(text);
  if (read.ok) return read.value;
  throw wrong(
    `--select ${quoted(text)} is wrong ${faultWords(read.fault)}.`,
    "Write area=Kitchen, area!=Kitchen, area, !area, id=th-* or presence=silent, with commas between them.",
  );
}

function changeValue(text: string): LabelChange {
  const read = readChange(text);
  if (read.ok) return read.value;
  throw wrong(
    `${quoted(text)} is wrong ${faultWords(read.fault)}.`,
    "Write area=Kitchen to set a label, area- to remove it.",
  );
}
