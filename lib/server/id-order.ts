// Ids in order, in pieces of some hundred: to add or take out one among a million moves a piece and not the whole list.
// Knows nothing of what the ids name.

/** A piece is cut in two when it gets longer than this. */
const pieceMax = 512;

export class IdOrder {
  /** In order, none empty. */
  #pieces: string[][] = [];

  /** @param ids without repeats, in any order */
  constructor(ids: Iterable<string> = []) {
    const sorted = [...ids].sort();
    for (let at = 0; at < sorted.length; at += pieceMax / 2) {
      this.#pieces.push(sorted.slice(at, at + pieceMax / 2));
    }
  }

  /** Adds an id that is not there yet. */
  add(id: string): void {
    const index = Math.max(0, this.#pieceOf(id));
    const piece = this.#pieces[index];
    if (piece === undefined) {
      this.#pieces.push([id]);
      return;
    }
    piece.splice(rankIn(piece, id), 0, id);
    if (piece.length > pieceMax) this.#pieces.splice(index + 1, 0, piece.splice(pieceMax / 2));
  }

  /** Takes out an id that is there. */
  remove(id: string): void {
    const index = this.#pieceOf(id);
    const piece = this.#pieces[index];
    if (piece === undefined) return;
    const at = rankIn(piece, id);
    if (piece[at] !== id) return;
    piece.splice(at, 1);
    if (piece.length === 0) this.#pieces.splice(index, 1);
  }

  /**
   * The ids in order, after one.
   * @param after an id, whether it is there or not; null for all
   */
  *after(after: string | null): Generator<string, void, undefined> {
    let index = after === null ? 0 : Math.max(0, this.#pieceOf(after));
    for (; index < this.#pieces.length; index++) {
      const piece = this.#pieces[index] as string[];
      let at = after === null ? 0 : rankIn(piece, after);
      if (piece[at] === after) at++;
      for (; at < piece.length; at++) yield piece[at] as string;
    }
  }

  /** The last piece that does not begin after the id; -1 where all do. */
  #pieceOf(id: string): number {
    let low = 0;
    let high = this.#pieces.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#pieces[middle]?.[0] as string) <= id) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** Where the id stands, or would stand, in a piece. */
function rankIn(piece: readonly string[], id: string): number {
  let low = 0;
  let high = piece.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((piece[middle] as string) < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
