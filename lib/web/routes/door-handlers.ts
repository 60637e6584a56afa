// Owns the handlers of the window and of join tokens: turns what is asked into actions, and what became of them into answers. Never stores anything
// itself.

import type { DoorAction, DoorNow, DoorResult } from "../../server/door/door-action.ts";
import { isUseless } from "../../server/door/door-rules.ts";
import type { TokenRow } from "../../server/door/door-rows.ts";
import { tokenBytes, tokenHash, tokenOf } from "../../server/door/join-token.ts";
import { runCommand } from "../../server/door/ready-line.ts";
import { windowMsMax } from "../../server/door/window-clock.ts";
import { typedDuration } from "../../server/duration-text.ts";
import { type Labels, labelsMax, labelsObject } from "../../server/labels.ts";
import { readSelector } from "../../server/selector.ts";
import type { TokenJson, WindowJson } from "../api/door-table.ts";
import { type CallOf, type Handlers, HttpReply, type RouteAnswer } from "../handlers.ts";
import { changesIn } from "./label-handlers.ts";
import { timeText, timeTextOrNull } from "../parameters.ts";
import type { WebPorts } from "../ports.ts";
import { Problem } from "../problem.ts";

type Names = "joinTokens" | "addJoinToken" | "revokeJoinToken" | "joinWindow" | "setJoinWindow";
type Ports = Pick<WebPorts, "door" | "now">;

const noteCharsMax = 120;
const tokenMsMax = 3_650 * 86_400_000;

/** The handlers of the window and of join tokens. */
export function doorHandlers(ports: Ports): Pick<Handlers, Names> {
  return {
    joinTokens: async () => ({
      tokens: (await look(ports)).tokens.map((token) => tokenJson(token, ports.now())),
    }),
    addJoinToken: (call) => addToken(ports, call),
    revokeJoinToken: async ({ names }) => {
      const number = /^[1-9]\d{0,8}$/.test(names.number) ? Number(names.number) : 0;
      const { kind } = await act(ports, { what: "revoke", number });
      if (kind !== "unknown") return new HttpReply(204, null);
      throw new Problem("unknown-token", "There is no join token with this number.");
    },
    joinWindow: async () => windowOf(ports, await look(ports)),
    setJoinWindow: async ({ body }) => {
      const { seconds = 0, labels = {} } = await body();
      if (seconds > windowMsMax / 1000) throw new Problem("bad-body", "At most 2592000 seconds.");
      await act(ports, { what: "window", forMs: seconds * 1000, labels: labelsIn(labels) });
      return windowOf(ports, await look(ports));
    },
  };
}

async function addToken(
  ports: Ports,
  { body }: CallOf<"addJoinToken">,
): Promise<RouteAnswer<"addJoinToken">> {
  const given = await body();
  const { uses = "1", for: lasting = "24h", ids = null, labels = {}, note = "" } = given;
  const forMs = lasting === "never" ? null : typedDuration(lasting);
  if (lasting !== "never" && (forMs === null || forMs < 1_000 || forMs > tokenMsMax)) {
    throw new Problem("bad-body", "for must be a time such as 24h, or never.");
  }
  if (uses !== "unlimited" && !/^[1-9]\d{0,5}$/.test(uses)) {
    throw new Problem("bad-body", "uses must be a number from 1 on, or unlimited.");
  }
  if (ids !== null && !isPattern(ids)) throw new Problem("bad-body", "ids must be as th-*|pi1.");
  if (note.length > noteCharsMax || /\p{Cc}/u.test(note)) {
    throw new Problem("bad-body", `note has at most ${noteCharsMax} characters on one line.`);
  }
  const token = tokenOf(ports.door.random(tokenBytes));
  const [created, hash] = [ports.now(), tokenHash(token)];
  const result = await act(ports, {
    what: "token",
    token: {
      hash,
      note,
      created,
      expires: forMs === null ? null : created + forMs,
      usesLeft: uses === "unlimited" ? null : Number(uses),
      labels: labelsIn(labels),
      ids,
      approve: given.approve === "true",
      text: given.text === "true",
    },
  });
  if (result.kind === "added") return new HttpReply(201, { number: result.token.number, token });
  throw new Problem("no-room", "As many join tokens as are kept can still be used: revoke one.");
}

function isPattern(ids: string): boolean {
  const read = readSelector(`id=${ids}`);
  return read.ok && read.value.terms.length === 1;
}

/** The labels that devices get, as a body has them. @throws Problem `bad-body` */
export function labelsIn(set: Readonly<Record<string, string>>): Labels {
  const labels = new Map(changesIn(set, []).map(({ key, value }) => [key, value ?? ""]));
  if (labels.size <= labelsMax) return labels;
  throw new Problem("bad-body", `A device has at most ${labelsMax} labels.`);
}

/** Looks at the door. @throws Problem `storage-failed` */
export async function look(ports: Ports): Promise<DoorNow> {
  const found = await act(ports, { what: "look" });
  if (found.kind !== "door") throw new Error(`a look found ${found.kind}`);
  return found;
}

/** Carries out an action. @throws Problem `storage-failed` */
export async function act({ door }: Ports, action: DoorAction): Promise<DoorResult> {
  const result = await door.act(action);
  if (result.kind !== "storage-failed") return result;
  throw new Problem("storage-failed", "Nothing was changed; error.log says why.");
}

function windowOf({ door }: Ports, { window, leftMs, join }: DoorNow): WindowJson {
  const open = leftMs > 0 && window !== null;
  return {
    join: join ?? "open",
    open,
    secondsLeft: open ? Math.ceil(leftMs / 1000) : 0,
    labels: open ? labelsObject(window.labels) : {},
    command: runCommand({ ...door.reached, host: "HOST" }),
    host: door.reached.host,
    sharedIp: door.sharedIp,
  };
}

function tokenJson(token: TokenRow, now: number): TokenJson {
  const { number, note, used, usesLeft, ids, approve, text, labels } = token;
  return {
    number,
    state: stateOf(token, now),
    created: timeText(token.created),
    expires: timeTextOrNull(token.expires),
    used,
    usesLeft,
    lastUsed: timeTextOrNull(token.lastUsed),
    ids,
    labels: labelsObject(labels),
    approve,
    text,
    note,
  };
}

function stateOf(token: TokenRow, now: number): TokenJson["state"] {
  if (!isUseless(token, now)) return "valid";
  if (token.revoked) return "revoked";
  return token.usesLeft === 0 ? "used-up" : "expired";
}
