// Asks whether devices that wait are to be let in, with the labels that they get, or to be rejected, and does it.

import type { BulkOutcome } from "../bulk/bulk.ts";
import { askBulk, devicesInWords } from "../bulk/bulk-dialog.ts";
import { labelsIn } from "../labels/device-labels.ts";
import { element, setText } from "../parts/element.ts";
import { labelField } from "../labels/label-field.ts";

type OnDone = (words: string, result: BulkOutcome) => void;
/** Those that are meant, and when the last of them asked first: who came later under their ids is another. */
export type Waiting = { readonly ids: readonly string[]; readonly seenBy: string };

/** Shows the dialog that approves. */
export function askApproval({ ids, seenBy }: Waiting, onDone: OnDone): void {
  const labels = labelField("approval-labels", "approval-trouble");
  const trouble = element("p", { id: "approval-trouble", class: "trouble", role: "alert" });
  const number = devicesInWords(ids.length);
  askBulk({
    title: `Approve ${number}?`,
    devices: ids.map((id) => ({ id, name: id })),
    body: [
      element("p", { class: "muted" }, "Registered when asking again, mostly within a minute."),
      element(
        "div",
        {},
        element("label", { for: "approval-labels" }, "Labels they get, if any"),
        labels,
        trouble,
      ),
    ],
    confirm: { words: `Approve ${number}`, isDangerous: false },
    act: () => {
      const read = labelsIn(labels.value);
      setText(trouble, read.trouble);
      if (read.trouble === "") return { action: "approve", labels: read.labels, seenBy };
      labels.focus();
      return null;
    },
    done: (changed) => `${devicesInWords(changed)} approved`,
    onDone,
  });
}

/** Shows the dialog that rejects. */
export function askRejection({ ids, seenBy }: Waiting, onDone: OnDone): void {
  const number = devicesInWords(ids.length);
  askBulk({
    title: `Reject ${number}?`,
    devices: ids.map((id) => ({ id, name: id })),
    body: [element("p", { class: "muted" }, "Refused as long as they ask.")],
    confirm: { words: `Reject ${number}`, isDangerous: true },
    act: () => ({ action: "reject", seenBy }),
    done: (changed) => `${devicesInWords(changed)} rejected`,
    onDone,
  });
}
