// The events of the agent in words, one line each. Prints nothing itself.

import type { AgentEvent } from "../../client/agent-event.ts";
import { describeAck } from "../../protocol/codes.ts";
import { visible } from "./rendering.ts";

/** An agent's event in one line. */
export function agentLine(event: AgentEvent): string {
  switch (event.kind) {
    case "registered":
      return `${event.code} ${describeAck(event.code)}`;
    case "registration-kept":
      return `not registered anew: ${ackWords(event)}; it goes on with its registration of before`;
    case "contested":
      return (
        `the session was lost again, ${event.lost} within a minute: another device uses this id; ` +
        `logging in again in ${Math.round(event.pauseMs / 1000)} s`
      );
    case "logged-in":
      return event.again ? "70 logged in again" : "70 logged in";
    case "away":
      return `-- no answer from the server; ${reports(event.queued)} waiting, still trying`;
    case "back":
      return `the server is back; ${reports(event.queued)} to deliver`;
    case "later":
      return `${ackWords(event)}; trying again in a while`;
    case "report-dropped":
      return `the queue is full: the oldest report is dropped, ${event.dropped} in all`;
    case "report-cut":
      return `a report of ${event.bytes} bytes is too long: its first ${event.kept} bytes are sent`;
    case "report-refused":
      return `a report is refused and dropped: ${ackWords(event)}`;
    case "refused":
      return `${event.verb} refused: ${ackWords(event)}${leftWords(event)}`;
    case "stopped":
      return (event.loggedOff ? "80 logged off" : "stopped without logging off") + leftWords(event);
  }
}

/** The cause of an event that may come often, and of which one a minute is told; null for one that is always told. */
export function causeOf(event: AgentEvent): string | null {
  switch (event.kind) {
    case "report-dropped":
    case "report-cut":
      return event.kind;
    case "report-refused":
    case "later":
      return `${event.kind} ${event.code}`;
    default:
      return null;
  }
}

function ackWords({ code, reason }: { code: string; reason: string }): string {
  if (code === "") return visible(reason);
  return `${code} ${describeAck(code)}${reason === "" ? "" : ` (${visible(reason)})`}`;
}

function leftWords({ undelivered, kept }: { undelivered: number; kept: number }): string {
  if (undelivered === 0) return "";
  const lost = undelivered - kept;
  const how =
    lost === 0 ? "kept for the next start" : kept === 0 ? "lost" : `of which ${lost} are lost`;
  return `; ${reports(undelivered)} not delivered, ${how}`;
}

function reports(count: number): string {
  return count === 1 ? "1 report" : `${count} reports`;
}
