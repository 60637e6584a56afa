// What operators do with alerts: rules, destinations and mutes are put and removed, alerts are listed. Checks all that is given, and
// shows no secret. The command line, HTTP and the page call it. Judges and sends nothing.

import { OperatingError } from "../operating-error.ts";
import {
  alertLimits,
  type AlertChange,
  type AlertSetting,
  type AlertStore,
} from "../server/alert-store.ts";
import { faultWords } from "../server/labels.ts";
import type { Moment } from "../server/moment.ts";
import type { Soon } from "../server/soon.ts";
import { readSelector, type Selector } from "../server/selector.ts";
import { type AlertRule, severities } from "./alert-rule.ts";
import { type Destination, type Format, formats, headersIn, urlFault } from "./destination.ts";
import { type Mute, muteMsMax } from "./mutes.ts";
import { readRule } from "./rule-text.ts";
import {
  destinationSetting,
  muteSetting,
  ruleSetting,
  type Settings,
  settingsIn,
} from "./settings.ts";

/** A rule as an operator gives it. What is left out is as usual. */
export type GivenRule = {
  readonly rule: string;
  readonly select?: string | null;
  readonly severity?: string;
  readonly to?: readonly string[];
  /** How often it is told again, ms; null for never. */
  readonly repeatMs?: number | null;
  readonly isEnabled?: boolean;
};

/** A destination as an operator gives it; `headers` are lines of `Name: value`. */
export type GivenDestination = {
  readonly url: string;
  readonly format?: string;
  readonly headers?: string;
};

export type GivenMute = {
  readonly rule?: string | null;
  readonly select?: string | null;
  readonly forMs: number;
  readonly note?: string;
};

const nameForm = /^[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,62}[A-Za-z0-9._-])?$/;
const repeatUsualMs = 4 * 3_600_000;
const repeatMinMs = 60_000;
const noteCharsMax = 200;
/** How often a change is decided anew because others were faster: of that many at once each has its turn. */
const attemptsMax = 256;

export class AlertDesk {
  /**
   * @param onChange called when settings have changed; who has changed them is answered after it
   * @param now both clocks
   */
  constructor(
    readonly store: AlertStore,
    private readonly onChange: () => Soon<void>,
    private readonly now: () => Moment,
  ) {}

  /** All settings. */
  async settings(): Promise<Settings> {
    return settingsIn(await this.store.settings());
  }

  /**
   * Makes a rule, or puts it in the place of the one with its name.
   * @throws OperatingError `bad-name`, `bad-rule`, `bad-selector`, `bad-severity`, `bad-repeat`, `unknown-destination`, `too-many`
   */
  async putRule(name: string, given: GivenRule): Promise<AlertRule> {
    checkName(name);
    const read = readRule(given.rule);
    if (!read.ok) {
      throw refusal("bad-rule", `The rule is wrong ${faultWords(read.fault)}.`, ruleExamples);
    }
    const severity = severities.find((one) => one === (given.severity ?? "warning"));
    if (severity === undefined) {
      throw refusal("bad-severity", "There is no such severity.", `Use ${severities.join(", ")}.`);
    }
    const repeatMs = given.repeatMs === undefined ? repeatUsualMs : given.repeatMs;
    if (repeatMs !== null && !(repeatMs >= repeatMinMs && repeatMs <= muteMsMax)) {
      throw refusal("bad-repeat", "An alert is told again after 1m to 366d, or never.", "Use 4h.");
    }
    const selector = selectorOf(given.select ?? null);
    return await this.#change((rows) => {
      const { rules, destinations } = settingsIn(rows);
      const to = given.to ?? [];
      const unknown = to.find((one) => destinations.every((known) => known.name !== one));
      if (unknown !== undefined) throw unknownDestination(unknown);
      checkRoom(rules, name, alertLimits.rules, "rules");
      const before = rules.find((rule) => rule.name === name);
      const rule: AlertRule = {
        ...read.value,
        name,
        selector,
        severity,
        to: [...new Set(to)],
        repeatMs,
        isEnabled: given.isEnabled ?? true,
        created: before?.created ?? this.now().wall,
      };
      return { changes: [{ kind: "put-setting", setting: ruleSetting(rule) }], result: rule };
    });
  }

  /**
   * Makes a destination, or puts it in the place of the one with its name.
   * @throws OperatingError `bad-name`, `bad-url`, `bad-format`, `bad-header`, `too-many`
   */
  async putDestination(name: string, given: GivenDestination): Promise<Destination> {
    checkName(name);
    const format = formats.find((one): one is Format => one === (given.format ?? formats[0]));
    if (format === undefined) {
      throw refusal("bad-format", "There is no such format.", `Use ${formats.join(", ")}.`);
    }
    const fault = urlFault(given.url, format);
    if (fault !== null) throw refusal("bad-url", `The URL is wrong: ${fault}.`, "Give it whole.");
    const headers = headersIn(given.headers ?? "");
    if (typeof headers === "number") {
      const step = "Write one a line as Name: value, at most 16, none that the server sets itself.";
      throw refusal("bad-header", `Line ${headers} of the headers is wrong.`, step);
    }
    const destination = { name, url: given.url, format, headers };
    const setting = destinationSetting(destination);
    return await this.#change((rows) => {
      checkRoom(settingsIn(rows).destinations, name, alertLimits.destinations, "destinations");
      return { changes: [{ kind: "put-setting", setting }], result: destination };
    });
  }

  /** Mutes alerts for a while. @throws OperatingError `bad-time`, `bad-note`, `unknown-rule`, `bad-selector`, `too-many` */
  async mute(given: GivenMute): Promise<Mute> {
    const { forMs: lengthMs, note = "", rule = null } = given;
    if (!(lengthMs >= 1_000 && lengthMs <= muteMsMax)) {
      throw refusal("bad-time", "A mute lasts 1s to 366d.", "Use 2h.");
    }
    if (note.length > noteCharsMax || /\p{Cc}/u.test(note)) {
      throw refusal(
        "bad-note",
        `A note has at most ${noteCharsMax} characters on one line.`,
        "Say less.",
      );
    }
    const selector = selectorOf(given.select ?? null);
    return await this.#change((rows, revision) => {
      const { rules, mutes } = settingsIn(rows);
      if (rule !== null && rules.every(({ name }) => name !== rule)) throw unknownRule(rule);
      const { wall } = this.now();
      const over = mutes.filter(({ until }) => until < wall).map(({ name }) => name);
      const left = mutes.filter(({ name }) => !over.includes(name));
      checkRoom(left, "", alertLimits.mutes, "mutes");
      // Never used twice: whoever still sees one that is over does not end another one by its number.
      const name = `${1 + Math.max(revision, ...mutes.map((mute) => Number(mute.name)))}`;
      const mute = { name, rule, selector, until: wall + lengthMs, lengthMs, note };
      const removals = over.map(
        (old) => ({ kind: "remove-setting", of: "mute", name: old }) as const,
      );
      return {
        changes: [...removals, { kind: "put-setting", setting: muteSetting(mute) }],
        result: mute,
      };
    });
  }

  /**
   * Removes a rule, a destination or a mute.
   * @returns whether it was there
   * @throws OperatingError `in-use` of a destination that rules name
   */
  async remove(of: AlertSetting["kind"], name: string): Promise<boolean> {
    return await this.#change((rows) => {
      if (!rows.some((one) => one.kind === of && one.name === name)) {
        return { changes: [], result: false };
      }
      if (of === "destination") checkUnused(settingsIn(rows), name);
      return { changes: [{ kind: "remove-setting", of, name }], result: true };
    });
  }

  /** A destination by its name. @throws OperatingError `unknown-destination` */
  async destination(name: string): Promise<Destination> {
    const found = (await this.settings()).destinations.find((one) => one.name === name);
    if (found === undefined) throw unknownDestination(name);
    return found;
  }

  /** Changes settings. If somebody else was faster it is decided anew, upon the settings as they are then. */
  async #change<Result>(decide: Decide<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      const revision = await this.store.settingsRevision();
      const { changes, result } = decide(await this.store.settings(), revision);
      if (changes.length === 0) return result;
      try {
        await this.store.commit(changes, revision);
      } catch (error) {
        const isLate = error instanceof OperatingError && error.code === "settings-changed";
        if (!isLate || attempt === attemptsMax) throw error;
        continue;
      }
      await this.onChange();
      return result;
    }
  }
}

/** What a change of settings comes to, with the settings at a revision; without any changes it is none. */
type Decide<Result> = (
  rows: readonly AlertSetting[],
  revision: number,
) => { readonly changes: readonly AlertChange[]; readonly result: Result };

const ruleExamples =
  "As in: offline for 10m · temp > 30 until < 28 for 5m · no report of temp in 1h · battery < 15";

function refusal(code: string, message: string, nextStep: string): OperatingError {
  return new OperatingError(code, message, nextStep);
}

function unknownDestination(name: string): OperatingError {
  const step = "See iot-server alert rules; make one with iot-server alert to NAME URL.";
  return refusal("unknown-destination", `There is no destination ${JSON.stringify(name)}.`, step);
}

function unknownRule(name: string): OperatingError {
  return refusal(
    "unknown-rule",
    `There is no rule ${JSON.stringify(name)}.`,
    "See iot-server alert rules.",
  );
}

/** @throws OperatingError `in-use` of a destination that rules name */
function checkUnused({ rules }: Settings, destination: string): void {
  const users = rules.filter(({ to }) => to.includes(destination)).map(({ name }) => name);
  if (users.length === 0) return;
  const words = `Rules tell ${destination}: ${users.join(", ")}.`;
  throw refusal("in-use", words, "Remove these first, or tell others.");
}

function checkName(name: string): void {
  if (nameForm.test(name)) return;
  const step = "Use 1 to 64 of A-Z a-z 0-9 . _ - and spaces within.";
  throw refusal("bad-name", `${JSON.stringify(name.slice(0, 80))} is no name.`, step);
}

function checkRoom(
  there: readonly { readonly name: string }[],
  name: string,
  most: number,
  what: string,
): void {
  if (there.length < most || there.some((one) => one.name === name)) return;
  throw refusal("too-many", `There are ${most} ${what} already.`, "Remove one first.");
}

function selectorOf(text: string | null): Selector | null {
  if (text === null || text === "") return null;
  const read = readSelector(text);
  if (read.ok) return read.value;
  const step = "As in: area=Kitchen,presence=online.";
  throw refusal("bad-selector", `The selector is wrong ${faultWords(read.fault)}.`, step);
}
