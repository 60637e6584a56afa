// Gives many devices a command. What a command may be, the server says.

import { askBulk, devicesInWords, type Meant } from "./bulk-dialog.ts";
import { commandFields } from "../commands/command-fields.ts";

/** Shows the dialog. */
export function askCommand(devices: readonly Meant[], onDone: (words: string) => void): void {
  const fields = commandFields("bulk-command");
  const number = devicesInWords(devices.length);
  fields.message.autofocus = true;
  fields.hint.append(
    "Each gets it when it is heard, and those that sleep when they wake. Their pages tell what became of it.",
  );
  askBulk({
    title: `Send a command to ${number}`,
    devices,
    body: [...fields.views, fields.hint],
    confirm: { words: `Send to ${number}`, isDangerous: false },
    act: () => {
      const { given, key } = fields.asked;
      return { action: "command", ...given, key };
    },
    done: (queued) => `Queued for ${devicesInWords(queued)}`,
    onDone,
  });
}
