// The operator's side of commands (protocol §4.14): queues and cancels them, ends those that are too late, and writes what became
// of the others. A result is told only after the commit.

import type { Desk } from "../desk.ts";
import type { Moment } from "../moment.ts";
import { limits } from "../policy.ts";
import type { CommandRow, CommandTouch } from "../rows.ts";
import type { Rule } from "../store-port.ts";
import {
  ending,
  endingAll,
  findingCommand,
  numbered,
  type Ordered,
  type Queued,
  queueing,
  sweeping,
} from "./command-rules.ts";
import { noteEnded, push } from "./delivery.ts";

/** How often the time of service is noted and all devices are looked at for commands that are too late, ms. */
const sweepEveryMs = 10_000;
/** How often what has become of open ones is written, ms: `iot-server commands` reads it from the store. */
const touchEveryMs = 2_000;
/** How many of them are ended at once. */
const sweptAtOnce = 512;

/** What became of a command to queue. */
export type QueueResult = Queued | { readonly kind: "storage-failed" };

/** What became of a command to cancel. */
export type CancelResult =
  | { readonly kind: "cancelled" | "already-ended"; readonly command: CommandRow }
  | { readonly kind: "unknown-command" | "storage-failed" };

export class Commanding {
  #sweptAt = Number.NEGATIVE_INFINITY;
  #writtenAt: number;
  /** Whether the store may have open commands, also of devices without a session. */
  #mayHaveOpen: boolean;

  /** @param stored the commands that were open at the start */
  constructor(
    private readonly desk: Desk,
    stored: readonly CommandRow[],
  ) {
    this.#writtenAt = desk.uptimeMs;
    // Other nodes queue commands, too.
    this.#mayHaveOpen = stored.length > 0 || desk.nodes.own !== "";
    for (const [id, rows] of Map.groupBy(stored, ({ device }) => device)) {
      if (desk.sessions.get(id) !== undefined) desk.commands.load(id, rows, false);
    }
  }

  /** Queues a command; sends it at once if its device has a session here. */
  queue(ordered: Ordered, onResult: (result: QueueResult) => void, now: Moment): void {
    const { desk } = this;
    desk.clock.set(now);
    const { serviceMs } = desk.commands;
    desk.batch.submit(
      queueing(ordered, serviceMs, desk.wallMs),
      null,
      (outcome, number) => {
        const queued = numbered(outcome, number);
        if (queued.kind === "queued") this.#noteQueued(queued.command);
        onResult(queued);
      },
      () => onResult({ kind: "storage-failed" }),
    );
  }

  /** Cancels a command if it is open; the device may have it already. */
  cancel(number: number, onResult: (result: CancelResult) => void, now: Moment): void {
    const { desk } = this;
    desk.clock.set(now);
    const onFail = () => onResult({ kind: "storage-failed" });
    const onFound = (found: CommandRow | null) => {
      if (found === null) return onResult({ kind: "unknown-command" });
      const known = desk.commands.find(found.device, number)?.touch ?? null;
      const how = { end: "cancelled", at: desk.wallMs, why: null, known } as const;
      desk.batch.submit(
        ending(found.device, number, how),
        null,
        (ended) => {
          if (ended === null) return onResult({ kind: "unknown-command" });
          const { row: command, isNow } = ended;
          if (isNow) this.#noteCancelled(command);
          onResult({ kind: isNow ? "cancelled" : "already-ended", command });
        },
        onFail,
      );
    };
    desk.batch.submit(findingCommand(number), null, onFound, onFail);
  }

  /** Cancels all open commands of a device. @param onResult called with them; null if the store failed */
  cancelAll(
    device: string,
    onResult: (cancelled: readonly CommandRow[] | null) => void,
    now: Moment,
  ): void {
    const { desk } = this;
    desk.clock.set(now);
    const how = { end: "cancelled", at: desk.wallMs, why: null } as const;
    desk.batch.submit(
      endingAll(device, how),
      null,
      (cancelled) => {
        for (const command of cancelled) this.#noteCancelled(command);
        onResult(cancelled);
      },
      () => onResult(null),
    );
  }

  /** Sends what is due, ends what is too late, writes what is due. The caller has set the time. */
  tick(): void {
    const { desk } = this;
    for (const id of desk.commands.devices()) push(desk, id, "time");
    for (const one of desk.commands.overdue()) this.#expire(one.device, one.number);
    if (desk.uptimeMs - this.#writtenAt >= touchEveryMs) {
      this.#writtenAt = desk.uptimeMs;
      this.#writeTouches(limits.touchesPerBatch);
    }
    if (this.#mayHaveOpen && desk.uptimeMs - this.#sweptAt >= sweepEveryMs) this.#sweep();
  }

  /** Adds what is due to the current batch, for a clean stop. */
  settle(): void {
    this.#writeTouches(Number.MAX_SAFE_INTEGER);
    if (this.#mayHaveOpen) this.#sweep();
  }

  #noteQueued(command: CommandRow): void {
    const { desk } = this;
    const { number, device } = command;
    if (desk.sessions.get(device) !== undefined) desk.commands.add(command);
    desk.feed.tell({ kind: "commanded", command, isOwn: true });
    desk.log.activity("info", "-", "-", `command ${number} is queued for ${device}`);
    push(desk, device, "time");
    if (this.#mayHaveOpen) return;
    // From now on a restart must know how much of its time has passed.
    this.#mayHaveOpen = true;
    this.#sweep();
  }

  #noteCancelled(command: CommandRow): void {
    noteEnded(this.desk, command);
    const { number, device } = command;
    this.desk.log.activity("info", "-", "-", `command ${number} of ${device} was cancelled`);
    push(this.desk, device, "time");
  }

  /** Notes the time of service, and ends what is too late, of whichever device. */
  #sweep(): void {
    const { desk } = this;
    const { serviceMs, service } = desk.commands;
    this.#sweptAt = desk.uptimeMs;
    desk.batch.submit(
      sweeping(serviceMs, desk.wallMs, sweptAtOnce),
      null,
      ({ due, open }, noted) => {
        service.raise(noted, desk.uptimeMs);
        this.#mayHaveOpen = open > 0 || desk.nodes.own !== "";
        for (const { device, number } of due) this.#expire(device, number);
        // There are more.
        if (due.length === sweptAtOnce) this.#sweptAt = Number.NEGATIVE_INFINITY;
      },
    );
  }

  #expire(device: string, number: number): void {
    const { desk } = this;
    const known = desk.commands.find(device, number);
    if (known?.isEnding === true) return;
    if (known !== undefined) known.isEnding = true;
    const how = {
      end: "expired",
      at: desk.wallMs,
      why: null,
      known: known?.touch ?? null,
    } as const;
    desk.batch.submit(
      ending(device, number, how, desk.commands.serviceMs),
      null,
      (ended) => {
        if (known !== undefined) known.isEnding = false;
        if (ended === null) return;
        if (!ended.isNow) return desk.commands.remove(device, number);
        noteEnded(desk, ended.row);
        desk.log.activity("info", "-", "-", `command ${number} of ${device} is too late: expired`);
        push(desk, device, "time");
      },
      () => {
        if (known !== undefined) known.isEnding = false;
      },
    );
  }

  #writeTouches(most: number): void {
    const { commands, batch } = this.desk;
    const touches = commands.takeTouches(most);
    const byLane = Map.groupBy(touches, ({ device }) => batch.laneOf(device));
    for (const own of byLane.values()) {
      const laneOf = own[0]?.device ?? "";
      batch.submit(
        touching(own, laneOf),
        null,
        () => {},
        () => commands.touchAgain(own),
      );
    }
  }
}

/** @param touches of devices of one lane */
function touching(touches: readonly CommandTouch[], laneOf: string): Rule<null> {
  const writes = [{ kind: "touch-commands", touches }] as const;
  return { kind: "rule", keys: {}, laneOf, decide: () => ({ outcome: null, writes }) };
}
