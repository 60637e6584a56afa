// Changes the labels of one device, after a login if there was none. Renders nothing.

import { patch } from "../api.ts";
import type { Labels } from "./device-labels.ts";
import type { App } from "../page.ts";

const loginReason = "Changing a device's labels needs a login, even on the server's own machine.";

/** What is changed: labels by their keys, and keys whose labels are taken away. */
export type LabelChange = {
  readonly set?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
};

/**
 * Changes labels.
 * @returns all labels that the device has now; null if nobody logged in
 * @throws Problem that says in words what is wrong with a key or a value
 */
export async function changeLabels(
  app: App,
  id: string,
  change: LabelChange,
): Promise<Labels | null> {
  if (!app.mayChange() && !(await app.askLogin(loginReason))) return null;
  const { labels } = await patch("/devices/{id}/labels", { id }, change);
  return labels;
}

/** What the server says of a label, in the words of one who has written it, not sent it: `The key Area is wrong …`. */
export function labelTrouble(words: string): string {
  return words
    .replace(/^set has "(.*)", which is wrong/, "The key $1 is wrong")
    .replace(/^The value of name is wrong/, "The name is wrong");
}
