// The rule that tells an answer to a question from a report (protocol §4.9). Pure; the store loads the questions.

import type { Answer, QuestionRow, Report } from "./rows.ts";
import type { AnswerStored, Decision, MayAnswer } from "./store-port.ts";

/** Decides whether a DATA is an answer; as `MayAnswer.decide`. */
export function decideAnswer(
  data: Report,
  { addressed, open }: MayAnswer,
  questions: readonly QuestionRow[],
  isReported: () => boolean,
): Decision<AnswerStored> | null {
  const timed = questions.filter(({ time }) => time === data.time);
  const stored = (addressed ? questions : timed).find(({ answer }) => isSame(answer, data));
  if (stored !== undefined) {
    return { outcome: { kind: "answer", question: stored.number, repeated: true }, writes: [] };
  }
  const [asked] = timed;
  if (asked !== undefined) return answering(asked, data);
  // Clients of the original system answer in the addressed form with a time of their own. The open question may be gone:
  // others have taken its place.
  const late = addressed && open > 0 ? questions.find(({ number }) => number === open) : undefined;
  return late === undefined || isReported() ? null : answering(late, data);
}

/** Stores the answer. A device may answer each repeat of a question with another reading: each is acknowledged and kept. */
function answering(
  { number, answer: before }: QuestionRow,
  { received, code, time, message }: Report,
): Decision<AnswerStored> {
  const kind = before === null ? "answer-question" : "answer-again";
  const answer = { received, code, time, message };
  return {
    outcome: { kind: "answer", question: number, repeated: false },
    writes: [{ kind, number, answer }],
  };
}

function isSame(answer: Answer | null, { code, time, message }: Report): boolean {
  return answer?.time === time && answer.code === code && answer.message === message;
}
