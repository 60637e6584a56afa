// The dialogs behind the buttons for selected devices, in one part.

export { askCommand } from "./bulk-command-dialog.ts";
export { askLabels } from "./bulk-label-dialog.ts";
export { askMute } from "./bulk-mute-dialog.ts";
export { askRemoval } from "./bulk-removal-dialog.ts";
