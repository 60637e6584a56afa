// Owns the words that a client chooses from in parameters, and what it has to keep to: the page has them as choices, too. Imports nothing, so that the
// page is bundled with them only.

/** What the device list can be narrowed to; `silent` and `left` are the two parts of `offline`. */
export const presenceFilters = ["online", "offline", "silent", "left", "never"] as const;
export type PresenceFilter = (typeof presenceFilters)[number];

/** The orders of the device list, with `-` descending. */
export const deviceOrders = [
  "id",
  "-id",
  "name",
  "-name",
  "area",
  "-area",
  "status",
  "-status",
  "lastSeen",
  "-lastSeen",
  "value",
  "-value",
] as const;
export type DeviceOrder = (typeof deviceOrders)[number];

/** How many devices a change of many names at most; as many are one transaction. */
export const namedMax = 500;
/** How many characters of a report's message an event has. */
export const messageCharsMax = 256;
/** How many fields and states a chart has at most. */
export const chartFieldsMax = 8;

/** The longest selector, as of `server/selector.ts`. */
export const selectorCharsMax = 1_024;
/** The states of alerts that a list can be narrowed to; open are pending and firing. */
export const alertStates = ["open", "pending", "firing", "resolved", "all"] as const;

/** How grave an alert is, the least first; and the forms of messages, the usual one first. */
export const severities = ["info", "warning", "critical"] as const;
export const alertFormats = ["alertmanager", "alertmanager-api", "ntfy", "text", "json"] as const;

/** The commands that a list can be narrowed to. */
export const commandStates = ["open", "ended", "all"] as const;

/** The levels of the log, the lowest first. */
export const levels = ["debug", "info", "warn", "error"] as const;

/** The live events that a client can choose. */
export const topics = [
  "devices",
  "reports",
  "seen",
  "activity",
  "status",
  "pending",
  "commands",
  "alerts",
] as const;
export type Topic = (typeof topics)[number];
