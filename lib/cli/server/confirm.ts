// A question to a person on the terminal, which is answered with y or n. Never asks where nobody can answer.

import { createInterface } from "node:readline";

/**
 * Returns what asks a question on standard error and reads the answer from standard input; null if one of them is no
 * terminal. Anything but y or yes, also the end of input, is no.
 */
export function confirmation(): ((question: string) => Promise<boolean>) | null {
  const { stdin, stderr } = process;
  if (!stdin.isTTY || !stderr.isTTY) return null;
  return (question) =>
    new Promise((resolve) => {
      const lines = createInterface({ input: stdin, output: stderr });
      lines.once("close", () => resolve(false));
      lines.question(question, (answer) => {
        resolve(/^\s*y(es)?\s*$/i.test(answer));
        lines.close();
      });
    });
}
