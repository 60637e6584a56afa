// What the fleet's page has of the door: the button "Add a device" with its dialog, and the line that says that it is open.

import { Door } from "./door.ts";
import { DoorNotice } from "./door-notice.ts";
import { button, element, setText } from "../parts/element.ts";
import { icon } from "../parts/icons.ts";
import type { JoinDialog } from "./join-dialog.ts";
import { atMostEvery } from "../pace.ts";
import type { App } from "../page.ts";
import { loadCode } from "../page-code.ts";

const policies = {
  open: "",
  approve: "A new device waits until you approve it here.",
  closed: "New devices are refused now: open the door first, or make a join token.",
} as const;
/** The tokens' uses change with the devices: they are looked at this often at most, ms. */
const renewMs = 2_000;

export class AddDevice {
  readonly #door: Door;
  readonly #notice: DoorNotice;
  readonly #renew = atMostEvery(renewMs, () => this.#dialog?.loadTokens());
  #dialog: JoinDialog | null = null;
  #isClosed = false;

  constructor(private readonly app: App) {
    this.#door = new Door(app);
    this.#notice = new DoorNotice(this.#door);
  }

  get notice(): HTMLElement {
    return this.#notice.view;
  }

  /** A button that shows the dialog. */
  button(): HTMLButtonElement {
    const words = element("span", { class: "words" }, "Add a device");
    const shown = { class: "add-device", "aria-label": "Add a device" };
    return button({ ...shown, click: () => void this.#show() }, icon("plus"), words);
  }

  /** What stands below the first steps: why they may not be enough, and the button. */
  below(): HTMLElement {
    const words = element("p", {});
    this.#door.listen(() => {
      const { seen } = this.#door;
      if (seen !== null) setText(words, seen.open ? "" : policies[seen.join]);
    });
    return element("div", { class: "first-end" }, words, this.button());
  }

  /** Loads how the door is: the page begins, or the door has changed. */
  load(): void {
    void this.#door.load();
    this.#renew();
  }

  /** A device has changed. */
  noteDevices(): void {
    this.#renew();
  }

  close(): void {
    this.#isClosed = true;
    this.#renew.stop();
    this.#dialog?.close();
    this.#notice.close();
    this.#door.close();
  }

  async #show(): Promise<void> {
    const announce = (words: string) => this.app.announce(words);
    const code = await loadCode("join").catch(() => null);
    if (code === null) return announce("The dialog could not be loaded: reload the page.");
    // Another page may be shown by now.
    if (this.#isClosed) return;
    this.#dialog ??= new code.JoinDialog(this.#door, announce, () => {
      this.#dialog = null;
    });
  }
}
