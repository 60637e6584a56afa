// Asks for the admin token, and says how to come in without typing it.

import { send, wordsOf } from "./api.ts";
import { button, element, setText } from "./element.ts";

/**
 * Shows the dialog over the page.
 * @param reason what the login is for
 * @returns whether somebody is logged in now; false where it was closed
 */
export function askToken(reason: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const dialog = element("dialog", { class: "login", "aria-labelledby": "login-title" });
  const form = loginForm(reason, () => {
    resolve(true);
    dialog.close();
  });
  form.append(button({ class: "quiet", click: () => dialog.close() }, "Cancel"));
  dialog.append(form);
  dialog.addEventListener("close", () => {
    resolve(false);
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
  return promise;
}

/** The whole page where nothing may be read without a login. */
export function loginView(onLoggedIn: () => void): HTMLElement {
  const reason = "This server shows its devices to those who hold its admin token.";
  return element(
    "section",
    { class: "card login", "aria-labelledby": "login-title" },
    loginForm(reason, onLoggedIn),
  );
}

function loginForm(reason: string, onLoggedIn: () => void): HTMLFormElement {
  const token = element("input", {
    id: "login-token",
    name: "token",
    type: "password",
    autocomplete: "current-password",
    required: true,
    autofocus: true,
    "aria-describedby": "login-trouble",
    spellcheck: "false",
  });
  const trouble = element("p", { id: "login-trouble", class: "trouble", role: "alert" });
  const submit = element("button", { type: "submit", class: "primary" }, "Log in");
  const form = element(
    "form",
    {},
    element("h2", { id: "login-title" }, "Log in"),
    element("p", { class: "muted" }, reason),
    element("label", { for: "login-token" }, "Admin token"),
    token,
    trouble,
    element(
      "p",
      { class: "muted small" },
      "On the server, ",
      element("code", {}, "./iot-server open"),
      " prints a link that logs you in once, without the token.",
    ),
    submit,
  );
  const logIn = async () => {
    submit.disabled = true;
    setText(trouble, "");
    try {
      await send("POST", "/session", { token: token.value });
      onLoggedIn();
    } catch (error) {
      setText(trouble, wordsOf(error));
      token.select();
    } finally {
      submit.disabled = false;
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void logIn();
  });
  return form;
}
