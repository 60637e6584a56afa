// The nodes of a common store as a simulated node sees them, as lib/store/postgres/nodes does it in real time: signs of life,
// comparisons with the store, sessions of nodes that are gone, and letters. Drives no engine.

import type { AskResult } from "../../../lib/server/asks.ts";
import type {
  NodeHandlers,
  NodeQuestion,
  NodeRow,
  Relayed,
  StoreNodes,
} from "../../../lib/server/nodes.ts";
import type { SessionRow } from "../../../lib/server/rows.ts";
import type { Stream } from "../random.ts";
import type { Timeline } from "../timeline.ts";
import { hold } from "../violation.ts";
import { Comparisons } from "./comparisons.ts";
import type { Life } from "./life.ts";
import type { Line } from "./line.ts";
import type { Letter, Post } from "./post.ts";

/** As in lib/store/postgres/nodes. */
const renewEveryMs = 2_000;
const sureMs = 8_000;
const tellEveryMs = 250;
const watchEveryMs = 1_000;
/** How long an answer of another node is waited for, ms. */
const askMs = 12_000;

export type NodeParts = {
  readonly own: string;
  readonly epoch: number;
  readonly timeline: Timeline;
  readonly random: Stream;
  readonly line: Line;
  readonly life: Life;
  /** null: the nodes tell each other nothing, as behind a pooler. */
  readonly post: Post | null;
  readonly silenceMs: number;
  /** The wall clock, ms since 1970. */
  readonly wall: () => number;
  /** It has ended sessions of a node that is gone, and never learned it. */
  readonly onUntold: (sessions: readonly SessionRow[]) => void;
};

export class SimNodes implements StoreNodes {
  readonly counts = { lapses: 0, sweeps: 0, unheard: 0 };
  readonly own: string;
  #sureUntil: number;
  /** When the latest renewal that was answered was sent, ms. */
  #renewedAt: number;
  #others: string | null = null;
  #handlers: NodeHandlers | null = null;
  /** Called when the renewal under way has ended; null if none is. */
  #renewing: (() => void)[] | null = null;
  /** How many lapses have not settled. */
  #unsettled = 0;
  #isListening = false;
  readonly #comparisons: Comparisons;
  #deafUntil = 0;
  #isSweeping = false;
  readonly #told = new Set<string>();
  readonly #asked = new Map<number, (result: AskResult) => void>();
  #questions = 0;

  /** @param parts whose name was claimed just now */
  constructor(private readonly parts: NodeParts) {
    this.own = parts.own;
    this.#comparisons = new Comparisons(parts.line, parts.life);
    this.#sureUntil = parts.timeline.now + sureMs;
    this.#renewedAt = parts.timeline.now;
    this.#every(renewEveryMs, () => this.renew(() => {}));
    this.#every(watchEveryMs, () => this.#watch());
    this.#every(tellEveryMs, () => this.#flush());
  }

  get sureUntil(): number {
    return this.#sureUntil;
  }

  get shownAt(): number {
    return this.#renewedAt;
  }

  /** How many devices were compared with the store. */
  get compared(): number {
    return this.#comparisons.count;
  }

  start(handlers: NodeHandlers): () => void {
    this.#handlers = handlers;
    this.#comparisons.onChanged = handlers.onChanged;
    this.parts.post?.open(this.own, (letter) => this.#receive(letter));
    this.#watch();
    return () => (this.#handlers = null);
  }

  /** Loses what others tell for a while. */
  deafen(ms: number): void {
    this.#deafUntil = this.parts.timeline.now + ms;
  }

  /** Gives a sign of life. @param onEnd called when it has ended, well or not */
  renew(onEnd: () => void): void {
    if (this.#renewing !== null) return void this.#renewing.push(onEnd);
    this.#renewing = [onEnd];
    const { timeline, line, life, own, epoch } = this.parts;
    const sent = timeline.now;
    const end = () => {
      const waiting = this.#renewing ?? [];
      this.#renewing = null;
      for (const done of waiting) done();
    };
    line.query(
      life,
      () => line.database.renew(own, epoch),
      (sign) => {
        hold(sign !== null, () => `another process is node ${own}`);
        // The answer to the renewal that noticed it may have been lost.
        const mayHaveLapsed = sent - this.#renewedAt > sureMs;
        this.#renewedAt = sent;
        if (sign.lapsed || mayHaveLapsed) this.#settle();
        // One that is gone may not have told all that it did.
        else if (this.#others !== null && sign.others !== this.#others) this.#compareAll();
        this.#others = sign.others;
        if (this.#unsettled === 0) this.#sureUntil = Math.max(this.#sureUntil, sent + sureMs);
        end();
      },
      end,
    );
  }

  #settle(): void {
    this.counts.lapses++;
    this.#unsettled++;
    this.#compareAll(() => {
      this.#unsettled--;
      this.renew(() => {});
    });
  }

  compare(ids: readonly string[]): void {
    this.#comparisons.begin(ids);
  }

  tell(ids: Iterable<string>): void {
    for (const id of ids) {
      this.#told.add(id);
      this.#comparisons.ownChange(id);
    }
  }

  relay(node: string, relayed: Relayed): void {
    this.#send(node, { kind: "relayed", relayed });
  }

  /** Asks a device wherever it is logged in. @param askHere asks one that this node hears, or none does */
  askAnywhere(
    question: NodeQuestion,
    isHere: boolean,
    askHere: (onResult: (result: AskResult) => void) => void,
    onResult: (result: AskResult) => void,
  ): void {
    if (isHere) return askHere(onResult);
    const { line, life, epoch } = this.parts;
    line.query(
      life,
      () => line.database.placed([question.id]).get(question.id),
      (row) => {
        const node = row?.ended === null ? row.node : "";
        if (node === this.own || !line.database.lives(node)) return askHere(onResult);
        const number = epoch * 1e6 + ++this.#questions;
        this.#asked.set(number, onResult);
        life.after(askMs, () => this.#answer(number, { kind: "busy" }));
        this.#send(node, { kind: "asked", from: this.own, number, question });
      },
      () => onResult({ kind: "busy" }),
    );
  }

  list(): Promise<readonly NodeRow[]> {
    return Promise.resolve([]);
  }

  nodeOf(): Promise<string | null> {
    return Promise.resolve(null);
  }

  ask(): Promise<AskResult> {
    return Promise.resolve({ kind: "busy" });
  }

  /** What another node's question leads to; the answer goes back through the post. */
  onAsked: (question: NodeQuestion, onResult: (result: AskResult) => void) => void = () => {};

  #every(ms: number, happen: () => void): void {
    this.parts.life.after(ms, () => {
      happen();
      this.#every(ms, happen);
    });
  }

  #send(to: string | null, letter: Letter): void {
    const { post, line } = this.parts;
    if (!line.isDown) post?.send(this.own, to, letter);
  }

  #flush(): void {
    if (this.#told.size === 0 || this.parts.line.isDown) return;
    const ids = [...this.#told];
    this.#told.clear();
    this.#send(null, { kind: "changed", ids });
  }

  /** A letter arrives, but only whoever listens gets it. */
  #receive(letter: Letter): void {
    const { line, life, timeline } = this.parts;
    if (life.isOver) return;
    if (line.isDown || this.#deafUntil > timeline.now) this.#isListening = false;
    if (!this.#isListening) return void this.counts.unheard++;
    life.after(0, () => this.#read(letter));
  }

  #read(letter: Letter): void {
    switch (letter.kind) {
      case "changed":
        return this.compare(letter.ids);
      case "relayed":
        return this.#handlers?.onRelayed(letter.relayed);
      case "asked": {
        const { from, number, question } = letter;
        return this.onAsked(question, (result) => {
          this.#send(from, { kind: "answered", number, result });
        });
      }
      case "answered":
        return this.#answer(letter.number, letter.result);
    }
  }

  #answer(number: number, result: AskResult): void {
    const onResult = this.#asked.get(number);
    this.#asked.delete(number);
    onResult?.(result);
  }

  #watch(): void {
    this.#listen();
    this.#sweep();
  }

  /** Listens again, if it does not, and looks what was told meanwhile. */
  #listen(): void {
    const { line, life, timeline, post } = this.parts;
    if (line.isDown) this.#isListening = false;
    const isDeaf = post === null || this.#deafUntil > timeline.now;
    if (this.#isListening || isDeaf || this.#handlers === null) return;
    const begin = () => void (this.#isListening = true);
    const lose = () => void (this.#isListening = false);
    line.query(life, begin, () => this.#compareAll(), lose);
  }

  #sweep(): void {
    if (this.#isSweeping || this.#handlers === null) return;
    this.#isSweeping = true;
    const { line, life, own, epoch, silenceMs, wall } = this.parts;
    const end = () => void (this.#isSweeping = false);
    const at = wall();
    let committed: readonly SessionRow[] = [];
    line.query(
      life,
      () => (committed = line.database.endLost(own, epoch, silenceMs, at)),
      (ended) => {
        end();
        this.counts.sweeps += ended.length;
        if (ended.length > 0) this.#handlers?.onEnded(ended);
      },
      () => {
        end();
        this.parts.onUntold(committed);
      },
    );
  }

  #compareAll(onEnd: () => void = () => {}): void {
    this.#comparisons.begin([...(this.#handlers?.sessionIds() ?? [])], onEnd);
  }
}
