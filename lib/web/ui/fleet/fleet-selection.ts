// The devices of the list that are selected, and what is done to them: selecting all, the bar, and the dialogs behind its
// buttons. Renders no row.

import type { DeviceJson } from "../../api/shapes.ts";
import { BulkBar, type SelectionAct } from "../bulk/bulk-bar.ts";
import type { Meant } from "../bulk/bulk-dialog.ts";
import { labelCounts, nameOf } from "../labels/device-labels.ts";
import { count } from "../parts/formats.ts";
import type { LoadedDevices } from "./loaded-devices.ts";
import type { App } from "../page.ts";
import { type CodeOf, loadCode } from "../page-code.ts";
import { Selection, selectedMax } from "../parts/selection.ts";

type Dialogs = CodeOf<"bulk">;

const loginReason = "Changing devices needs a login, even on the server's own machine.";

export class FleetSelection {
  readonly chosen = new Selection();
  readonly bar: BulkBar;

  /** @param onChange called when the selection changed */
  constructor(
    private readonly app: App,
    private readonly devices: LoadedDevices,
    private readonly onChange: () => void,
  ) {
    this.bar = new BulkBar(this.chosen, this.#acts(), {
      all: () => void this.toggleAll(),
      none: () => this.clear(),
    });
  }

  clear(): void {
    this.chosen.clear();
    this.onChange();
  }

  /** Selects all that match; if all are selected, none. */
  async toggleAll(): Promise<void> {
    const { chosen, devices } = this;
    if (chosen.size >= Math.min(devices.total, selectedMax)) return this.clear();
    if (devices.rows.length < devices.total) {
      await devices.load(Math.min(devices.total, selectedMax));
    }
    chosen.addAll(devices.ids);
    this.app.announce(`${count(chosen.size)} selected`);
    this.onChange();
  }

  /** What can be done to the selected devices, in the order of the buttons. */
  #acts(): SelectionAct[] {
    return [
      {
        words: "Command…",
        act: () => void this.#begin((dialogs, devices) => this.#command(dialogs, devices)),
      },
      {
        words: "Label…",
        act: () => void this.#begin((dialogs, devices) => this.#label(dialogs, devices)),
      },
      {
        words: "Mute…",
        act: () => void this.#begin((dialogs, devices) => this.#mute(dialogs, devices)),
      },
      {
        words: "Deregister…",
        isDangerous: true,
        act: () => void this.#begin((dialogs, devices) => this.#deregister(dialogs, devices)),
      },
    ];
  }

  #command(dialogs: Dialogs, devices: readonly Meant[]): void {
    dialogs.askCommand(devices, (words) => this.#told(words));
  }

  #label(dialogs: Dialogs, devices: readonly Meant[]): void {
    dialogs.askLabels(devices, labelCounts(this.#rows()), (words) => this.#told(words));
  }

  #mute(dialogs: Dialogs, devices: readonly Meant[]): void {
    const { total, selector } = this.devices;
    // Only if all that match are selected, the selector of the list means them.
    const filter = devices.length === total ? selector : null;
    dialogs.askMute(devices, filter, (words) => this.app.announce(words));
  }

  #deregister(dialogs: Dialogs, devices: readonly Meant[]): void {
    dialogs.askRemoval(devices, (words, { refused }) => {
      const kept = new Set(refused.map(({ id }) => id));
      this.chosen.drop(devices.flatMap(({ id }) => (kept.has(id) ? [] : [id])));
      this.#told(words);
    });
  }

  #told(words: string): void {
    this.app.announce(words);
    this.onChange();
    void this.devices.load();
  }

  /** Begins to change the selected devices, after a login if there was none. */
  async #begin(ask: (dialogs: Dialogs, devices: readonly Meant[]) => void): Promise<void> {
    if (!this.app.mayChange() && !(await this.app.askLogin(loginReason))) return;
    const dialogs = await loadCode("bulk").catch(() => null);
    if (dialogs === null) return this.app.announce("This could not be loaded: reload the page.");
    const names = new Map(this.#rows().map((row) => [row.id, nameOf(row)]));
    ask(
      dialogs,
      this.chosen.ids.map((id) => ({ id, name: names.get(id) ?? id })),
    );
  }

  #rows(): DeviceJson[] {
    return this.devices.rows.filter(({ id }) => this.chosen.has(id));
  }
}
