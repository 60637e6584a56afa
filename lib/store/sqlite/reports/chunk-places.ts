// Owns, in memory, which device each place of a chunk belongs to. The places of a device form a list, linked from the
// newest to the oldest in an array that all devices share, so that adding a report allocates nothing. Never reads a
// row or a database.

/** Reports in a chunk: as many as a 16-bit place can number. */
export const chunkSize = 1 << 16;

/** Stands for "no slot". */
const none = -1;

export class ChunkPlaces {
  /** The slot of each device: 0, 1, … in the order of their first reports. */
  readonly #slots = new Map<string, number>();
  readonly #devices: string[] = [];
  /** By slot: the device's newest place, and the number of its places. */
  readonly #newest: number[] = [];
  readonly #counts: number[] = [];
  /** By slot: the time of the device's newest report. After an undo it may be that of a report that was undone. */
  readonly #times: number[] = [];
  /**
   * By place: the slot of its device, cut to 16 bits. There can be more slots than that after an undo, so a reader
   * compares the device too.
   */
  readonly #owners = new Uint16Array(chunkSize);
  /** By place: the previous place of the same device. */
  readonly #before = new Uint16Array(chunkSize);

  /** The number of slots, including those of devices whose reports were all undone. */
  get slots(): number {
    return this.#devices.length;
  }

  /** The number of reports. */
  get count(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  /**
   * Adds a report.
   * @param place 0 to 65,535, higher than all places added before
   * @param earlier an earlier place that is probably the same device's, which saves a look-up in the Map; any other
   *   number if none is known
   * @param at the report's time, ms since 1970
   * @returns whether the device has no report with a later time before it
   */
  add(device: string, place: number, earlier: number, at: number): boolean {
    let slot = earlier >= 0 && earlier < place ? (this.#owners[earlier] as number) : none;
    if (slot === none || this.#devices[slot] !== device) slot = this.#slotOf(device);
    this.#owners[place] = slot;
    this.#before[place] = this.#newest[slot] as number;
    this.#newest[slot] = place;
    this.#counts[slot]!++;
    const isAscending = at >= (this.#times[slot] as number);
    this.#times[slot] = at;
    return isAscending;
  }

  /** Removes all reports at this place and after it. */
  undoFrom(place: number): void {
    for (let slot = 0; slot < this.slots; slot++) {
      while ((this.#counts[slot] as number) > 0 && (this.#newest[slot] as number) >= place) {
        this.#newest[slot] = this.#before[this.#newest[slot] as number] as number;
        this.#counts[slot]!--;
      }
    }
  }

  /** A device's places, ascending; empty if it has none. */
  of(device: string): Uint16Array {
    return this.at(this.#slots.get(device) ?? none);
  }

  /** The places of the device in a slot, ascending. */
  at(slot: number): Uint16Array {
    const places = new Uint16Array(this.#counts[slot] ?? 0);
    let place = this.#newest[slot] as number;
    for (let i = places.length - 1; i >= 0; i--) {
      places[i] = place;
      place = this.#before[place] as number;
    }
    return places;
  }

  /** The device of a slot. */
  deviceAt(slot: number): string {
    return this.#devices[slot] as string;
  }

  /** A device's places, newest first. Places added during the iteration are not included. */
  *newestOf(device: string): Generator<number, void, undefined> {
    const slot = this.#slots.get(device) ?? none;
    let place = this.#newest[slot] as number;
    for (let left = this.#counts[slot] ?? 0; left > 0; left--) {
      yield place;
      place = this.#before[place] as number;
    }
  }

  #slotOf(device: string): number {
    const known = this.#slots.get(device);
    if (known !== undefined) return known;
    const slot = this.#devices.length;
    this.#slots.set(device, slot);
    this.#devices.push(device);
    this.#newest.push(0);
    this.#counts.push(0);
    this.#times.push(Number.NEGATIVE_INFINITY);
    return slot;
  }
}
