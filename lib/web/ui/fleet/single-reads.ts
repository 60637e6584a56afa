// Reads devices of the list one by one, some a second, where an event does not tell all that a row shows. Keeps no row.

import type { DeviceJson } from "../../api/shapes.ts";
import { get, Problem } from "../api.ts";
import { atMostEvery } from "../pace.ts";

const everyMs = 1_000;
const atOnceMax = 20;

export class SingleReads {
  readonly #online = new Set<string>();
  readonly #cut = new Set<string>();
  readonly #read = atMostEvery(everyMs, () => void this.#readSome());

  /** @param onRead called with each device that was read; `onEnd` after some */
  constructor(
    private readonly onRead: (device: DeviceJson) => void,
    private readonly onEnd: () => void,
  ) {}

  /** A device came online: the event does not contain its transport. Of many at once only some are read. */
  noteOnline(id: string): void {
    if (this.#online.size < atOnceMax) this.#online.add(id);
  }

  /** The last report of a device is in no event whole. */
  noteCut(id: string): void {
    this.#cut.add(id);
  }

  /** Reads those that were noted. */
  start(): void {
    if (this.#online.size + this.#cut.size > 0) this.#read();
  }

  stop(): void {
    this.#read.stop();
  }

  async #readSome(): Promise<void> {
    const ids = [...this.#online, ...this.#cut].slice(0, atOnceMax);
    this.#online.clear();
    for (const id of ids) this.#cut.delete(id);
    this.start();
    const found = await Promise.all(
      ids.map((id) =>
        get("/devices/{id}", { id }).catch((error: unknown) => {
          if (error instanceof Problem) return null;
          throw error;
        }),
      ),
    );
    for (const device of found) if (device !== null) this.onRead(device);
    this.onEnd();
  }
}
