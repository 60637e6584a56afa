// Shows the progress of a long operation: a bar that is redrawn on a terminal, elsewhere a line for each 10%. Never
// estimates a time, and prints nothing if there is nothing to do.

/** The stream for the progress, usually standard error. */
export type ProgressStream = {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
};

const barColumnsMax = 40;
const columnsUnknown = 80;

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
    const room = (stream.columns ?? columnsUnknown) - label.length - words.length - 5;
    const line = `${label} ${bar(done / total, Math.min(barColumnsMax, room))}${words}`;
    stream.write(`\r${line}\u001b[K${done >= total ? "\n" : ""}`);
  };
}

/** A bar of that many columns; an empty text if there are fewer than 5. */
function bar(share: number, columns: number): string {
  if (columns < 5) return "";
  const full = Math.round(share * columns);
  return `[${"#".repeat(full)}${".".repeat(columns - full)}] `;
}
