// Takes up sessions that another node has heard until now: a request whose session is not in memory looks in the store, and
// goes on if there is an open one of its owner. Needs no password. Requests of one device keep their order meanwhile.

import type { Desk } from "../desk.ts";
import { limits } from "../policy.ts";
import type { Request } from "../request.ts";
import { refuseBusy } from "../responses.ts";
import type { CommandRow, SessionRow } from "../rows.ts";
import type { Rule } from "../store-port.ts";
import type { Address } from "../../protocol/messages.ts";
import { ownerOf, Session } from "./session.ts";

/** A request that waits for its session. */
type Waiting = {
  readonly request: Request;
  readonly goOn: () => void;
  readonly refuse: () => void;
};

/** A session as it was before it moved here, and the open commands of its device. */
export type Moved = { readonly row: SessionRow; readonly commands: readonly CommandRow[] };

/**
 * The rule that moves an open session to this node. Its outcome is the session; null if the device has none, or one of
 * another owner.
 * @param owner as `Request.owner`
 */
export function moving(id: string, owner: string, source: Address): Rule<Moved | null> {
  return {
    kind: "rule",
    keys: { device: id, withSession: true, withCommands: true },
    decide: ({ device, session, commands }) => {
      const isOwn = session !== null && session.ended === null && ownerOf(session) === owner;
      if (device === null || !isOwn) return { outcome: null, writes: [] };
      const write = { kind: "move-session", session: session.session, device: id, source } as const;
      return { outcome: { row: { ...session, source }, commands }, writes: [write] };
    },
  };
}

export class Adoptions {
  /** By owner and id. */
  readonly #underWay = new Map<string, Waiting[]>();
  #waiting = 0;
  /** How many of them wait of each owner. */
  readonly #ofOwner = new Map<string, number>();

  constructor(private readonly desk: Desk) {}

  /**
   * Looks for the session of a request that has none in memory. A server that is alone has all of them there.
   * @param goOn carries the request out: now its session is in memory
   * @param refuse answers it: there is no such session
   */
  seek(request: Request, id: string, goOn: () => void, refuse: () => void): void {
    const { desk } = this;
    const isEnding = desk.sessions.get(id)?.ending === true;
    if (desk.nodes.own === "" || isEnding) return refuse();
    const { owner } = request;
    const ofOwner = this.#ofOwner.get(owner) ?? 0;
    if (this.#waiting >= limits.adoptions || ofOwner >= limits.adoptionsOfOne) {
      return refuseBusy(desk, request, id, request.verb, "too many sessions to look for at once");
    }
    const key = `${owner} ${id}`;
    const waiting = this.#underWay.get(key);
    this.#waiting++;
    this.#ofOwner.set(owner, ofOwner + 1);
    if (waiting !== undefined) return void waiting.push({ request, goOn, refuse });
    this.#underWay.set(key, [{ request, goOn, refuse }]);
    desk.batch.submit(
      moving(id, owner, request.source),
      null,
      (moved) => {
        if (moved !== null) takeUp(desk, moved);
        for (const one of this.#end(owner, key)) (moved === null ? one.refuse : one.goOn)();
      },
      (how) => {
        for (const one of this.#end(owner, key)) desk.outbox.acknowledgeFailed(one.request, how);
      },
    );
  }

  #end(owner: string, key: string): Waiting[] {
    const waiting = this.#underWay.get(key) ?? [];
    this.#underWay.delete(key);
    this.#waiting -= waiting.length;
    const left = (this.#ofOwner.get(owner) ?? 0) - waiting.length;
    if (left > 0) this.#ofOwner.set(owner, left);
    else this.#ofOwner.delete(owner);
    return waiting;
  }
}

/**
 * Goes on with a session that is this node's in the store, unless memory has it or a later one already.
 */
export function takeUp(desk: Desk, { row, commands }: Moved): void {
  const { wallMs: wall, uptimeMs: monotonic } = desk;
  const session = Session.from(row, { wall, monotonic });
  const { id } = session;
  const before = desk.sessions.get(id);
  if (before !== undefined && before.row >= session.row) return;
  if (before !== undefined && before.owner !== session.owner) {
    desk.links.dismiss(before.owner, id, monotonic);
  }
  desk.sessions.set(session);
  desk.commands.load(id, commands, false);
  desk.recheck(id);
  desk.feed.tell({ kind: "moved", id, session: session.row, at: row.started });
  desk.log.activity("info", "-", "-", `${id} goes on here, after ${nameOf(row.node, desk)}`);
}

function nameOf(node: string, { nodes }: Desk): string {
  if (node === nodes.own) return "a request whose result was not known";
  return node === "" ? "an earlier server" : `node ${node}`;
}
