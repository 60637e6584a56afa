// What a fleet without devices says: how the first one comes in, as two commands to copy.

import { button, element, setText } from "./element.ts";
import { icon } from "./icons.ts";

/**
 * The first steps, with the address this page came from.
 * @param devicePort the UDP port that devices speak to, which need not be the one of this page
 */
export function firstSteps(devicePort: number): HTMLElement {
  const host = location.hostname.replace(/^(?!\[)(.*:.*)$/, "[$1]");
  const server = `${host === "localhost" ? "127.0.0.1" : host}:${devicePort}`;
  return element(
    "section",
    { class: "card first", "aria-labelledby": "first-title" },
    element("h2", { id: "first-title" }, "No device yet"),
    element(
      "p",
      { class: "muted" },
      "Register one and let it run; it shows up here by itself. Both ask for its password, which is yours to choose.",
    ),
    element(
      "ol",
      {},
      step("Register a device", `./iot-client register --id sensor-1 --server ${server}`),
      step(
        "Log it in and report every ten seconds",
        `./iot-client run --id sensor-1 --server ${server} --every 10s --report 'date +%S'`,
      ),
    ),
    element(
      "p",
      { class: "muted small" },
      "From another machine, put the address of this server there.",
    ),
  );
}

function step(words: string, command: string): HTMLElement {
  const spans = command.split(" ").flatMap((word) => [" ", element("span", {}, word)]);
  const code = element("code", {}, ...spans.slice(1));
  const line = element("div", { class: "command" }, code);
  // The clipboard is there only for pages of this machine or over TLS.
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
  return element("li", {}, element("p", {}, words), line);
}
