// What a running server takes up of changed settings, and which need a restart; logs both. Reads no settings itself.

import type { ServeConfig } from "../lib/config/serve-config.ts";
import type { HeardLog } from "../lib/io/log/activity-lines.ts";
import type { FileLogs } from "../lib/io/log/log-file.ts";
import type { OperatingError } from "../lib/operating-error.ts";
import type { LogLevel } from "../lib/server/log.ts";
import type { Policy } from "../lib/server/policy.ts";

/** The settings of the engine that may change while it runs, and that servers of one store should have the same. */
const livePolicy = ["requireEncryption", "offlineAfterMs", "keyPolicy"] as const;

/** The flags whose names do not follow from those of the settings. */
const flagNames: Readonly<Record<string, string>> = {
  httpNames: "http-name",
  trustedProxies: "trusted-proxy",
};

/** What changes when a running server takes settings up. */
export type LiveParts = {
  /** The policy that the engine reads at each request. */
  readonly policy: { -readonly [Key in keyof Policy]: Policy[Key] };
  setLogLevel(level: LogLevel): void;
};

/** The flags of what has changed: `now` is taken up, `later` needs a restart. */
export type TakenUp = { readonly now: readonly string[]; readonly later: readonly string[] };

/**
 * The calls that change the settings of a running server, and log what became of them.
 * @param config the settings of its start
 */
export function settingsKeeper(
  config: ServeConfig,
  { logs, heard, policy }: { logs: FileLogs; heard: HeardLog; policy: LiveParts["policy"] },
): { takeUp(next: ServeConfig): void; keepSettings(wrong: OperatingError): void } {
  let running = config;
  const setLogLevel = (level: LogLevel) => {
    logs.setLevel(level);
    heard.setLevel(level);
  };
  const tell = (words: string) => logs.activity("warn", "-", "-", `SIGHUP: ${words}`);
  return {
    takeUp(next) {
      const { config: taken, changes } = takeUp(running, next, { policy, setLogLevel });
      running = taken;
      const { now, later } = changes;
      if (now.length > 0) tell(`changed now: ${now.join(", ")}`);
      if (later.length > 0) tell(`changed, and in force after a restart: ${later.join(", ")}`);
    },
    keepSettings({ message, nextStep }) {
      tell(`all settings stay as they are. ${message} ${nextStep}`);
      logs.error("-", `SIGHUP: all settings stay as they are. ${message} ${nextStep}`);
    },
  };
}

/**
 * Takes up what may change.
 * @param running the settings as they are in force
 * @returns the settings that are in force now, and what was changed
 */
export function takeUp(
  running: ServeConfig,
  next: ServeConfig,
  { policy, setLogLevel }: LiveParts,
): { readonly config: ServeConfig; readonly changes: TakenUp } {
  const names = [...new Set([...Object.keys(running), ...Object.keys(next)])] as Name[];
  const changed = names.filter((name) => !isSame(running[name], next[name]));
  const live = changed.filter((name) => isLive(name, next));
  if (live.includes("logLevel")) setLogLevel(next.logLevel);
  const { requireEncryption, offlineAfterMs, keyPolicy } = next;
  const others = { requireEncryption, offlineAfterMs, keyPolicy };
  for (const name of livePolicy) {
    if (live.includes(name)) Object.assign(policy, { [name]: others[name] });
  }
  const config = { ...running, ...Object.fromEntries(live.map((name) => [name, next[name]])) };
  const later = changed.filter((name) => !live.includes(name));
  return { config, changes: { now: live.map(flagOf), later: later.map(flagOf) } };
}

type Name = keyof ServeConfig;

/** What servers of one store tell each other at their start stays until the next one. */
function isLive(name: Name, { store }: ServeConfig): boolean {
  if (name === "logLevel") return true;
  return store === undefined && livePolicy.some((live) => live === name);
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function flagOf(name: Name): string {
  const words = name
    .replace(/Ms$/, "")
    .replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return flagNames[name] ?? words;
}
