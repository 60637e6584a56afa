// Channels on a database of the tests' own PostgreSQL, each with a node that notes what it is told. The rows of devices are
// in a Map that stands for the table. Closes them after each test.

import type { AskResult } from "../../../../lib/server/asks.ts";
import { noLabels } from "../../../../lib/server/labels.ts";
import type { NodeQuestion, PlacedRow, Relayed } from "../../../../lib/server/nodes.ts";
import type { PostgresAddress } from "../../../../lib/store/postgres/connection/address.ts";
import { Readers } from "../../../../lib/store/postgres/connection/readers.ts";
import { NodeChannel } from "../../../../lib/store/postgres/nodes/channel.ts";
import {
  type ChannelPace,
  channelPace,
} from "../../../../lib/store/postgres/nodes/channel-pace.ts";
import { until } from "../../../e2e/polling.ts";
import { postgresServer } from "../../../postgres-server.ts";
import { startOfTime } from "../../fixtures.ts";

/** A node of which there is only the channel. */
export type TestNode = {
  readonly channel: NodeChannel;
  /** The ids of its sessions. */
  readonly sessions: Set<string>;
  /** Devices as it was told. */
  readonly changed: Map<string, PlacedRow | null>;
  readonly relayed: Relayed[];
  readonly asked: NodeQuestion[];
  readonly said: string[];
  /** Replaced by tests. */
  answer: (question: NodeQuestion) => Promise<AskResult>;
  /** Whether nothing can be sent. */
  isCutOff: boolean;
  /** Called when rows were read, before they are given. Replaced by tests. */
  onRead: () => Promise<void>;
  /** How many sendings failed. */
  failures: number;
};

/** A database with the rows that all nodes read. */
export type TestTable = {
  readonly address: PostgresAddress;
  readonly rows: Map<string, PlacedRow>;
};

const opened: { readonly node: TestNode; readonly readers: Readers }[] = [];

/** Opens a channel, and waits until it is heard. @param listensAt where its listening connection goes */
export async function openNode(
  { address, rows }: TestTable,
  own: string,
  pace: Partial<ChannelPace> = {},
  listensAt = address,
): Promise<TestNode> {
  const readers = new Readers(address, `${own} reads`);
  const sending: Pick<Readers, "read"> = {
    read: (text, values) => {
      if (!node.isCutOff) return readers.read(text, values);
      node.failures++;
      return Promise.reject(new Error("cut off"));
    },
  };
  const rowsOf = async (ids: readonly string[]) => {
    const found = ids.flatMap((id) => rows.get(id) ?? []);
    await node.onRead();
    return found;
  };
  const said: string[] = [];
  const onTrouble = (words: string) => void said.push(words);
  const parts = { address: listensAt, readers: sending, own, name: own, rowsOf, onTrouble };
  const channel = new NodeChannel(parts, { ...channelPace, ...pace });
  const node: TestNode = {
    channel,
    sessions: new Set(),
    changed: new Map(),
    relayed: [],
    asked: [],
    said,
    answer: async () => ({ kind: "unknown" }),
    isCutOff: false,
    onRead: async () => {},
    failures: 0,
  };
  opened.push({ node, readers });
  channel.start({
    sessionIds: () => node.sessions,
    onChanged: (devices) => {
      for (const [id, row] of devices) node.changed.set(id, row);
    },
    onRelayed: (relayed) => void node.relayed.push(relayed),
    onAsked: (question) => {
      node.asked.push(question);
      return node.answer(question);
    },
  });
  if (listensAt.prepare) await until(`node ${own}`, () => channel.isListening);
  return node;
}

/** Stops all channels that are open. */
export async function closeNodes(): Promise<void> {
  for (const { node, readers } of opened.splice(0)) {
    await node.channel.stop();
    readers.close();
  }
}

/** Sends a notification, as any program can. */
export async function notify(
  { address }: TestTable,
  ...notices: (readonly [channel: string, text: string])[]
) {
  const sql = (await postgresServer()).connect(address.database);
  try {
    for (const notice of notices) await sql.unsafe("SELECT pg_notify($1, $2)", [...notice]);
  } finally {
    await sql.close({ timeout: 0 });
  }
}

/** A device that is logged in at a node. */
export function placed(id: string, node: string, session = 1): PlacedRow {
  const times = { started: startOfTime, lastSeen: startOfTime, ended: null, reason: null };
  return { id, labels: noLabels, session, ...times, node, openCommands: "" };
}

/** How many connections of a name the server has. */
export async function connectionsOf(name: string): Promise<number> {
  const sql = (await postgresServer()).connect();
  try {
    const rows = await sql.unsafe("SELECT 1 FROM pg_stat_activity WHERE application_name = $1", [
      name,
    ]);
    return (rows as unknown[]).length;
  } finally {
    await sql.close({ timeout: 0 });
  }
}
