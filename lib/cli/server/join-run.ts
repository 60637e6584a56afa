// Carries out `iot-server join` and `devices --pending`, `approve` and `reject` through a port: a running server or the database.
// Asks first where many are meant. Never opens a socket or a store.

import type { AskedDevices } from "../../config/devices-arguments.ts";
import type { AskedToken, Joining } from "../../config/join-arguments.ts";
import { exitCode, type ExitCode, OperatingError } from "../../operating-error.ts";
import type { DoorAction, DoorNow, DoorResult } from "../../server/door/door-action.ts";
import type { PendingRow } from "../../server/door/door-rows.ts";
import { tokenHash, tokenOf } from "../../server/door/join-token.ts";
import { type Reached, readyLine } from "../../server/door/ready-line.ts";
import { exactDuration } from "../../server/duration-text.ts";
import { noLabels } from "../../server/labels.ts";
import { isSelected, type Selector } from "../../server/selector.ts";
import { aligned, type Column } from "./columns.ts";
import {
  doorJson,
  doorLines,
  givenTo,
  lasting,
  pendingCells,
  pendingColumns,
  pendingJson,
  tokenCells,
  tokenColumns,
  tokenJson,
} from "./join-lines.ts";
import { questionAbout } from "./label-run.ts";
import { printable } from "./printable.ts";

/** What it needs from its caller. */
export type JoinPort = {
  /** Carries out actions; a result for each, in the same order. */
  act(actions: readonly DoorAction[]): Promise<readonly DoorResult[]>;
  /** Random bytes for a token. */
  random(count: number): Uint8Array;
  readonly reached: Reached;
  /** As for `labelDevices`. */
  readonly confirm: ((question: string) => Promise<boolean>) | null;
  /** ms since 1970. */
  readonly now: number;
  write(line: string): void;
  onRefused(words: string): void;
};

/** Carries out `iot-server join`. */
export async function runJoining(
  asked: Joining & { readonly json: boolean },
  port: JoinPort,
): Promise<ExitCode> {
  const { json } = asked;
  switch (asked.verb) {
    case "status":
      return printDoor(await look(port), json, port);
    case "tokens": {
      const { tokens } = await look(port);
      const rows = tokens.map((token) => tokenCells(token, port.now));
      const lines = tokens.map((token) => tokenJson(token, port.now));
      return printRows(
        { json, lines, rows, columns: tokenColumns, none: "There are no tokens." },
        port,
      );
    }
    case "open":
      await act({ what: "window", forMs: asked.forMs, labels: asked.labels }, port);
      if (json) return printDoor(await look(port), json, port);
      port.write(
        `All devices may register for ${exactDuration(asked.forMs)}${givenTo(asked.labels)}. To end it: iot-server join close`,
      );
      return exitCode.done;
    case "close":
      await act({ what: "window", forMs: 0, labels: noLabels }, port);
      return printDoor(await look(port), json, port);
    case "token":
      return makeToken(asked.token, json, port);
    case "revoke":
      return revoke(asked.number, json, port);
  }
}

/** Prints the devices that wait for approval and those that were judged. */
export async function printPending(
  { json, select }: { readonly json: boolean; readonly select: Selector | null },
  port: JoinPort,
): Promise<ExitCode> {
  const pending = (await look(port)).pending.filter((row) => isMeant(row, select));
  const rows = pending.map((row) => pendingCells(row, port.now));
  const lines = pending.map(pendingJson);
  const none = "No device waits for approval.";
  const exit = printRows({ json, lines, rows, columns: pendingColumns, none }, port);
  const first = pending.find((row) => row.state === "waiting");
  if (!json && first !== undefined) {
    port.write(`To let one in: iot-server devices approve ${first.id}`);
  }
  return exit;
}

/**
 * Approves or rejects devices and prints what became of each.
 * @throws OperatingError `not-confirmed`, `none-selected`
 */
export async function judgeDevices(
  asked: Extract<AskedDevices, { command: "judge" }>,
  port: JoinPort,
): Promise<ExitCode> {
  const { state, labels, json } = asked;
  const named = asked.ids.length > 0;
  const rows = named ? [] : await waiting(asked, port);
  const ids = named ? [...new Set(asked.ids)] : rows.map(({ id }) => id);
  // Another device may have come under an id while the person was asked.
  const seen = named ? {} : { seenBy: Math.max(...rows.map(({ firstSeen }) => firstSeen)) };
  const actions = ids.map((id) => ({ what: "judge", id, state, labels, ...seen }) as const);
  const results = await port.act(actions);
  let refused = 0;
  for (const [i, id] of ids.entries()) {
    const { kind } = results[i] ?? ({ kind: "storage-failed" } as const);
    const isDone = kind === state || kind === "unchanged";
    if (!isDone) refused++;
    if (json) port.write(JSON.stringify({ id, result: kind }));
    else if (isDone) port.write(`${printable(id)}: ${judged[state]}`);
    else port.onRefused(`${printable(id)}: ${refusals[kind] ?? kind}`);
  }
  return refused === 0 ? exitCode.done : exitCode.refused;
}

const judged = {
  approved: "approved; it registers when it asks again, mostly within a minute",
  rejected: "rejected; it is refused as long as it asks",
} as const;

const refusals: Readonly<Record<string, string>> = {
  unknown: "does not wait; see iot-server devices --pending",
  registered: "is registered already; see iot-server devices",
  "storage-failed": "nothing was changed; the server's error.log says why",
};

/** Those that wait and are meant, after a person has agreed. */
async function waiting(
  { select, yes }: Extract<AskedDevices, { command: "judge" }>,
  port: JoinPort,
): Promise<readonly PendingRow[]> {
  const { pending } = await look(port);
  const rows = pending.filter((row) => row.state === "waiting" && isMeant(row, select));
  if (rows.length === 0) {
    throw new OperatingError(
      "none-selected",
      select === null ? "No device waits." : `No device that waits is meant by ${select.text}.`,
      "See iot-server devices --pending.",
    );
  }
  if (yes) return rows;
  const question = questionAbout(rows.map(({ id }) => id));
  if (port.confirm !== null && (await port.confirm(question))) return rows;
  throw new OperatingError(
    "not-confirmed",
    port.confirm === null ? question.slice(0, question.indexOf(" Go on?")) : "Nothing was changed.",
    port.confirm === null ? "To go on without being asked, add --yes." : "Answer y to go on.",
  );
}

function isMeant({ id, labels }: PendingRow, select: Selector | null): boolean {
  return select === null || isSelected(select, { id, labels, presence: "never" });
}

async function makeToken(asked: AskedToken, json: boolean, port: JoinPort): Promise<ExitCode> {
  const token = tokenOf(port.random(16));
  const { uses, forMs, labels, ids, approve, text, note } = asked;
  const result = await act(
    {
      what: "token",
      token: {
        hash: tokenHash(token),
        note,
        created: port.now,
        expires: forMs === null ? null : port.now + forMs,
        usesLeft: uses,
        labels,
        ids,
        approve,
        text,
      },
    },
    port,
  );
  if (result.kind !== "added") {
    throw new OperatingError(
      "too-many-tokens",
      "As many tokens as are kept can still be used.",
      "Revoke one: iot-server join revoke NUMBER",
    );
  }
  const { number } = result.token;
  const ready = readyLine(token, port.reached);
  if (json) port.write(JSON.stringify({ number, token, ready }));
  else {
    const devices =
      uses === null ? "any number of devices" : uses === 1 ? "1 device" : `${uses} devices`;
    port.write(token);
    port.write(
      `Token ${number}, shown only now: for ${devices}, ${lasting(forMs)}${givenTo(labels)}.`,
    );
    port.write(`  ${ready}`);
  }
  return exitCode.done;
}

async function revoke(number: number, json: boolean, port: JoinPort): Promise<ExitCode> {
  const { kind } = await act({ what: "revoke", number }, port);
  if (json) port.write(JSON.stringify({ number, result: kind }));
  else if (kind === "unknown")
    port.onRefused(`There is no token ${number}; see iot-server join tokens`);
  else port.write(`Token ${number} is revoked; devices that it has registered stay.`);
  return kind === "unknown" ? exitCode.refused : exitCode.done;
}

function printDoor(door: DoorNow, json: boolean, { write, now }: JoinPort): ExitCode {
  if (json) write(doorJson(door, now));
  else for (const line of doorLines(door, now)) write(line);
  return exitCode.done;
}

async function printRows(
  told: {
    readonly json: boolean;
    readonly lines: readonly string[];
    readonly rows: readonly (readonly string[])[];
    readonly columns: readonly Column[];
    readonly none: string;
  },
  { write }: JoinPort,
): Promise<ExitCode> {
  if (told.json) for (const line of told.lines) write(line);
  else if (told.rows.length === 0) write(told.none);
  else for await (const line of aligned(told.columns, told.rows)) write(line);
  return exitCode.done;
}

async function look(port: JoinPort): Promise<DoorNow> {
  const result = await act({ what: "look" }, port);
  if (result.kind !== "door") throw new Error(`a look found ${result.kind}`);
  return result;
}

/** @throws OperatingError `storage-failed` */
async function act(action: DoorAction, port: JoinPort): Promise<DoorResult> {
  const [result] = await port.act([action]);
  if (result !== undefined && result.kind !== "storage-failed") return result;
  throw new OperatingError(
    "storage-failed",
    "Nothing was changed: storage failed.",
    "The server's error.log says why.",
  );
}
