// The rule that tells an answer to a question from a report (protocol §4.9). Pure; the store loads the questions.

import type { MayAnswer, Report } from "./operation.ts";

/** A kept question, as the rule needs it. */
export type KeptQuestion = {
  readonly number: number;
  /** The time field of its QUERY. */
  readonly time: string;
  /** The fields of its answer; null without one. */
  readonly answer: Pick<Report, "code" | "time" | "message"> | null;
};

export type AnswerDecision =
  | { readonly kind: "report" }
  /** The answer is stored already. */
  | { readonly kind: "repeat"; readonly question: number }
  /** `ifNew`: only if the same DATA was not stored as a report before. */
  | { readonly kind: "answer"; readonly question: number; readonly ifNew: boolean };

/**
 * Decides whether a DATA is an answer.
 * @param data the DATA
 * @param questions the kept questions to its device, newest first
 */
export function decideAnswer(
  data: Report,
  { addressed, open }: MayAnswer,
  questions: readonly KeptQuestion[],
): AnswerDecision {
  const timed = questions.filter(({ time }) => time === data.time);
  const stored = (addressed ? questions : timed).find(({ answer }) => isSame(answer, data));
  if (stored !== undefined) return { kind: "repeat", question: stored.number };
  const [asked] = timed;
  if (asked !== undefined) return { kind: "answer", question: asked.number, ifNew: false };
  // Clients of the original system answer in the addressed form with a time of their own.
  if (addressed && open > 0) return { kind: "answer", question: open, ifNew: true };
  return { kind: "report" };
}

function isSame(answer: KeptQuestion["answer"], { code, time, message }: Report): boolean {
  return answer?.time === time && answer.code === code && answer.message === message;
}
