// Owns a store whose rows are in Maps: for tests and simulations, and the shortest text of what a store does. Keeps nothing
// when the process ends. Knows no verb.

import type { ReportRow, SessionRow, StoredCommands } from "../../server/rows.ts";
import type { ReportStep, ReportStored, StepResult, Step, Store } from "../../server/store-port.ts";
import { MemoryAlerts } from "./memory-alerts.ts";
import { MemoryReads } from "./memory-reads.ts";
import { MemoryRows } from "./memory-rows.ts";
import { UndoLog, UndoMap } from "./undo-map.ts";

/** The tables, which the stores of several nodes can share. */
class Tables {
  readonly log = new UndoLog();
  readonly rows = new MemoryRows(this.log);
  /** The reports by sequence number. */
  readonly reports = new UndoMap<number, ReportRow>(this.log);
  /** The sequence number of each report, by all that its repeat has in common with it. */
  readonly sequences = new UndoMap<string, number>(this.log);
  readonly reads = new MemoryReads(this.rows, this.reports);
  readonly alerts = new MemoryAlerts(this.log);
}

export class MemoryStore implements Store {
  readonly #tables: Tables;

  /**
   * @param node the name of the server that uses it
   * @param shared the store of another node, whose rows are also those of this one
   */
  constructor(
    readonly node = "",
    shared: MemoryStore | null = null,
  ) {
    this.#tables = shared === null ? new Tables() : shared.#tables;
  }

  get rows(): MemoryRows {
    return this.#tables.rows;
  }

  get reports(): ReadonlyMap<number, ReportRow> {
    return this.#tables.reports;
  }

  get reads(): MemoryReads {
    return this.#tables.reads;
  }

  get alerts(): MemoryAlerts {
    return this.#tables.alerts;
  }

  apply(steps: readonly Step[]): readonly StepResult[] {
    try {
      return steps.map((step) => this.#carryOut(step));
    } catch (error) {
      this.#tables.log.undoAll();
      throw error;
    } finally {
      this.#tables.log.clear();
    }
  }

  housekeep(): void {}

  /** The open sessions that this node heard last; it loads them when it starts. */
  openSessions(): SessionRow[] {
    const { node: own } = this;
    return [...this.rows.sessions.values()].filter(
      ({ ended, node }) => ended === null && node === own,
    );
  }

  /** All open commands, and how long the store has been in service. */
  openCommands(): StoredCommands {
    const { commands } = this.rows;
    return { service: commands.service(), open: commands.open() };
  }

  #carryOut(step: Step): StepResult {
    if (step.kind === "report") return this.#report(step);
    const { keys, decide } = step;
    const rows = this.rows.load(keys);
    const wantsReport = keys.withLastReport === true && rows.device !== null;
    const [lastReport = null] = wantsReport ? this.reads.latestOf([rows.device.id]) : [];
    const { outcome, writes } = decide({ ...rows, lastReport });
    return { outcome, number: this.rows.writeAll(writes, this.node) };
  }

  #report(step: ReportStep): ReportStored {
    const { report, mayAnswer } = step;
    const { device, time, code, message } = report;
    const itself = JSON.stringify([step.key, device, time, code, message]);
    const { sequences, reports } = this.#tables;
    const before = sequences.get(itself);
    if (mayAnswer !== null) {
      const questions = this.rows.questionsOf(device);
      const isReported = () => before !== undefined;
      const decision = mayAnswer.decide(report, mayAnswer, questions, isReported);
      if (decision !== null) {
        this.rows.writeAll(decision.writes, this.node);
        return decision.outcome;
      }
    }
    if (before !== undefined) return { kind: "report", sequence: before, repeated: true };
    const session = this.rows.sessions.get(step.session);
    const isHeard = session?.ended === null && session.node === this.node;
    if (step.session !== 0 && !isHeard) return { kind: "no-session" };
    const sequence = reports.size + 1;
    reports.set(sequence, { ...report, sequence });
    sequences.set(itself, sequence);
    return { kind: "report", sequence, repeated: false };
  }
}
