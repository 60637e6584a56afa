// Asks whether many devices are to be deregistered, with their number and their names, and does it.

import type { BulkOutcome } from "./bulk.ts";
import { askBulk, devicesInWords, type Meant } from "./bulk-dialog.ts";
import { element } from "../parts/element.ts";

/** Shows the dialog. */
export function askRemoval(
  devices: readonly Meant[],
  onDone: (words: string, result: BulkOutcome) => void,
): void {
  const number = devicesInWords(devices.length);
  const words =
    devices.length === 1
      ? "Its session ends and its registration is deleted, with its password. Its reports and labels stay stored. It may register again; iot-client does so when it runs."
      : "Their sessions end and their registrations are deleted, with their passwords. Their reports and labels stay stored. They may register again; iot-client does so when it runs.";
  askBulk({
    title: `Deregister ${number}?`,
    devices,
    body: [element("p", { class: "muted" }, words)],
    confirm: { words: `Deregister ${number}`, isDangerous: true },
    act: () => ({ action: "deregister" }),
    done: (changed) => `${devicesInWords(changed)} deregistered`,
    onDone,
  });
}
