// What to do next, as commands to copy: how to add the first device, and how to let a registered one log in.

import { button, element, setText } from "./element.ts";
import { icon } from "./icons.ts";

/**
 * The commands, with the address this page was loaded from.
 * @param devicePort the UDP port that devices send to, which may differ from the port of this page
 */
export function firstSteps(devicePort: number): HTMLElement {
  const host = serverHost();
  const server = `${host}:${devicePort}`;
  return element(
    "section",
    { class: "card first", "aria-labelledby": "first-title" },
    element("h2", { id: "first-title" }, "No devices yet"),
    element(
      "p",
      { class: "muted" },
      "Run these two commands in a terminal; the device appears here at once. Both ask for the device's password: choose one.",
    ),
    element(
      "ol",
      {},
      step("Register a device", `./iot-client register --id sensor-1 --server ${server}`),
      step(
        "Let it log in and report a number every ten seconds",
        `./iot-client run --id sensor-1 --server ${server} --every 10s --report 'date +%S'`,
      ),
    ),
    element("p", { class: "muted small" }, fromElsewhere(host)),
  );
}

/** How a device that is registered but never logged in does so. */
export function loginStep(id: string, devicePort: number): HTMLElement {
  const host = serverHost();
  return element(
    "section",
    { class: "card first", "aria-labelledby": "first-title" },
    element("h2", { id: "first-title" }, "Waiting for its first login"),
    element(
      "p",
      { class: "muted" },
      "Its reports, sessions and a chart appear here as soon as it is logged in. With iot-client:",
    ),
    element(
      "ol",
      { class: "plain" },
      step(
        "Let it log in and report a number every ten seconds",
        `./iot-client run --id ${id} --server ${host}:${devicePort} --every 10s --report 'date +%S'`,
      ),
    ),
    element("p", { class: "muted small" }, fromElsewhere(host)),
  );
}

/** The host this page was loaded from, as a command takes it. */
function serverHost(): string {
  const name = location.hostname.replace(/^(?!\[)(.*:.*)$/, "[$1]");
  return name === "localhost" ? "127.0.0.1" : name;
}

function fromElsewhere(host: string): string {
  return host === "127.0.0.1" || host === "[::1]"
    ? `From another machine, use this server's address in place of ${host}.`
    : "The device needs to reach this address over UDP.";
}

function step(words: string, command: string): HTMLElement {
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
  return element("li", {}, element("p", {}, words), line);
}
