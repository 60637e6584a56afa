// A command to be run in a terminal, with a button that copies it; and the host that it is about. Runs nothing.

import { button, element, setText } from "./element.ts";
import { icon } from "./icons.ts";

/** The host this page was loaded from, as a command takes it. */
export function serverHost(): string {
  const name = location.hostname.replace(/^(?!\[)(.*:.*)$/, "[$1]");
  return name === "localhost" ? "127.0.0.1" : name;
}

/** Whether only the server's own machine reaches it by this host. */
export function isLoopback(host: string): boolean {
  return /^127\.|^\[::1\]$/.test(host);
}

/** A command. @param words what it does, for the button */
export function commandLine(words: string, command: string): HTMLElement {
  const spans = command.split(" ").flatMap((word) => [" ", element("span", {}, word)]);
  const code = element("code", {}, ...spans.slice(1));
  const line = element("div", { class: "command" }, code);
  // Browsers offer the clipboard only to pages from this machine or over TLS.
  if (navigator.clipboard !== undefined) {
    const said = element("span", { class: "unseen", role: "status" });
    const copy = button(
      { class: "quiet square", "aria-label": `Copy: ${words}`, title: "Copy" },
      icon("copy"),
    );
    copy.addEventListener("click", () => {
      navigator.clipboard.writeText(command).then(
        () => setText(said, "Copied"),
        () => getSelection()?.selectAllChildren(code),
      );
    });
    line.append(copy, said);
  }
  return line;
}
