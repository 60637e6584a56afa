// The button that deregisters a device, with a dialog to confirm it.

import { remove, wordsOf } from "../api.ts";
import { button, element, setText } from "../parts/element.ts";
import type { App } from "../page.ts";

const loginReason = "Deregistering a device needs a login, even on the server's own machine.";

/**
 * Creates the button.
 * @param onRemoved called when the device was deregistered
 */
export function removalButton(app: App, id: string, onRemoved: () => void): HTMLButtonElement {
  const made = button({ class: "quiet danger" }, "Deregister…");
  const act = async () => {
    if (!app.mayChange() && !(await app.askLogin(loginReason))) return;
    confirmRemoval(id, onRemoved);
  };
  made.addEventListener("click", () => void act());
  return made;
}

function confirmRemoval(id: string, onRemoved: () => void): void {
  const dialog = element("dialog", { class: "removal", "aria-labelledby": "removal-title" });
  const trouble = element("p", { class: "trouble", role: "alert" });
  const confirm = button({ class: "danger" }, "Deregister");
  const act = async () => {
    confirm.disabled = true;
    setText(trouble, "");
    try {
      await remove("/devices/{id}", { id });
      dialog.close();
      onRemoved();
    } catch (error) {
      setText(trouble, wordsOf(error));
    } finally {
      confirm.disabled = false;
    }
  };
  confirm.addEventListener("click", () => void act());
  dialog.append(
    element("h2", { id: "removal-title" }, `Deregister ${id}?`),
    element(
      "p",
      { class: "muted" },
      "Its session ends and its registration is deleted, with its password. Its reports stay stored. It may register again; iot-client does so when it runs.",
    ),
    trouble,
    element(
      "div",
      { class: "choices" },
      button({ autofocus: true, click: () => dialog.close() }, "Cancel"),
      confirm,
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
