// Questions to devices of other nodes: each goes out with a ticket, and the answer comes back with it. Answers those of other
// nodes, each once. Sends nothing to a device.

import { BoundedMap } from "../../../bounded-map.ts";
import type { AskResult } from "../../../server/asks.ts";
import type { NodeQuestion } from "../../../server/nodes.ts";
import type { ChannelPace } from "./channel-pace.ts";
import type { Notice } from "./notices.ts";

/** How many questions may be open. */
const openMax = 1_024;
/** How many tickets of other nodes are remembered: a notification may come twice. */
const ticketsMax = 4_096;

type Open = { readonly resolve: (result: AskResult) => void; readonly timer: Timer };
type Timer = ReturnType<typeof setTimeout>;

export class NodeAsks {
  readonly #open = new Map<string, Open>();
  readonly #answered = new BoundedMap<string, true>(ticketsMax);
  #count = 0;
  #isStopped = false;

  /**
   * @param own the name of this node
   * @param run the random name of its channel: no ticket is given twice
   * @param send sends a notice to a node; rejects if that failed
   */
  constructor(
    private readonly own: string,
    private readonly run: string,
    private readonly send: (node: string, notice: Notice) => Promise<void>,
    private readonly pace: Pick<ChannelPace, "askMs">,
  ) {}

  /** Asks a device of another node. `no-answer` if none came in time, `busy` if the question could not be sent. */
  ask(node: string, question: NodeQuestion): Promise<AskResult> {
    if (this.#isStopped || this.#open.size >= openMax) return Promise.resolve({ kind: "busy" });
    const ticket = `${this.run}.${++this.#count}`;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.onAnswer(ticket, { kind: "no-answer" }), this.pace.askMs);
      this.#open.set(ticket, { resolve, timer });
      const sent = this.send(node, { kind: "ask", ticket, asker: this.own, question });
      sent.catch(() => this.onAnswer(ticket, { kind: "busy" }));
    });
  }

  /** Ends the question with this ticket, if it is open. */
  onAnswer(ticket: string, result: AskResult): void {
    const open = this.#open.get(ticket);
    if (open === undefined) return;
    this.#open.delete(ticket);
    clearTimeout(open.timer);
    open.resolve(result);
  }

  /** Another node asks. @param answer asks the device */
  async onAsked(
    { ticket, asker, question }: Extract<Notice, { kind: "ask" }>,
    answer: (question: NodeQuestion) => Promise<AskResult>,
  ): Promise<void> {
    if (this.#answered.has(ticket)) return;
    this.#answered.set(ticket, true);
    const result = await resultOf(answer, question);
    if (this.#isStopped) return;
    // Who gets no answer gives up by itself.
    await this.send(asker, { kind: "answer", ticket, result }).catch(() => {});
  }

  /** Ends all questions. */
  stop(): void {
    this.#isStopped = true;
    for (const ticket of this.#open.keys()) this.onAnswer(ticket, { kind: "no-answer" });
  }
}

async function resultOf(
  answer: (question: NodeQuestion) => Promise<AskResult>,
  question: NodeQuestion,
): Promise<AskResult> {
  try {
    return await answer(question);
  } catch {
    return { kind: "busy" };
  }
}
