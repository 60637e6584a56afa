// The dialog "Add a device": who may register now, in words; a window that lets all in, and join tokens with their command as text
// and as a QR code. A token is in the page only while the dialog shows it.

import { commandLine, isLoopback, serverHost } from "../parts/command-line.ts";
import type { Door, DoorSeen } from "./door.ts";
import { button, element, setText } from "../parts/element.ts";
import { icon } from "../parts/icons.ts";
import { JoinTokenForm, type MadeToken } from "./join-token-form.ts";
import { JoinTokenList } from "./join-token-list.ts";
import { JoinWindowPart } from "./join-window-part.ts";
import { qrCode } from "./qr-code.ts";
import { SecondDevice } from "./second-device.ts";

const policies: Readonly<Record<DoorSeen["join"], string>> = {
  open: "Every device that asks may register (--join open). Run this on its machine; it asks for a password, choose one:",
  approve:
    "A new device waits until you approve it on this page (--join approve). Run this on its machine; it asks for a password, choose one:",
  closed: "New devices are refused (--join closed), unless you open the door or they have a token.",
};
const opened =
  "The door is open. Run this on the device's machine; it asks for a password, choose one:";

export class JoinDialog {
  readonly #policy = element("p", { class: "join-policy" });
  readonly #command = element("div", { class: "join-command" });
  readonly #host = element("p", { class: "muted small" });
  readonly #second = new SecondDevice(() => this.#draw());
  readonly #window: JoinWindowPart;
  readonly #token = element("div");
  readonly #list: JoinTokenList;
  readonly #view: HTMLDialogElement;
  readonly #stop: () => void;
  #shown = "";
  /** The token that is shown. */
  #made: MadeToken | null = null;

  /** Shows the dialog. @param announce tells a text to screen readers */
  constructor(
    private readonly door: Door,
    announce: (words: string) => void,
    onClose: () => void,
  ) {
    this.#window = new JoinWindowPart(door);
    this.#list = new JoinTokenList(door, announce);
    this.#view = element(
      "dialog",
      { class: "join", "aria-labelledby": "join-title" },
      element(
        "div",
        { class: "join-head" },
        element("h2", { id: "join-title" }, "Add a device"),
        button(
          { class: "quiet square", "aria-label": "Close", title: "Close (Esc)", autofocus: true },
          icon("close"),
        ),
      ),
      this.#policy,
      this.#command,
      this.#host,
      this.#second.view,
      this.#window.view,
      element(
        "section",
        { class: "join-part", "aria-labelledby": "token-title" },
        element("h3", { id: "token-title" }, "Make a join token"),
        this.#token,
      ),
      this.#list.view,
    );
    this.#view.querySelector(".join-head button")?.addEventListener("click", () => this.close());
    this.#view.addEventListener("close", () => {
      this.#window.close();
      this.#stop();
      this.#view.remove();
      onClose();
    });
    this.#askForToken();
    this.#stop = door.listen(() => this.#draw());
    this.#draw();
    document.body.append(this.#view);
    this.#view.showModal();
    void door.load();
    this.loadTokens();
  }

  loadTokens(): void {
    void this.#list.load();
  }

  close(): void {
    this.#view.close();
  }

  #draw(): void {
    const { seen } = this.door;
    if (seen === null) return;
    this.#window.draw();
    const mayJoin = seen.join !== "closed" || seen.open;
    setText(this.#policy, seen.open && seen.join !== "open" ? opened : policies[seen.join]);
    this.#command.hidden = !mayJoin;
    // These are about a command: that one, or that of the token.
    const isShown = mayJoin || this.#made !== null;
    this.#host.hidden = !isShown;
    this.#second.view.hidden = !isShown;
    setText(this.#host, hostWords(seen));
    this.#second.draw(seen.sharedIp);
    const command = this.#commandOf(seen);
    if (command === this.#shown) return;
    this.#shown = command;
    this.#command.replaceChildren(commandLine("Add a device", command));
    if (this.#made !== null) this.#drawToken(this.#made, command);
  }

  #askForToken(): void {
    const words =
      "Who has the token may register: a password for a device's first start. It is shown once.";
    this.#made = null;
    const form = new JoinTokenForm(this.door, (made) => this.#showToken(made));
    this.#token.replaceChildren(element("p", { class: "muted hint-above" }, words), form.view);
  }

  #askAgain(): void {
    this.#askForToken();
    this.#draw();
    this.#token.querySelector<HTMLElement>("select, input")?.focus();
  }

  #showToken(made: MadeToken): void {
    const { seen } = this.door;
    this.#made = made;
    // A token is never lost, also where the door could not be loaded.
    const command = seen === null ? "iot-client run --id NAME" : this.#commandOf(seen);
    this.#drawToken(made, command).focus();
    this.#draw();
    this.loadTokens();
  }

  #drawToken({ number, token, words }: MadeToken, command: string): HTMLElement {
    const line = `IOT_JOIN=${token} ${command}`;
    const shown = element(
      "p",
      { tabindex: "-1" },
      element("strong", {}, `Token ${number}`),
      `, ${words}. It is shown only now; write the device's id in place of NAME.`,
    );
    this.#token.replaceChildren(
      shown,
      element(
        "div",
        { class: "ready" },
        element(
          "div",
          { class: "ready-line" },
          commandLine("Add a device with this token", line),
          button({ click: () => this.#askAgain() }, icon("plus"), "Another token"),
        ),
        qrCode(line, "QR code of this command"),
      ),
    );
    return shown;
  }

  /** What runs on a device's machine, with the host that it reaches the server by. */
  #commandOf({ command, host }: DoorSeen): string {
    const own = serverHost();
    return command.replace("HOST", isLoopback(own) ? host : own) + this.#second.flags;
  }
}

function hostWords({ host }: DoorSeen): string {
  const own = serverHost();
  if (!isLoopback(own)) return "The device needs to reach this address over UDP.";
  if (isLoopback(host))
    return "The server listens on this address only: other machines do not reach it.";
  return `Where “${host}” is no known name, write this server's address in its place.`;
}
