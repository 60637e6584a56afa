// The parts of a datagram that is being decoded: where its fields begin and end, and their values for its message.
// Never checks a field.

import { forms, type Address, type AnyForm, type FieldName, type Fields } from "./messages.ts";
import { idIn } from "./seen-ids.ts";

/** How a datagram is cut: the fields of one form in order, and the place of each; -1 for those that it does not have. */
export type Cut = {
  readonly names: readonly FieldName[];
  readonly places: Readonly<Record<FieldName, number>>;
  readonly endsInMessage: boolean;
  readonly isAddressed: boolean;
};

const tabCode = 0x09;
/** The most fields of any form, and one more part that shows that a datagram has too many. */
const partsMax = 1 + Math.max(...Object.values(forms).map(fieldsMax));
/** The start of each part of the datagram that was cut last, and after the last part the index of its end plus 1. */
const starts = new Int32Array(partsMax + 1);

/** The values may be read once the fields are checked, until another datagram is cut. */
export class Parts implements Fields {
  /**
   * @param text the text of the datagram
   * @param end the length of the text without a trailing line ending (clause 1.6)
   * @param tab the index of the TAB after the verb, or -1 if there is none
   * @param shape how it is cut
   */
  constructor(
    readonly text: string,
    readonly end: number,
    readonly tab: number,
    public shape: Cut,
  ) {}

  /**
   * Finds the fields after the verb. A final message takes the rest, including TABs (clause 2.17). In other forms one
   * part more than the fields is counted, which shows that there are too many.
   * @returns the number of parts
   */
  cut(): number {
    const { text, end, tab } = this;
    const { names, endsInMessage } = this.shape;
    const countMax = endsInMessage ? names.length : names.length + 1;
    if (tab < 0) {
      starts[0] = end + 1;
      return 0;
    }
    let count = 1;
    starts[0] = tab + 1;
    for (let at = tab + 1; at < end && count < countMax; at++) {
      if (text.charCodeAt(at) === tabCode) starts[count++] = at + 1;
    }
    starts[count] = end + 1;
    return count;
  }

  /** Where a part begins. */
  from(index: number): number {
    return starts[index] as number;
  }

  /** Where a part ends. */
  to(index: number): number {
    return (starts[index + 1] as number) - 1;
  }

  /** A part as text. */
  at(index: number): string {
    return this.text.slice(starts[index], this.to(index));
  }

  get code(): string {
    return this.at(this.shape.places.code);
  }

  get hash(): string {
    return this.at(this.shape.places.hash);
  }

  get id(): string {
    const { id } = this.shape.places;
    return idIn(this.text, this.from(id), this.to(id));
  }

  get ip(): string {
    return this.at(this.shape.places.ip);
  }

  get mac(): string {
    return this.at(this.shape.places.mac);
  }

  get message(): string {
    return this.at(this.shape.places.message);
  }

  get password(): string {
    return this.at(this.shape.places.password);
  }

  get port(): number {
    return Number(this.at(this.shape.places.port));
  }

  /** Empty if it was omitted. */
  get reason(): string {
    const { reason } = this.shape.places;
    return reason < 0 ? "" : this.at(reason);
  }

  get target(): string {
    return this.at(this.shape.places.target);
  }

  get time(): string {
    return this.at(this.shape.places.time);
  }

  /** Null in the plain form. */
  get address(): Address | null {
    return this.shape.isAddressed ? { ip: this.ip, port: this.port } : null;
  }
}

function fieldsMax({ fields, addressed = [], optional }: AnyForm): number {
  return Math.max(fields.length + (optional === undefined ? 0 : 1), addressed.length);
}
