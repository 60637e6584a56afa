// Sends each line of standard input as a report, in order: one packet under way, with as many reports as it carries of the
// lines that were read already. Never delays a line to wait for others, and never keeps more than a packet of them.

import { type Outcome, verdictOf } from "../../client/outcome.ts";
import { type ExitCode, exitCode } from "../../operating-error.ts";
import { ack } from "../../protocol/codes.ts";
import { utf8Bytes } from "../../protocol/fields.ts";
import type { Data } from "../../protocol/messages.ts";
import { exitCodeOf } from "./rendering.ts";
import type { EndedReport, Position, SendDisplay } from "./send-display.ts";
import type { Terminal } from "./terminal.ts";

/** What the lines are sent with. */
export type LinePorts = {
  readonly terminal: Pick<Terminal, "ask" | "takeRead" | "ahead" | "inputBytes">;
  readonly display: SendDisplay;
  /** How many lines may share a packet; 1 or more. */
  readonly packetLinesMax: number;
  /** The report of a line that is sent soon. */
  dataOf(line: string): Data;
  /** Why a report is not to be sent; null if it is. */
  faultOf(data: Data): string | null;
  /** As `Connection.requestAll`. */
  request(reports: readonly Data[]): Promise<readonly Outcome[]>;
};

/** A line that was taken from the input. */
type Taken = { readonly number: number; readonly data: Data; readonly fault: string | null };

export class SentLines {
  /** Lines that were taken, and have no outcome yet. */
  #taken: Taken[] = [];
  #number = 0;
  #bytesTaken = 0;
  readonly #bytes: number | null;

  constructor(readonly ports: LinePorts) {
    this.#bytes = ports.terminal.inputBytes;
  }

  /** The number of the first line without an outcome; if all that were read have one, of the next line. */
  get next(): number {
    return this.#taken[0]?.number ?? this.#number + 1;
  }

  /**
   * Sends the lines until the end of the input, or until one has an outcome after which those that follow cannot succeed.
   * @returns the exit code of the last line that was not stored, else `done`
   * @throws OperatingError `input-unreadable` after the lines that could be read
   */
  async run(): Promise<ExitCode> {
    let worst: ExitCode = exitCode.done;
    while (await this.#fill()) {
      const { fault, number } = this.#taken[0] as Taken;
      if (fault !== null) {
        this.#taken.shift();
        this.ports.display.skipped(number, fault);
        worst = exitCode.refused;
        continue;
      }
      const ended = await this.#sendPacket();
      worst = this.#show(ended) ?? worst;
      if (!ended.some(isHopeless)) continue;
      this.ports.display.notice(stopWords(ended));
      return worst;
    }
    return worst;
  }

  async #sendPacket(): Promise<Ended[]> {
    const { display, request } = this.ports;
    const firstFault = this.#taken.findIndex(({ fault }) => fault !== null);
    const good = firstFault < 0 ? this.#taken : this.#taken.slice(0, firstFault);
    display.moved(this.#position, false);
    const outcomes = await request(good.map(({ data }) => data));
    const sent = this.#taken.splice(0, outcomes.length);
    return sent.map(({ number, data }, index) => {
      const outcome = outcomes[index] as Outcome;
      return { line: number, time: data.time, outcome, verdict: verdictOf("DATA", outcome) };
    });
  }

  /**
   * Shows what was answered, and the first report after which those that follow cannot succeed.
   * @returns the exit code of the last one shown that was not stored; null if all were
   */
  #show(ended: readonly Ended[]): ExitCode | null {
    const first = ended.find(isHopeless);
    const shown = ended.filter((report) => report === first || !isHopeless(report));
    for (const report of shown) this.ports.display.ended(report);
    const failed = first ?? shown.findLast(({ verdict }) => verdict !== "done");
    return failed === undefined ? null : exitCodeOf(failed.verdict);
  }

  get #position(): Position {
    const { lines, isAll } = this.ports.terminal.ahead;
    const share = this.#bytes === null ? null : Math.min(1, this.#bytesTaken / this.#bytes);
    return { waiting: this.#taken.length + lines, isAll, share };
  }

  /** Takes the lines that were read already; waits for one only if none is left. @returns false at the end of the input */
  async #fill(): Promise<boolean> {
    const { terminal, display, packetLinesMax } = this.ports;
    this.#take(terminal.takeRead(packetLinesMax - this.#taken.length));
    while (this.#taken.length === 0) {
      if (terminal.ahead.lines === 0 && this.#number > 0) display.moved(this.#position, true);
      const line = await terminal.ask("");
      if (line === null) return false;
      this.#take([line]);
      this.#take(terminal.takeRead(packetLinesMax - 1));
    }
    return true;
  }

  #take(lines: readonly string[]): void {
    const { dataOf, faultOf } = this.ports;
    for (const line of lines) {
      this.#number++;
      if (this.#bytes !== null) this.#bytesTaken += utf8Bytes(line) + 1;
      if (line === "") continue;
      const data = dataOf(line);
      this.#taken.push({ number: this.#number, data, fault: faultOf(data) });
    }
  }
}

type Ended = EndedReport & { readonly line: number };

/** Whether a report was not stored for a cause that the reports after it have, too. */
function isHopeless({ outcome, verdict }: Ended): boolean {
  if (outcome.kind === "silent" || verdict === "later") return true;
  return outcome.code === ack.dataRefused || outcome.code === ack.encryptionRequired;
}

/** Says from which line on nothing was acknowledged, or what was: answers to a part of a packet may be lost. */
function stopWords(ended: readonly Ended[]): string {
  const first = ended.findIndex(isHopeless);
  const { line } = ended[first] as Ended;
  const later = ended.slice(first).filter((report) => !isHopeless(report));
  if (later.length === 0) {
    return `stopped at line ${line}: neither it nor a line after it was acknowledged`;
  }
  const lines = later.map((report) => report.line).join(", ");
  return `stopped at line ${line}: of it and the lines after it only ${lines} were acknowledged`;
}
