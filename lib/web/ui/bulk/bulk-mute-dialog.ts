// Mutes the alerts of many devices for a while: for how long, and why. Judges and sends nothing.

import type { BulkAct } from "./bulk.ts";
import { askBulk, devicesInWords, type Meant } from "./bulk-dialog.ts";
import { element, setText } from "../parts/element.ts";
import { muteSelector } from "./mute-selector.ts";

const times = [
  { value: "30m", words: "30 min" },
  { value: "2h", words: "2 hours" },
  { value: "1d", words: "1 day" },
] as const;
/** As the server has it. */
const noteCharsMax = 200;

/**
 * Shows the dialog.
 * @param filter a selector that means exactly these devices; null if there is none
 */
export function askMute(
  devices: readonly Meant[],
  filter: string | null,
  onDone: (words: string) => void,
): void {
  const own = new MuteChoice(devices, filter);
  askBulk({
    title: `Mute ${devicesInWords(devices.length)}`,
    devices,
    body: own.views,
    confirm: { words: `Mute ${devicesInWords(devices.length)}`, isDangerous: false },
    act: () => own.act(),
    done: (muted) => `${devicesInWords(muted)} muted for ${own.words}`,
    onDone,
    last: element(
      "p",
      { class: "muted" },
      "What is muted, and until when, is on the page ",
      element("a", { href: "#/alerts" }, "Alerts"),
      ", where a mute can be ended.",
    ),
  });
}

class MuteChoice {
  readonly #times = times.map(({ value, words }, i) => ({
    words,
    input: element("input", {
      type: "radio",
      name: "mute-time",
      value,
      checked: i === 1,
      autofocus: i === 1,
    }),
  }));
  readonly #note = element("input", {
    id: "mute-note",
    maxlength: noteCharsMax,
    autocomplete: "off",
    placeholder: "New batteries",
  });
  readonly #trouble = element("p", { class: "trouble", role: "alert" });
  readonly #meant: ReturnType<typeof muteSelector>;
  readonly views: readonly HTMLElement[];

  constructor(
    private readonly devices: readonly Meant[],
    filter: string | null,
  ) {
    const ids = devices.map(({ id }) => id);
    this.#meant = muteSelector(ids, filter);
    this.views = [
      element(
        "fieldset",
        { class: "mute-times" },
        element("legend", {}, "For"),
        ...this.#times.map(({ input, words }) => element("label", {}, input, words)),
      ),
      element(
        "div",
        {},
        element("label", { for: "mute-note" }, "Why, if you like"),
        this.#note,
        this.#trouble,
      ),
      element(
        "p",
        { class: "muted" },
        "Nobody is told of their alerts meanwhile; they are shown as before. What still fires afterwards is told.",
        this.#meant?.isOpen === true &&
          ` Meant is ${this.#meant.select}, also of devices that come to match.`,
      ),
    ];
    if (this.#meant === null) this.#refuse();
  }

  /** The chosen time in words. */
  get words(): string {
    return this.#times.find(({ input }) => input.checked)?.words ?? "";
  }

  /** What is to be done; null if these devices cannot be muted together. */
  act(): BulkAct | null {
    const time = this.#times.find(({ input }) => input.checked)?.input.value;
    if (this.#meant === null || time === undefined) return this.#refuse();
    return {
      action: "mute",
      select: this.#meant.select,
      for: time,
      note: this.#note.value.trim(),
    };
  }

  #refuse(): null {
    setText(
      this.#trouble,
      `The ids of ${devicesInWords(this.devices.length)} are too long for one mute. Select fewer, or filter the list by labels, ` +
        "as area=Kitchen, and select all that match.",
    );
    return null;
  }
}
