// Compares devices with the common store for a simulated node, as lib/store/postgres/nodes/changed-devices.ts does: reads until
// it has read them, and again what the node has changed meanwhile. Asks for nothing by itself.

import type { PlacedRow } from "../../../lib/server/nodes.ts";
import type { Life } from "./life.ts";
import type { Line } from "./line.ts";

const againMs = 250;

/** What is being read, and what of that this node has changed since. */
type Page = { readonly ids: ReadonlySet<string>; readonly stale: Set<string> };

export class Comparisons {
  /** How many devices were compared. */
  count = 0;
  onChanged: (devices: ReadonlyMap<string, PlacedRow | null>) => void = () => {};
  readonly #pages = new Set<Page>();

  constructor(
    private readonly line: Line,
    private readonly life: Life,
  ) {}

  /** This node has changed a device: what is being read of it may be older. */
  ownChange(id: string): void {
    for (const { ids, stale } of this.#pages) if (ids.has(id)) stale.add(id);
  }

  /** @param onEnd called when all are read */
  begin(ids: readonly string[], onEnd: () => void = () => {}): void {
    const { line, life } = this;
    const page = { ids: new Set(ids), stale: new Set<string>() };
    this.#pages.add(page);
    const again = (left: readonly string[]) => life.after(againMs, () => this.begin(left, onEnd));
    line.query(
      life,
      () => line.database.placed(ids),
      (found) => {
        this.#pages.delete(page);
        this.count += ids.length;
        for (const id of page.stale) found.delete(id);
        this.onChanged(found);
        if (page.stale.size === 0) onEnd();
        else again([...page.stale]);
      },
      () => {
        this.#pages.delete(page);
        again(ids);
      },
    );
  }
}
