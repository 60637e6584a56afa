// A form: questions with defaults, asked one after the other, each answer checked. Never remembers an answer.

import { type FieldRule, fieldRules } from "../../protocol/fields.ts";
import type { FieldName } from "../../protocol/messages.ts";
import type { Terminal } from "./terminal.ts";

/** One question of a form. */
export type FormField = {
  readonly label: string;
  /** The rule that an answer must satisfy. */
  readonly rule: FieldName | FieldRule;
  /** The value that an empty answer stands for, or null for none. */
  readonly preset: string | null;
  /** Shown instead of the preset, for example to say what an empty answer means. */
  readonly hint?: string;
  /** The answer is shown neither while it is typed nor as a preset. */
  readonly secret?: boolean;
  /** An empty answer is valid even without a preset. */
  readonly optional?: boolean;
};

/** The answers in order, or what is wrong with the first wrong one, or that the input has ended. */
export type FormResult =
  | { readonly kind: "filled"; readonly answers: readonly string[] }
  | { readonly kind: "wrong"; readonly problem: string }
  | { readonly kind: "end" };

/**
 * Asks the questions of a form. A person is asked again after a wrong answer. From a pipe the whole form is read before
 * a wrong answer is reported, so that the next line of the script still belongs to the next question.
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
  const rule = typeof field.rule === "string" ? fieldRules[field.rule] : field.rule;
  return rule.test(answer) ? null : rule.says;
}

function promptOf({ label, preset, hint, secret }: FormField): string {
  const shown = hint ?? (secret === true && preset !== null ? "as before" : preset);
  return shown === null ? `${label}: ` : `${label} [${shown}]: `;
}
