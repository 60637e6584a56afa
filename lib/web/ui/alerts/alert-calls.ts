// What the pages change about alerts, after a login if one is needed. Renders nothing.

import type {
  AlertJson,
  DestinationJson,
  MuteJson,
  RuleJson,
  TestedJson,
} from "../../api/alert-shapes.ts";
import { afterLogin } from "../after-login.ts";
import { get, post, put, remove } from "../api.ts";
import type { App } from "../page.ts";

const loginReason = "Changing alerts needs a login, even on the server's own machine.";
const alertsMax = 500;
const endedMax = 50;

/** All that the page of alerts shows. */
export type AlertsShown = {
  readonly open: readonly AlertJson[];
  readonly ended: readonly AlertJson[];
  readonly rules: readonly RuleJson[];
  /** null without a login: who is told is nobody else's business. */
  readonly destinations: readonly DestinationJson[] | null;
  readonly mutes: readonly MuteJson[];
};

/** Loads all of it. */
export async function loadAlerts(app: App): Promise<AlertsShown> {
  const [open, ended, rules, mutes, destinations] = await Promise.all([
    get("/alerts", { state: "open", limit: alertsMax }),
    get("/alerts", { state: "resolved", limit: endedMax }),
    get("/alert-rules", {}),
    get("/mutes", {}),
    app.mayChange() ? get("/alert-destinations", {}) : null,
  ]);
  return {
    open: open.alerts,
    ended: ended.alerts,
    rules: rules.rules,
    mutes: mutes.mutes,
    destinations: destinations?.destinations ?? null,
  };
}

/** Whether the page may change something: asks for a login if it may not. */
export async function mayChange(app: App): Promise<boolean> {
  return app.mayChange() || (await app.askLogin(loginReason));
}

/**
 * Changes something, after a login if one is needed.
 * @param tell gets what went wrong in words, and "" before each try
 * @returns whether it is changed
 */
export function tryChange(
  app: App,
  change: () => Promise<void>,
  tell: (trouble: string) => void,
): Promise<boolean> {
  return afterLogin(app, loginReason, change, tell);
}

export type SentRule = Parameters<typeof put<"/alert-rules/{name}">>[2];
export type SentDestination = Parameters<typeof put<"/alert-destinations/{name}">>[2];
export type SentMute = Parameters<typeof post<"/mutes">>[2];

/** Makes a rule, or puts it in the place of the one with its name. @throws Problem `bad-rule`, `bad-body` and others */
export async function putRule(name: string, rule: SentRule): Promise<void> {
  await put("/alert-rules/{name}", { name }, rule);
}

/** Makes a destination, or puts it in the place of the one with its name. @throws Problem */
export async function putDestination(name: string, destination: SentDestination): Promise<void> {
  await put("/alert-destinations/{name}", { name }, destination);
}

/** Mutes alerts for a while. @throws Problem */
export async function mute(given: SentMute): Promise<void> {
  await post("/mutes", {}, given);
}

/** Sends a destination a message that only shows that messages arrive. */
export function testDestination(name: string): Promise<TestedJson> {
  return post("/alert-destinations/{name}/test", { name }, undefined);
}

/** Removes a rule; its alerts are over. @throws Problem */
export async function removeRule(name: string): Promise<void> {
  await remove("/alert-rules/{name}", { name });
}

/** Removes a destination. @throws Problem `in-use` */
export async function removeDestination(name: string): Promise<void> {
  await remove("/alert-destinations/{name}", { name });
}

/** Ends a mute, by its number. @throws Problem */
export async function unmute(name: string): Promise<void> {
  await remove("/mutes/{name}", { name });
}

/** The result of a test, in words. */
export function testWords({ done, status, ms }: TestedJson): string {
  return done ? `Delivered: ${status}, after ${ms} ms` : `Not delivered: ${status}`;
}
