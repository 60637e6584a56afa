// Parses the arguments of `iot-server join`, and of `devices --pending`, `approve` and `reject`. Never reads the environment. All
// functions throw an OperatingError `usage`.

import { isId } from "../protocol/fields.ts";
import { windowMsMax, windowMsMin } from "../server/door/window-clock.ts";
import { faultWords, type Labels, labelsMax, readChange } from "../server/labels.ts";
import { readSelector, type Selector } from "../server/selector.ts";
import type { Arguments } from "./arguments.ts";
import { selectValue } from "./label-arguments.ts";
import { expect, wrong } from "./server-arguments.ts";
import type { FlagName } from "./server-flags.ts";
import { countValue, durationValue, quoted } from "./values.ts";

/** A join token as it is asked for. */
export type AskedToken = {
  /** null: any number. */
  readonly uses: number | null;
  /** How long it can be used, ms; null: for ever. */
  readonly forMs: number | null;
  readonly labels: Labels;
  readonly ids: string | null;
  readonly approve: boolean;
  readonly text: boolean;
  readonly note: string;
};

/** What `iot-server join` does. */
export type Joining =
  | { readonly verb: "status" | "close" | "tokens" }
  | { readonly verb: "open"; readonly forMs: number; readonly labels: Labels }
  | { readonly verb: "token"; readonly token: AskedToken }
  | { readonly verb: "revoke"; readonly number: number };

/** Which pending devices are judged, and how. */
export type Judging = {
  readonly state: "approved" | "rejected";
  /** Empty if they are selected. */
  readonly ids: readonly string[];
  /** null: all, if no ids are given. */
  readonly select: Selector | null;
  readonly labels: Labels;
};

const dayMs = 86_400_000;
const tokenMsMax = 3_650 * dayMs;
const noteCharsMax = 120;
/** What each verb takes. */
const taken: Readonly<Record<Joining["verb"], readonly FlagName[]>> = {
  status: [],
  close: [],
  tokens: [],
  open: ["for", "label"],
  token: ["for", "label", "uses", "ids", "approve", "text", "note"],
  revoke: [],
};
const tokenFlags = taken.token;

/** What `join` does: `status` without a verb. */
export function joinValues(given: Arguments<FlagName>): Joining {
  const [verb = "status", number] = given.positionals;
  if (!Object.hasOwn(taken, verb)) {
    throw wrong(`${quoted(verb)} is nothing that join does.`, `Write one of ${verbs}.`);
  }
  const known = verb as Joining["verb"];
  expect(given.positionals, known === "revoke" ? 2 : 1, "join");
  const strange = tokenFlags.find((name) => isGiven(given, name) && !taken[known].includes(name));
  if (strange !== undefined) {
    const others = Object.keys(taken).filter((one) => taken[one as typeof known].includes(strange));
    throw wrong(
      `--${strange} is not for join ${known}.`,
      `It goes with join ${others.join(", ")}.`,
    );
  }
  switch (known) {
    case "status":
    case "close":
    case "tokens":
      return { verb: known };
    case "open": {
      const forMs = durationValue("--for", given.value("for") ?? "5m", windowMsMin, windowMsMax);
      return { verb: known, forMs, labels: labelsValue(given) };
    }
    case "token":
      return { verb: known, token: tokenValue(given) };
    case "revoke":
      if (number === undefined) {
        throw wrong("The number of the token is missing.", "See iot-server join tokens.");
      }
      return { verb: known, number: countValue("The token", number, 1, 999_999_999) };
  }
}

const verbs = Object.keys(taken).join(", ");

/** What `devices approve` and `devices reject` do. @param verb the first positional */
export function judgingValues(verb: "approve" | "reject", given: Arguments<FlagName>): Judging {
  const ids = given.positionals.slice(1);
  const strange = ids.find((id) => !isId(id));
  if (strange !== undefined) {
    throw wrong(
      `${quoted(strange)} is not a device id.`,
      "An id is 1 to 64 of A-Z a-z 0-9 . _ : -",
    );
  }
  const select = selectValue(given.value("select"));
  const ways = Number(ids.length > 0) + Number(select !== null) + Number(given.isOn("all"));
  if (ways !== 1) {
    throw wrong(
      ways === 0 ? "No device is named." : "Devices are meant in two ways.",
      `Write iot-server devices ${verb} ID…, or --all, or --select 'id=th-*'.`,
    );
  }
  const labels = labelsValue(given);
  if (verb === "reject" && labels.size > 0) {
    throw wrong("A rejected device gets no labels.", "Leave out --label.");
  }
  return { state: verb === "approve" ? "approved" : "rejected", ids, select, labels };
}

/** Refuses what only `approve` and `reject` take. */
export function refuseJudging(given: Arguments<FlagName>): void {
  const strange = (["all", "label", "yes"] as const).find((name) => isGiven(given, name));
  if (strange === undefined) return;
  throw wrong(`--${strange} goes with devices approve.`, "To list devices, leave it out.");
}

function isGiven(given: Arguments<FlagName>, name: FlagName): boolean {
  return given.originOf(name) === "flag";
}

function tokenValue(given: Arguments<FlagName>): AskedToken {
  const { value, isOn } = given;
  const [uses, lasting] = [value("uses") ?? "1", value("for") ?? "24h"];
  return {
    uses: uses === "unlimited" ? null : countValue("--uses", uses, 1, 1_000_000),
    forMs: lasting === "never" ? null : durationValue("--for", lasting, 1_000, tokenMsMax),
    labels: labelsValue(given),
    ids: idsValue(value("ids")),
    approve: isOn("approve"),
    text: isOn("text"),
    note: noteValue(value("note") ?? ""),
  };
}

function idsValue(text: string | null): string | null {
  if (text === null) return null;
  const read = readSelector(`id=${text}`);
  if (read.ok && read.value.terms.length === 1) return text;
  const at = read.ok ? "" : ` ${faultWords({ ...read.fault, at: read.fault.at - 3 })}`;
  throw wrong(`--ids ${quoted(text)} is wrong${at}.`, "Write 'th-*', or 'th-*|pi1'.");
}

function noteValue(text: string): string {
  if (text.length <= noteCharsMax && !/\p{Cc}/u.test(text)) return text;
  throw wrong("--note is too long.", `Write at most ${noteCharsMax} characters on one line.`);
}

/** The labels of --label. */
export function labelsValue(given: Arguments<FlagName>): Labels {
  const labels = new Map<string, string>();
  for (const text of given.values("label")) {
    const read = readChange(text);
    if (!read.ok || read.value.value === null) {
      const at = read.ok ? "" : ` ${faultWords(read.fault)}`;
      throw wrong(`--label ${quoted(text)} is wrong${at}.`, "Write --label area=Kitchen.");
    }
    labels.set(read.value.key, read.value.value);
  }
  if (labels.size <= labelsMax) return labels;
  throw wrong(`${labels.size} labels are given.`, `A device has at most ${labelsMax}.`);
}
