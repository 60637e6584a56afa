// Shows the progress of a long operation: a bar that is redrawn on a terminal, elsewhere a line for each 10%. Never
// estimates a time, and prints nothing if there is nothing to do.

/** The stream for the progress, usually standard error. */
export type ProgressStream = {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
};

const barColumnsMax = 40;
const barColumnsMin = 5;
const columnsUnknown = 80;
/** Columns at the end of a bar's line that stay free: for the ^C that the terminal shows, and for the cursor. */
const columnsFree = 3;
/** The part of a bar that moves where the total is not known. */
const blockShare = 1 / 5;

/** On a terminal: erases the line, such as one with a bar, and puts the cursor to its beginning. */
export const eraseLine = "\r\u001b[K";

/**
 * Starts to show the progress of an operation.
 * @param label names the operation, in a word or two
 * @returns a function to call with the amount done and the total; in its last call `done` equals `total`
 */
export function showProgress(
  label: string,
  stream: ProgressStream = process.stderr,
): (done: number, total: number) => void {
  let shown = -1;
  const stepPercent = stream.isTTY ? 1 : 10;
  return (done, total) => {
    if (total <= 0) return;
    const step = Math.floor((done * 100) / total / stepPercent);
    if (step === shown) return;
    // In a file, a line for 0% tells nothing.
    if (!stream.isTTY && shown === -1 && step === 0) return;
    shown = step;
    const words = `${step * stepPercent}% (${done} of ${total})`;
    if (!stream.isTTY) {
      stream.write(`${label}: ${words}\n`);
      return;
    }
    stream.write(
      `${barLine(stream, label, { share: done / total }, [words])}${done >= total ? "\n" : ""}`,
    );
  };
}

/** How far an operation is: a share from 0 to 1, or a number of steps if the total is not known. */
export type Extent = { readonly share: number } | { readonly steps: number };

/**
 * A line with a bar that takes the place of the line before, without a line end. In a narrow terminal the label is left
 * out, then words from the end, then the bar.
 * @param words what is said beside the bar, the most important first
 */
export function barLine(
  { columns = columnsUnknown }: ProgressStream,
  label: string,
  extent: Extent,
  words: readonly string[],
): string {
  const room = columns - columnsFree;
  const fewer = words.map((_, index) => words.slice(0, words.length - index).join(", "));
  const [all = ""] = fewer;
  const labelled = { head: `${label} `, said: all };
  const bare = words.length > 1 ? fewer.map((said) => ({ head: "", said })) : [];
  for (const { head, said } of [labelled, ...bare]) {
    const left = room - head.length - said.length - "[] ".length;
    if (left < barColumnsMin) continue;
    return drawn(`${head}[${bar(extent, Math.min(barColumnsMax, left))}] ${said}`);
  }
  const plain = [`${label} ${all}`, ...fewer].find((text) => text.length <= room);
  return drawn(plain ?? all.slice(0, Math.max(0, room)));
}

function drawn(line: string): string {
  return `\r${line}\u001b[K`;
}

function bar(extent: Extent, columns: number): string {
  if ("share" in extent) {
    const full = Math.round(extent.share * columns);
    return "#".repeat(full) + ".".repeat(columns - full);
  }
  const block = Math.max(1, Math.round(columns * blockShare));
  const turn = columns - block;
  // There and back again.
  const at = turn - Math.abs(turn - (extent.steps % (2 * turn)));
  return ".".repeat(at) + "#".repeat(block) + ".".repeat(columns - block - at);
}
