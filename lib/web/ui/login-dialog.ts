// Asks for the admin token, and tells how to log in without it.

import { post, wordsOf } from "./api.ts";
import { button, element, setText } from "./parts/element.ts";

/**
 * Shows the login as a dialog.
 * @param reason what the login is needed for
 * @returns whether the login succeeded; false if the dialog was closed
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

/** The login as a page, where nothing may be read without one. */
export function loginView(onLoggedIn: () => void): HTMLElement {
  const reason = "The dashboard shows devices and their data to those who are logged in.";
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
      "Paste the text that begins with ",
      element("code", {}, "iot_"),
      ". The server keeps it beside its database: ",
      element("code", {}, "cat iot_server.db.token"),
      " in the folder where it runs, or with PostgreSQL ",
      element("code", {}, "cat iot-server.token"),
      ". Without it, run ",
      element("code", {}, "./iot-server open"),
      " there and open the link that it prints.",
    ),
    submit,
  );
  const logIn = async () => {
    submit.disabled = true;
    setText(trouble, "");
    try {
      await post("/session", {}, { token: token.value });
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
