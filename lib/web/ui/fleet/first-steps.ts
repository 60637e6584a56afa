// What to do next, as commands to copy: how to add the first device, and how to let a registered one log in.

import { commandLine, isLoopback, serverHost } from "../parts/command-line.ts";
import { element } from "../parts/element.ts";

/**
 * The commands, with the address this page was loaded from.
 * @param devicePort the UDP port that devices send to, which may differ from the port of this page
 * @param end what stands below them
 */
export function firstSteps(devicePort: number, end: HTMLElement): HTMLElement {
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
    end,
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

function fromElsewhere(host: string): string {
  return isLoopback(host)
    ? `From another machine, use this server's address in place of ${host}.`
    : "The device needs to reach this address over UDP.";
}

function step(words: string, command: string): HTMLElement {
  return element("li", {}, element("p", {}, words), commandLine(words, command));
}
