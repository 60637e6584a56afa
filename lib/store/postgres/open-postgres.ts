// Opens a database of PostgreSQL for one of its servers, and puts its parts together: connection, locks, schema, lease,
// store, reads, removal of old reports, the other nodes. Closes them in reverse.

import { randomBytes } from "node:crypto";
import { OperatingError } from "../../operating-error.ts";
import type { Opening, OpenStore } from "../../server/store-care.ts";
import { PostgresAlerts } from "./alerts/postgres-alerts.ts";
import { AskedDevices } from "./batch/asked-devices.ts";
import { blocksOf, nextBlock } from "./batch/blocks.ts";
import { type Blocks, ReportNumbers } from "./batch/numbers.ts";
import { type PostgresAddress, shownAddress } from "./connection/address.ts";
import { Connectors } from "./connection/connectors.ts";
import { Readers } from "./connection/readers.ts";
import { explainPostgres, standby, tooOld } from "./connection/refusals.ts";
import { Writer } from "./connection/writer.ts";
import { OwnBlocks } from "./batch/own-blocks.ts";
import { PostgresReportsOfOthers } from "./reports/reports-of-others.ts";
import { PostgresReads } from "./postgres-reads.ts";
import { readOpenCommands } from "./rows/command-lists.ts";
import { PostgresLane } from "./postgres-lane.ts";
import { ChunkSummaries } from "./reports/chunk-summaries.ts";
import { CarriedKeys } from "./reports/carried-keys.ts";
import { comesWithinMs, Horizon, oldestWriting } from "./reports/horizon.ts";
import { PostgresRemover } from "./reports/remover.ts";
import { begin, lock } from "./nodes/claim.ts";
import { differences } from "./nodes/differences.ts";
import { PostgresElsewhere } from "./nodes/elsewhere-reads.ts";
import { Lease } from "./nodes/lease.ts";
import { PostgresNodes } from "./nodes/postgres-nodes.ts";
import { assertCopied } from "./schema/copied.ts";
import { agree, type ServerTraits } from "./schema/identity.ts";
import { migrate } from "./schema/schema.ts";

const versionMin = 150_000;
/** How many batches are under way at the same time at most, each over a connection of its own. */
const lanes = 4;
/** How often the size of the database is asked for, in calls of `watch`, one a second. */
const sizeEvery = 10;

/** What the store has around it. */
export type Around = {
  /** The monotonic clock, ms. */
  readonly now: () => number;
};

/**
 * Opens a database.
 * @param traits what this server must have in common with those before
 * @throws OperatingError with a next step
 */
export async function openPostgres(
  address: PostgresAddress,
  traits: ServerTraits,
  opening: Pick<Opening, "onTrouble" | "node" | "now">,
  around: Partial<Around> = {},
): Promise<OpenStore> {
  // No other session has this name, so that only an own lost one is ended by it.
  const name = `iot-server ${randomBytes(6).toString("hex")}`;
  const shown = shownAddress(address);
  let writer: Writer | null = null;
  let readers: Readers | null = null;
  let signs: Readers | null = null;
  let alerting: Readers | null = null;
  try {
    writer = await Writer.open(address, name);
    // After it: it has found the server that leads.
    readers = new Readers(address, `${name} reads`);
    signs = new Readers(address, `${name} lives`, "lease");
    alerting = new Readers(address, `${name} alerts`, "alerts");
    await assertUsable(writer, shown);
    const { name: node, address: reached, version, settings } = opening.node;
    await lock(writer, node, address.prepare, shown);
    await migrate(writer, shown);
    await assertCopied(writer, shown);
    await agree(writer, traits, shown);
    const claim = await begin(writer, { node, address: reached, version, settings });
    const warnings = [
      ...(await warningsAbout(writer, shown)),
      ...(await differences(writer, claim, settings)),
    ];
    const found = { ...(await stateOf(writer, node)), warnings };
    const first = { writer, claim };
    const connectors = await Connectors.open(address, name, first, lanes, opening.onTrouble);
    const lease = new Lease(signs, claim);
    await lease.renew();
    const own = { now: () => performance.now(), ...around };
    const connections = { connectors, readers, signs, alerting };
    return assembled({ address, name, ...connections, lease, found, opening }, own);
  } catch (error) {
    readers?.close();
    signs?.close();
    alerting?.close();
    writer?.close();
    throw explainPostgres(error, address);
  }
}

type Found = {
  /** The first number of the next block. */
  readonly next: number;
  /** Whether no report comes any more with a number below `next`, from any node. */
  readonly isQuiet: boolean;
  readonly newest: number | null;
  readonly bytes: number;
  readonly asked: AskedDevices;
  readonly warnings: readonly OperatingError[];
  readonly carriedUntil: number | null;
};

type Parts = {
  readonly address: PostgresAddress;
  /** The name of this server's sessions. */
  readonly name: string;
  readonly connectors: Connectors;
  readonly readers: Readers;
  /** Those of the lease. */
  readonly signs: Readers;
  /** That of the alerts. */
  readonly alerting: Readers;
  readonly lease: Lease;
  readonly found: Found;
  readonly opening: Pick<Opening, "onTrouble" | "node" | "now">;
};

function assembled(
  { address, name, connectors, readers, signs, alerting, lease, found, opening }: Parts,
  { now }: Around,
): OpenStore {
  const own = new OwnBlocks((number) => horizon.note(number));
  const blocks = connectors.lanes.map((lane) => blocksOf(lane, (firsts) => own.note(firsts)));
  const numbers = new ReportNumbers(
    { ...(blocks[0] as Blocks), now },
    found.isQuiet ? found.next : null,
  );
  const horizon: Horizon = new Horizon(readers, numbers, found.isQuiet ? found.next : 0, now);
  const summaries = new ChunkSummaries(readers, horizon);
  const isAlone = () => lease.isAlone;
  const reads = new PostgresReads(readers, summaries, horizon, isAlone);
  const carried = new CarriedKeys(found.carriedUntil);
  const batches = connectors.lanes.map((connector, lane) => {
    const given = { begin: () => numbers.begin(blocks[lane]) };
    return new PostgresLane(connector, lease.fence, carried, found.asked, given, () =>
      lease.renew(),
    );
  });
  connectors.onBack = () => void lease.renew().catch(() => {});
  const follow = () => new PostgresReportsOfOthers({ readers, own, isAlone, now });
  const { onTrouble } = opening;
  const nodes = new PostgresNodes(
    { address, name, readers, lease, reads, connectors, now: opening.now, onTrouble },
    opening.node.offlineAfterMs,
  );
  let { bytes } = found;
  let watched = 0;
  const measure = async () => {
    const [row] = await readers.read<{ bytes: number }>(sizeQuery);
    bytes = row?.bytes ?? bytes;
  };
  return {
    reads,
    remover: new PostgresRemover(readers, summaries, found.newest, () => connectors.isOver),
    warnings: found.warnings,
    damage: null,
    lanes: batches.length,
    apply: (steps, lane = 0) => (batches[lane] as PostgresLane).apply(steps),
    housekeep: () => summaries.settle(),
    get loss() {
      return connectors.loss;
    },
    nodes,
    elsewhere: new PostgresElsewhere(readers, follow),
    alerts: new PostgresAlerts(alerting, lease.fence),
    openSessions: () => reads.openSessions(lease.fence.node),
    openCommands: () => readOpenCommands(readers),
    noteError: () => false,
    watch: () => {
      if (++watched % sizeEvery === 0) void measure().catch(() => {});
      nodes.watch();
    },
    size: () => ({ bytes, logBytes: 0, logGrows: null }),
    close: async () => {
      await nodes.close();
      lease.close();
      alerting.close();
      await connectors.close();
      signs.close();
      readers.close();
    },
  };
}

const sizeQuery = "SELECT pg_database_size(current_database())::float8 AS bytes";

/** What is in memory of the database while it is served. */
async function stateOf(writer: Writer, node: string): Promise<Omit<Found, "warnings">> {
  const [row] = await writer.query(
    `SELECT ${nextBlock}::float8 AS next, 
            (${oldestWriting}) IS NULL AND NOT EXISTS (SELECT FROM node
               WHERE node <> $1 AND seen > clock_timestamp() - interval '${comesWithinMs} ms') AS "isQuiet",
            (SELECT received FROM report ORDER BY sequence DESC LIMIT 1)::float8 AS newest,
            (SELECT carried_until FROM copied)::float8 AS "carriedUntil",
            (${sizeQuery}) AS bytes`,
    [node],
  );
  const asked = new AskedDevices();
  for (const question of await writer.query("SELECT device, time FROM question")) {
    asked.note(question["device"] as string, question["time"] as string);
  }
  return { ...(row as unknown as Omit<Found, "asked" | "warnings">), asked };
}

/** Whether a standby follows for which no commit waits. */
const hasLateStandby = `EXISTS (SELECT FROM pg_stat_replication) AND current_setting('synchronous_standby_names') = ''`;
const syncStep =
  "ALTER SYSTEM SET synchronous_standby_names = '*'; SELECT pg_reload_conf(); Then every ACK is on both disks.";

/** What would let a loss of power, or of the machine, lose what was acknowledged. */
async function warningsAbout(writer: Writer, shown: string): Promise<OperatingError[]> {
  const rows = await writer.query(
    `SELECT name FROM pg_settings
     WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off' ORDER BY name`,
  );
  const lax = rows.map(({ name }) => {
    const words = `${shown} has ${String(name)} off: a loss of power can lose acknowledged reports.`;
    return new OperatingError("store-lax", words, `ALTER SYSTEM SET ${String(name)} = on;`);
  });
  const [row] = await writer.query(`SELECT ${hasLateStandby} AS it`);
  if (row?.["it"] !== true) return lax;
  const words = `${shown} has a standby that may be behind: what was acknowledged last is lost if that one takes over.`;
  return [...lax, new OperatingError("store-late-standby", words, syncStep)];
}

/** Refuses a server that is too old or read-only. @throws OperatingError `store-too-old`, `store-read-only` */
export async function assertUsable(writer: Writer, shown: string): Promise<void> {
  const [row] = await writer.query(
    `SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version,
            pg_is_in_recovery() AS "isStandby"`,
  );
  if ((row?.["number"] as number) < versionMin) throw tooOld(shown, String(row?.["version"]));
  if (row?.["isStandby"] === true) throw new OperatingError(...standby(shown));
}
