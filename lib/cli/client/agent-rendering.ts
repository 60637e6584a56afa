// The events of the agent in words, one line each. Prints nothing itself.

import type { AgentEvent } from "../../client/agent-event.ts";
import { describeAck } from "../../protocol/codes.ts";
import { visible } from "./rendering.ts";

/** An agent's event in one line. */
export function agentLine(event: AgentEvent): string {
  switch (event.kind) {
    case "registered":
      return `${event.code} ${describeAck(event.code)}`;
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
    case "report-refused":
      return `a report is refused and dropped: ${ackWords(event)}`;
    case "refused":
      return `${event.verb} refused: ${ackWords(event)}${leftWords(event)}`;
    case "stopped":
      return (event.loggedOff ? "80 logged off" : "stopped without logging off") + leftWords(event);
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
