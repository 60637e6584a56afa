// Counts datagrams by verb, transport and the code of their answer, for the metrics. The table is allocated once; a
// datagram costs one addition.

import { describeAck, type AckCode } from "../protocol/codes.ts";
import { forms, type Verb } from "../protocol/messages.ts";

/** The type of a datagram; `other` if none could be read. */
export type CountedVerb = Verb | "other";

const verbs = [...(Object.keys(forms) as Verb[]), "other"] as const;
/** The row of each verb. */
const rows = Object.fromEntries(verbs.map((verb, row) => [verb, row])) as Record<
  CountedVerb,
  number
>;
const codesMax = 100;
/** The columns: 100 codes of ACK, 100 codes of DATA in answer to a QUERY, and one for datagrams that get no answer. */
const unanswered = 2 * codesMax;
const columns = unanswered + 1;

/** A cell of the table that is not 0. */
export type TrafficCell = {
  readonly verb: CountedVerb;
  readonly transport: "text" | "sealed";
  /** The meaning of the answer's code, words joined by `_`. */
  readonly outcome: string;
  readonly count: number;
};

export class Traffic {
  readonly #counts = new Float64Array(2 * verbs.length * columns);

  /** Counts a datagram that was answered with an ACK. */
  acknowledged(sealed: boolean, verb: CountedVerb, code: string): void {
    this.#add(sealed, verb, numberOf(code));
  }

  /** Counts a QUERY that was answered with a DATA. */
  answered(sealed: boolean, verb: CountedVerb, code: string): void {
    this.#add(sealed, verb, codesMax + numberOf(code));
  }

  /** Counts a datagram of a type that is never answered. */
  unanswered(sealed: boolean, verb: CountedVerb): void {
    this.#add(sealed, verb, unanswered);
  }

  /** The counts above 0; codes with the same outcome are added up. */
  read(): TrafficCell[] {
    const cells = new Map<string, TrafficCell>();
    // By index: the iterator of a typed array costs 25 times as much, and most cells are 0.
    for (let i = 0; i < this.#counts.length; i++) {
      const count = this.#counts[i] as number;
      if (count === 0) continue;
      const row = Math.floor(i / columns);
      const transport = row >= verbs.length ? "sealed" : "text";
      const verb = verbs[row % verbs.length] as CountedVerb;
      const outcome = outcomeOf(i % columns);
      const key = `${transport} ${verb} ${outcome}`;
      const before = cells.get(key)?.count ?? 0;
      cells.set(key, { verb, transport, outcome, count: before + count });
    }
    return [...cells.values()];
  }

  #add(sealed: boolean, verb: CountedVerb, column: number): void {
    const i = ((sealed ? verbs.length : 0) + rows[verb]) * columns + column;
    this.#counts[i] = (this.#counts[i] as number) + 1;
  }
}

/** The number of a two-digit code, without a substring for each digit. */
function numberOf(code: string): number {
  return (code.charCodeAt(0) - 48) * 10 + code.charCodeAt(1) - 48;
}

function outcomeOf(column: number): string {
  if (column === unanswered) return "unanswered";
  if (column >= codesMax) return column === codesMax + 1 ? "answered" : "not_there";
  const code = String(column).padStart(2, "0");
  const words = outcomes[code as AckCode] ?? describeAck(code);
  return words.replaceAll(" ", "_");
}

/** Shorter names for the ACK codes whose description is long. */
const outcomes: Partial<Record<AckCode, string>> = {
  "01": "already registered",
  "11": "id taken",
  "12": "ip taken",
  "13": "mac taken",
  "30": "registered otherwise",
  "31": "credentials refused",
  "41": "no session",
  "51": "no session",
  "61": "no session",
  "91": "unknown type",
  "93": "busy",
  "95": "storage failed",
};
