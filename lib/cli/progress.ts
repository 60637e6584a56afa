// Shows how far a long piece of work is: a bar that redraws itself on a terminal, a line every tenth elsewhere. Says
// nothing of time, and nothing at all where there is no work.

/** Where progress is shown: stderr. */
export type ProgressStream = {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
};

const barColumnsMax = 40;
const columnsUnknown = 80;

/**
 * Begins to show a piece of work.
 * @param label what is done, in a word or two
 * @returns takes how much is done, and of how much; the last call has `done` equal to `total`
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
    // A number in a file says nothing before there is one.
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

/** Empty where it has no room. */
function bar(share: number, columns: number): string {
  if (columns < 5) return "";
  const full = Math.round(share * columns);
  return `[${"#".repeat(full)}${".".repeat(columns - full)}] `;
}
