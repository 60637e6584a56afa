// A sorted set of ids, stored in pieces of a few hundred: an insertion or removal among a million ids moves one piece
// and not the whole list. Knows nothing of what the ids name.

/** A piece longer than this is split in two. */
const pieceMax = 512;

export class IdOrder {
  /** In ascending order; none is empty. */
  #pieces: string[][] = [];

  /** @param ids without repeats, in any order */
  constructor(ids: Iterable<string> = []) {
    const sorted = [...ids].sort();
    for (let at = 0; at < sorted.length; at += pieceMax / 2) {
      this.#pieces.push(sorted.slice(at, at + pieceMax / 2));
    }
  }

  /** Adds an id. The caller makes sure that it is not in the set. */
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

  /** Removes an id; does nothing if it is not in the set. */
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
   * The ids greater than one, in order.
   * @param after an id, in the set or not; null for all ids
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

  /** The index of the last piece whose first id is not greater than this one; -1 if there is none. */
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

/** The index at which the id is in a piece, or at which it would be inserted. */
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
