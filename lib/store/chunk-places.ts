// Which places of a chunk are whose, in memory: for each device a list, linked from its newest place to its oldest
// through one array for all, so that adding a report allocates nothing. Knows no row and no database.

/** Reports in a chunk: what a 16-bit place can number. */
export const chunkSize = 1 << 16;

/** The slot of a device that has none. */
const none = -1;

export class ChunkPlaces {
  /** A small number for each device, in the order in which they came. */
  readonly #slots = new Map<string, number>();
  readonly #devices: string[] = [];
  /** By slot: the newest place, and how many there are. */
  readonly #newest: number[] = [];
  readonly #counts: number[] = [];
  /** By place: the slot of its device, in 16 bits, so that whoever looks there compares the device too. */
  readonly #owners = new Uint16Array(chunkSize);
  /** By place: the place before it of the same device. */
  readonly #before = new Uint16Array(chunkSize);

  /** How many slots there are; those of devices whose reports were all undone included. */
  get slots(): number {
    return this.#devices.length;
  }

  /**
   * Adds a report.
   * @param place 0 to 65,535, above all places before
   * @param earlier a place that may be of the same device, which saves a look-up; any other number where there is none
   */
  add(device: string, place: number, earlier: number): void {
    let slot = earlier >= 0 && earlier < place ? (this.#owners[earlier] as number) : none;
    if (slot === none || this.#devices[slot] !== device) slot = this.#slotOf(device);
    this.#owners[place] = slot;
    this.#before[place] = this.#newest[slot] as number;
    this.#newest[slot] = place;
    this.#counts[slot]!++;
  }

  /** Forgets all reports from a place on. */
  undoFrom(place: number): void {
    for (let slot = 0; slot < this.slots; slot++) {
      while ((this.#counts[slot] as number) > 0 && (this.#newest[slot] as number) >= place) {
        this.#newest[slot] = this.#before[this.#newest[slot] as number] as number;
        this.#counts[slot]!--;
      }
    }
  }

  /** A device's places, ascending; empty for one that has none. */
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

  /** A device's places, newest first. Those that are added meanwhile are not among them. */
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
    return slot;
  }
}
