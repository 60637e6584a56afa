// The alerts that fire, each with what its rule says of it: from what is in memory, or from what is stored. Pure.

import type { AlertRow } from "../server/alert-store.ts";
import type { AlertRule, Severity } from "./alert-rule.ts";
import { ruleText } from "./rule-text.ts";

/** An alert that fires. */
export type Firing = {
  readonly alert: AlertRow;
  readonly severity: Severity;
  /** What its rule says, as `temp > 30 for 5m`. */
  readonly condition: string;
};

/** Those that fire, of open alerts. */
export function firingOf(
  open: Iterable<{ readonly alert: AlertRow; readonly rule: AlertRule }>,
): Firing[] {
  const conditions = new Map<AlertRule, string>();
  const firing: Firing[] = [];
  for (const { alert, rule } of open) {
    if (alert.state !== "firing") continue;
    const condition = conditions.get(rule) ?? ruleText(rule);
    conditions.set(rule, condition);
    firing.push({ alert, severity: rule.severity, condition });
  }
  return firing;
}

/** Those that fire, of stored alerts; without those whose rule is gone, which are about to end. */
export function firingStored(rows: readonly AlertRow[], rules: readonly AlertRule[]): Firing[] {
  const byName = new Map(rules.map((rule) => [rule.name, rule]));
  return firingOf(
    rows.flatMap((alert) => {
      const rule = byName.get(alert.rule);
      return rule === undefined ? [] : [{ alert, rule }];
    }),
  );
}
