// Owns the shapes of what is told of the server itself: logins, health, its log, its status and the servers of its store; each
// as a schema and as its type, as in `shapes.ts`. Never builds a value.

import {
  about,
  amount,
  count,
  type Infer,
  listOf,
  object,
  type Schema,
  text,
  time,
  word,
  yes,
} from "./schema.ts";
import { levels } from "./words.ts";

export const health = object({
  status: about(
    word("ok", "damaged", "failing", "away", "unsure", "taken"),
    "`damaged`: a page of the database is. With 503: `failing`: the last batch could not be stored; of PostgreSQL: `away`: it " +
      "does not answer; `unsure`: this node could not show that it lives, so others may have taken its devices over; " +
      "`taken`: another node has its name, which only a restart mends",
  ),
});

export const rights = object({ loggedIn: yes, mayRead: yes, mayChange: yes, version: text });
export type Rights = Infer<typeof rights>;

export const login: Schema<{ readonly token: string }> = {
  type: "object",
  properties: { token: { type: "string", maxLength: 256 } },
  required: ["token"],
};

export const line = object({
  time: text,
  level: word(...levels),
  peer: text,
  direction: word("RECV", "SEND", "-"),
  words: text,
});
export type Line = Infer<typeof line>;
export const lines = object({ lines: about(listOf(line), "newest last") });

export const node = object({
  name: about(text, "as `--node` gave it"),
  address: about(text, "where devices reach it"),
  version: text,
  own: about(yes, "whether it is the server that answers"),
  lives: about(yes, "whether it gave a sign of life in the last ten seconds"),
  silentSeconds: about(amount, "how long ago the last one was, by the clock of the store"),
  sessions: about(
    count,
    "devices logged in at it, with its last sign of life, as all that follows",
  ),
  sealedSessions: count,
  datagramsPerSecond: amount,
  reportsPerSecond: amount,
});
export type NodeJson = Infer<typeof node>;
export const nodeList = object({
  nodes: about(listOf(node), "by name; empty if the store is a file, which one server uses"),
});

const spread = object({ p50: amount, p99: amount, max: amount });
export type Spread = Infer<typeof spread>;

export const status = about(
  object({
    version: text,
    node: about(text, "the name of this server among those of its store; empty if that is a file"),
    time,
    started: time,
    uptimeSeconds: count,
    devices: object({
      registered: count,
      online: count,
      offline: count,
      never: count,
      silent: about(count, "of those offline, how many fell silent"),
    }),
    rates: about(
      object({
        datagramsPerSecond: amount,
        repliesPerSecond: amount,
        reportsPerSecond: amount,
        commitsPerSecond: amount,
        dropsPerSecond: amount,
      }),
      "of the last second",
    ),
    fleet: about(
      object({
        nodes: about(count, "the living servers of the store, with this one"),
        datagramsPerSecond: amount,
        reportsPerSecond: amount,
      }),
      "of all servers of the store together, as are `devices` and `database`; all else is of this one",
    ),
    latency: about(object({ commit: spread, request: spread }), "ms, of the last minute"),
    queues: object({
      packets: count,
      packetsMax: count,
      passwords: count,
      passwordsMax: count,
      asks: count,
      asksMax: count,
      liveClients: count,
      liveClientsMax: count,
    }),
    totals: about(
      object({
        datagrams: count,
        replies: count,
        malformed: count,
        refused: count,
        busy: count,
        silenced: count,
        dropped: count,
        reports: count,
      }),
      "since the start",
    ),
    database: object({ bytes: count, walBytes: count, reports: count }),
    memoryBytes: count,
    alerts: about(object({ firing: count }), "of all servers of the store together"),
    mqtt: about(text, "how the bridge to the MQTT broker is, in words; empty without one"),
    warnings: listOf(
      object({ code: about(text, "for example `drops`, `text-devices`"), text, count }),
    ),
  }),
  "as a live event, every second",
);
export type StatusJson = Infer<typeof status>;
