// Random fleets against a plain model: after each second the alerts that fire are those that the history of each device says.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { AlertRule } from "../../lib/alerts/alert-rule.ts";
import { isBeyond } from "../../lib/alerts/rule-text.ts";
import { numbersIn } from "../../lib/fleet/numbers-in-messages.ts";
import { isSelected, type PresenceWord } from "../../lib/server/selector.ts";
import { SeededRandom } from "../e2e/seeded-random.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { JudgedFleet, ruleOf } from "./judged-fleet.ts";

setDefaultTimeout(testTimeoutMs);

/** Something that happened to a device. */
type Event =
  | { readonly at: number; readonly kind: "report"; readonly message: string }
  | {
      readonly at: number;
      readonly kind: "set";
      readonly presence: PresenceWord;
      readonly area: string;
    };

const areas = ["", "Kitchen", "Cellar"];
const labelsOf = (area: string) => new Map(area === "" ? [] : [["area", area]]);

/** Whether an alert of a rule for a device fires at a time, by its history from the beginning. */
function fires(rule: AlertRule, id: string, history: readonly Event[], now: number): boolean {
  const { condition, forMs } = rule;
  let since: number | null = null;
  let reportedAt: number | null = null;
  let isMeant = false;
  let hasFired = false;
  const pass = (until: number) => {
    if (condition.kind === "no report" && isMeant && reportedAt !== null && since === null) {
      // The judge looks once a second.
      const due = Math.ceil((reportedAt + condition.withinMs) / 1_000) * 1_000;
      if (due <= until) since = due;
    }
    if (since !== null && since + forMs <= until) hasFired = true;
  };
  const end = () => ([since, hasFired] = [null, false]);
  for (const event of history) {
    // What happens at a moment comes behind the look of that moment.
    pass(event.at);
    if (event.kind === "set") {
      const device = { id, presence: event.presence, labels: labelsOf(event.area) };
      const wasMeant: boolean = isMeant;
      isMeant = rule.selector === null || isSelected(rule.selector, device);
      if (!isMeant) {
        end();
        reportedAt = null;
      } else if (condition.kind === "offline" || condition.kind === "gone") {
        const holds =
          event.presence === "silent" || (condition.kind === "gone" && event.presence === "left");
        if (!holds) end();
        else since ??= event.at;
      } else if (!wasMeant) reportedAt = null;
    } else if (isMeant) {
      const numbers = new Map(numbersIn(event.message));
      if (condition.kind === "no report") {
        if (condition.field !== null && !numbers.has(condition.field)) continue;
        end();
        reportedAt = event.at;
      } else if (condition.kind === "field") {
        const value = numbers.get(condition.field);
        if (value === undefined) continue;
        if (isBeyond(condition.above, value)) since ??= event.at;
        else if (since !== null) {
          const { until } = condition;
          if (!hasFired || until === null || isBeyond(until, value)) end();
        }
      }
    }
  }
  pass(now);
  return hasFired;
}

test.each(Array.from({ length: 12 }, (_, i) => i + 1))("seed %d", (seed) => {
  const random = new SeededRandom(seed);
  const fleet = new JudgedFleet();
  const rules = [
    ruleOf("offline for 3s"),
    ruleOf("gone for 7s", { select: "area=Kitchen" }),
    ruleOf("temp > 30 for 5s"),
    ruleOf("temp > 30 until < 20 for 2s", { select: "area" }),
    ruleOf("hum <= 10", { forMs: 0 }),
    ruleOf("no report in 10s for 4s"),
    ruleOf("no report of hum in 20s for 1s", { select: "!area" }),
  ];
  const ids = ["a", "b", "c"];
  const histories = new Map<string, Event[]>(ids.map((id) => [id, []]));
  // Long after the start, so that nothing waits for that.
  fleet.wait(120_000);
  fleet.rules(...rules);
  fleet.heard();
  let fired = 0;
  for (let step = 0; step < 400; step++) {
    for (let i = random.below(3); i > 0; i--) {
      const id = random.pick(ids);
      const at = fleet.now.monotonic;
      const history = histories.get(id) as Event[];
      if (random.below(3) > 0 && history.length > 0) {
        const message = random.pick([
          "temp=31",
          "temp=25 hum=5",
          "temp=30 hum=10",
          "temp=15",
          "hum=20",
          "ok",
          "31",
        ]);
        history.push({ at, kind: "report", message });
        fleet.report(id, message);
      } else {
        const presence = random.pick(["online", "silent", "left", "online"] as const);
        const area = random.pick(areas);
        history.push({ at, kind: "set", presence, area });
        fleet.set(id, presence, labelsOf(area));
      }
    }
    fleet.wait(1_000);
    const open = [...fleet.judge.alerts].filter(({ alert }) => alert.state === "firing");
    const expected = rules.flatMap((rule) =>
      ids
        .filter((id) => fires(rule, id, histories.get(id) as Event[], fleet.now.monotonic))
        .map((id) => `${rule.name} ${id}`),
    );
    const found = open.map(({ alert }) => `${alert.rule} ${alert.device}`);
    expect([step, found.toSorted()]).toEqual([step, expected.toSorted()]);
    fired += expected.length;
  }
  expect(fired).toBeGreaterThan(100);
});
