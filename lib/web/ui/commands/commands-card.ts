// Gives the device commands and shows the latest ones, newest first, live: what has become of each. A device that sleeps gets them
// when it wakes.

import type { CommandJson } from "../../api/command-shapes.ts";
import type { DeviceJson, LiveEvents } from "../../api/shapes.ts";
import { get, post, Problem, remove, wordsOf } from "../api.ts";
import { commandFields } from "./command-fields.ts";
import { CommandItem } from "./command-item.ts";
import { isOlder, isOpen, type Waited } from "./command-words.ts";
import { button, element, setText } from "../parts/element.ts";
import type { App } from "../page.ts";

const perPage = 5;
/** If events make more than these, the list begins anew. */
const itemsMax = 300;
/** How often the words for when the device is expected are renewed, ms. */
const renewMs = 1_000;
const loginReason = "Giving a device commands needs a login, even on the server's own machine.";

export class CommandsCard {
  readonly #fields = commandFields("command");
  readonly #send = element("button", { type: "submit", class: "primary" }, "Send");
  readonly #trouble = element("p", { class: "trouble", role: "alert" });
  readonly #list = element("ol", {
    class: "commands",
    "aria-label": "Commands",
    "aria-live": "polite",
  });
  readonly #more = button(
    { class: "more", hidden: true, click: () => void this.#loadMore() },
    "Show more",
  );
  readonly view: HTMLElement;
  /** Those on the page, newest first. */
  #items: CommandItem[] = [];
  #device: Waited | null = null;
  #next: string | null = null;
  readonly #timer = setInterval(() => this.#draw(), renewMs);

  constructor(
    private readonly app: App,
    private readonly id: string,
  ) {
    const form = element(
      "form",
      { class: "question commands-form" },
      ...this.#fields.views,
      this.#send,
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
    this.#fields.hint.append(
      "The server keeps it until the device has answered; iot-client runs its ",
      element("code", {}, "--on-command"),
      ".",
    );
    this.view = element(
      "section",
      { class: "card commanding", "aria-labelledby": "commands-title" },
      element("h2", { id: "commands-title" }, "Commands"),
      form,
      this.#trouble,
      this.#fields.hint,
      this.#list,
      this.#more,
    );
  }

  /** The device has changed. */
  show(device: DeviceJson): void {
    this.#device = device;
    this.#draw();
  }

  /** A packet of the device came. @param ms since 1970 */
  showSeen(ms: number): void {
    if (this.#device === null) return;
    this.#device = { ...this.#device, lastSeen: new Date(ms).toISOString() };
    this.#draw();
  }

  /** Loads the latest ones. */
  async load(): Promise<void> {
    const page = await this.#page(null).catch(() => null);
    if (page === null) return;
    const oldest = page.next === null ? 0 : (page.commands.at(-1)?.number ?? 0);
    this.#forget(({ command }) => command.number < oldest);
    this.#take(page.commands);
  }

  /** Takes an event. */
  take({ changes }: LiveEvents["commands"]): void {
    // One that is older than those that are shown is on none of their pages yet.
    const oldest = this.#next === null ? 0 : (this.#items.at(-1)?.command.number ?? 0);
    this.#take(changes.filter(({ device, number }) => device === this.id && number >= oldest));
    if (this.#items.length <= itemsMax) return;
    this.#forget(() => true);
    void this.load();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #take(commands: readonly CommandJson[]): void {
    const known = new Map(this.#items.map((item) => [item.command.number, item]));
    for (const command of commands) {
      const item = known.get(command.number);
      if (item === undefined) {
        const { number } = command;
        known.set(number, new CommandItem(command, () => void this.#cancel(number)));
      } else if (!isOlder(command, item.command)) item.command = command;
    }
    this.#items = [...known.values()].sort((a, b) => b.command.number - a.command.number);
    for (const [i, { view }] of this.#items.entries()) {
      // Moving one that is there would take the focus from its button.
      const now = this.#list.children[i] ?? null;
      if (now !== view) this.#list.insertBefore(view, now);
    }
    this.#draw();
  }

  #forget(which: (item: CommandItem) => boolean): void {
    for (const item of this.#items.filter(which)) item.view.remove();
    this.#items = this.#items.filter((item) => !which(item));
  }

  #draw(): void {
    const first = this.#items.findLast(({ command }) => isOpen(command));
    for (const item of this.#items) item.draw(this.#device, item !== first);
  }

  async #submit(): Promise<void> {
    // Disabling the button would take the focus away from it.
    if (this.#send.getAttribute("aria-disabled") === "true") return;
    if (!this.app.mayChange() && !(await this.app.askLogin(loginReason))) return;
    this.#send.setAttribute("aria-disabled", "true");
    setText(this.#trouble, "");
    try {
      const { given, key } = this.#fields.asked;
      this.#take([await post("/devices/{id}/commands", { id: this.id }, given, key)]);
      this.#fields.done();
    } catch (error) {
      this.#tell(error);
    } finally {
      this.#send.removeAttribute("aria-disabled");
    }
  }

  async #cancel(number: number): Promise<void> {
    if (!this.app.mayChange() && !(await this.app.askLogin(loginReason))) return;
    setText(this.#trouble, "");
    try {
      await remove("/commands/{number}", { number: String(number) });
      this.#fields.message.focus();
    } catch (error) {
      this.#tell(error);
    }
    const command = await get("/commands/{number}", { number: String(number) }).catch(() => null);
    if (command !== null) this.#take([command]);
  }

  #tell(error: unknown): void {
    setText(this.#trouble, wordsOf(error));
    if (error instanceof Problem && error.code === "login-required") {
      void this.app.askLogin(loginReason);
    }
  }

  async #loadMore(): Promise<void> {
    if (this.#next === null) return;
    const page = await this.#page(this.#next).catch(() => null);
    if (page !== null) this.#take(page.commands);
  }

  async #page(cursor: string | null) {
    const page = await get("/devices/{id}/commands", { id: this.id, limit: perPage, cursor });
    this.#next = page.next;
    this.#more.hidden = page.next === null;
    return page;
  }
}
