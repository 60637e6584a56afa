// A row of questions with defaults: asked one after the other, each answer checked. Remembers nothing itself.

import { fieldRules } from "../../protocol/fields.ts";
import type { FieldName } from "../../protocol/messages.ts";
import type { Terminal } from "./terminal.ts";

/** One question of a form. */
export type FormField = {
  readonly label: string;
  /** What an answer must be. */
  readonly rule: FieldName;
  /** What an empty answer means; null where there is none. */
  readonly preset: string | null;
  /** Shown instead of the preset; also where an empty answer means something of its own. */
  readonly hint?: string;
  /** The answer is not shown while it is typed, nor as a preset. */
  readonly secret?: boolean;
  /** An empty answer without a preset is an answer. */
  readonly optional?: boolean;
};

/** The answers in order, or what is wrong with one, or that the input has ended. */
export type FormResult =
  | { readonly kind: "filled"; readonly answers: readonly string[] }
  | { readonly kind: "wrong"; readonly problem: string }
  | { readonly kind: "end" };

/**
 * Asks a form. A person is asked again after a wrong answer; a pipe gives all its lines first, so that a script stays in
 * step, and then the form is wrong.
 */
export async function fillForm(
  terminal: Terminal,
  fields: readonly FormField[],
): Promise<FormResult> {
  const answers: string[] = [];
  let problem: string | null = null;
  for (const field of fields) {
    for (;;) {
      const line = await terminal.ask(promptOf(field), field.secret);
      if (line === null) return { kind: "end" };
      const typed = field.secret === true ? line : line.trim();
      const answer = typed === "" ? (field.preset ?? "") : typed;
      const wrong = problemOf(field, answer);
      if (wrong !== null && terminal.interactive) {
        terminal.show(`${field.label}: ${wrong}.`);
        continue;
      }
      problem ??= wrong === null ? null : `${field.label}: ${wrong}`;
      answers.push(answer);
      break;
    }
  }
  return problem === null ? { kind: "filled", answers } : { kind: "wrong", problem };
}

function problemOf(field: FormField, answer: string): string | null {
  if (answer === "" && field.optional === true) return null;
  const rule = fieldRules[field.rule];
  return rule.test(answer) ? null : rule.says;
}

function promptOf({ label, preset, hint, secret }: FormField): string {
  const shown = hint ?? (secret === true && preset !== null ? "as before" : preset);
  return shown === null ? `${label}: ` : `${label} [${shown}]: `;
}
