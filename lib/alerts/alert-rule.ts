// A rule as an operator has set it: what has to hold, for which devices, and who is told. Types only.

import type { Selector } from "../server/selector.ts";
import type { RuleText } from "./rule-text.ts";

/** How grave an alert is, the least first. */
export const severities = ["info", "warning", "critical"] as const;
export type Severity = (typeof severities)[number];

export type AlertRule = RuleText & {
  readonly name: string;
  /** null for all devices. */
  readonly selector: Selector | null;
  readonly severity: Severity;
  /** Names of destinations; none for all. */
  readonly to: readonly string[];
  /** How often a firing alert is told of again, ms; null for never. */
  readonly repeatMs: number | null;
  readonly isEnabled: boolean;
  /** When it was made, ms since 1970. */
  readonly created: number;
};
