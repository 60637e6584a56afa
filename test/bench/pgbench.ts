// The bare report statement as a contender: pgbench sends the server's own text over and over, as large batches as the
// server makes. So its rate is what PostgreSQL gives to a client that does nothing else. Compares nothing.

import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { begin, type Fence } from "../../lib/store/postgres/nodes/claim.ts";
import type { Statement } from "../../lib/store/postgres/connection/writer.ts";
import { insertNew, type NewReport } from "../../lib/store/postgres/reports/report-insert.ts";
import { superuser } from "../postgres-server.ts";
import { adopt, BenchError } from "./children.ts";
import { type LoadResult, sessions } from "./load.ts";
import { onCore } from "./machine.ts";
import { type BenchPostgres, programOf } from "./postgres.ts";
import { median } from "./spread.ts";
import type { Contender } from "./turns.ts";

/** The most scripts with devices of their own. */
const scriptsMax = 8;
/** More statements than one client sends in a load, and more clients than there are. */
const statementsMax = 2 ** 20;
const clientsMax = 64;

let loads = 0;

/** What is sent. */
export type PgbenchLoad = {
  readonly clients: number;
  /** How many reports a statement has; asked for at the first load. */
  readonly batch: () => number;
  /** The message of a report; as long as those that the server gets. */
  readonly message: string;
  /** The first of the seeded devices, which report. */
  readonly devices?: number;
};

/** What the statements of a database need: who may write, and the open sessions. */
type Seeded = {
  readonly fence: Fence;
  readonly rows: readonly { readonly device: string; readonly session: number }[];
};

/**
 * Makes the contender.
 *
 * Why it is fair: text, tables and indexes are the server's, and each statement brings the same parameters in the same form
 * and length, one text for each array. It is prepared (`-M prepared`), so no literal is parsed; after five of them
 * PostgreSQL has a generic plan for it, as for the server's. Devices, open sessions, times, codes and messages are made
 * before. Numbers and keys have to be new each time, and pgbench cannot make texts: their texts have a mark in each element,
 * in whose place PostgreSQL itself puts the statement's number and the time. Measured with 200 reports: to do that and
 * parse the arrays takes as long as to parse them alone (1.2 µs a report), while arrays made by SQL take half as long again. A key is
 * the time, then digits that look random, then the statement's number: they are spread over the index as the server's.
 * Each client has a connection of its own, and reports that no other one sends.
 * @param folder where scripts and logs go
 */
export async function pgbench(
  name: string,
  postgres: BenchPostgres,
  database: string,
  folder: string,
  { clients, batch, message, devices = sessions }: PgbenchLoad,
): Promise<Contender> {
  const seeded = await seededIn(postgres, database, devices);
  let scripts: Scripts | null = null;
  return {
    name,
    pid: null,
    async load(seconds) {
      scripts ??= scriptsOf(seeded, batch(), message);
      const to = `-h 127.0.0.1 -p ${postgres.port} -U ${superuser}`.split(" ");
      const how = `-n -M prepared -c ${clients} -T ${Math.ceil(seconds)} -D load=${loads++} -D n=0`;
      const words = [
        ...to,
        ...how.split(" "),
        "-l",
        `--log-prefix=${join(folder, "log")}`,
        ...scripts.variables.flatMap((variable) => ["-D", variable]),
        ...scripts.texts.flatMap((text, i) => {
          const path = join(folder, `script-${i}`);
          writeFileSync(path, text);
          return ["-f", path];
        }),
      ];
      const command = onCore("server", [programOf("pgbench"), ...words, database]);
      const child = adopt(Bun.spawn(command, { stdio: ["ignore", "pipe", "pipe"] }));
      const [said, faults] = await Promise.all([child.stdout, child.stderr].map(textOf));
      if ((await child.exited) !== 0) throw new BenchError(`pgbench failed: ${faults}`);
      return resultOf(said as string, latenciesIn(folder), scripts.size);
    },
  };
}

/** As whom pgbench may write. */
const pgbenchNode = { node: "pgbench", address: "", version: "", settings: {} };

async function seededIn(
  postgres: BenchPostgres,
  database: string,
  devices: number,
): Promise<Seeded> {
  const writer = await postgres.open(database);
  const fence = await begin(writer, pgbenchNode, true);
  // Only the node that heard a session last stores its reports.
  await writer.query("UPDATE session SET node = $1 WHERE ended IS NULL", [fence.node]);
  const rows = await writer.query(
    `SELECT device, session::float8 AS session FROM session WHERE ended IS NULL ORDER BY device LIMIT $1::int`,
    [devices],
  );
  writer.close();
  return { fence, rows: rows as unknown as Seeded["rows"] };
}

type Scripts = {
  readonly size: number;
  readonly texts: readonly string[];
  readonly variables: readonly string[];
};

/** The scripts of a batch size: together they have all devices, or as many as some scripts have. */
function scriptsOf({ fence, rows }: Seeded, size: number, message: string): Scripts {
  const count = Math.min(scriptsMax, Math.ceil(rows.length / size));
  const names = new Map<string, string>();
  const texts = Array.from({ length: count }, (_, script) => {
    const own = Array.from({ length: size }, (_each, i) => rows[(script * size + i) % rows.length]);
    const reports = markedReports(own as Seeded["rows"], message);
    return scriptOf(insertNew(reports, fence), (value) => {
      if (!names.has(value)) names.set(value, `p${names.size}`);
      return names.get(value) as string;
    });
  });
  return { size, texts, variables: [...names].map(([value, name]) => `${name}=${value}`) };
}

/** What stands in numbers and keys for what is new in each statement. */
const marks = { number: "9090909", keyTime: "f".repeat(12), keyNumber: "e".repeat(10) };

/** A report of now of each of these devices, with the marks in numbers and keys. */
export function markedReports(rows: Seeded["rows"], message: string): NewReport[] {
  const at = Date.now();
  const time = new Date(at).toISOString().slice(0, 19).replace("T", ":");
  return rows.map(({ device, session }, i) => {
    const bytes = crypto.getRandomValues(new Uint8Array(5));
    // It ends in no `e`, with which the mark behind it would begin.
    bytes[4] = (bytes[4] as number) & 0xf7;
    const random = Buffer.from(bytes).toString("hex");
    return {
      report: { device, time, received: at, at, code: "01", message },
      session,
      sequence: Number(`${marks.number}${String(i).padStart(5, "0")}`),
      key: `${marks.keyTime}${random}${marks.keyNumber}`,
    };
  });
}

/**
 * The script of a statement: the text of the server with variables of pgbench in place of the parameters.
 * @param nameOf makes a variable of a value
 */
export function scriptOf(
  [text, values = []]: Statement,
  nameOf: (value: string) => string,
): string {
  const found = { numbers: false, keys: false };
  const statement = text.replaceAll(/\$(\d+)/g, (_, place: string) => {
    const value = String(values[Number(place) - 1]);
    if (value.includes(marks.number)) {
      found.numbers = true;
      return `replace(:${nameOf(value.replaceAll(marks.number, "n"))}, 'n', :number::text)`;
    }
    if (!value.includes(marks.keyTime)) return `:${nameOf(value)}`;
    found.keys = true;
    const marked = value.replaceAll(marks.keyTime, "t").replaceAll(marks.keyNumber, "n");
    return `replace(replace(:${nameOf(marked)}, 'n', ${hex(":number::bigint", 10)}), 't', ${hex(seconds, 12)})`;
  });
  if (!found.numbers || !found.keys) throw new BenchError(`No numbers or no keys are in:\n${text}`);
  const number = `(:load * ${clientsMax} + :client_id) * ${statementsMax} + :n`;
  return ["\\set n :n + 1", `\\set number ${number}`, `${statement};`, ""].join("\n");
}

/** The time that a device states, in ms: it knows seconds. */
const seconds = "extract(epoch FROM date_trunc('second', clock_timestamp()))::bigint * 1000";

/** SQL for the hex digits of a number. */
function hex(number: string, digits: number): string {
  return `lpad(to_hex(${number}), ${digits}, '0')`;
}

/** How long each statement took, ascending, µs. Removes the logs. */
function latenciesIn(folder: string): number[] {
  const logs = readdirSync(folder).filter((name) => name.startsWith("log."));
  const lines = logs.flatMap((name) => {
    const path = join(folder, name);
    const text = readFileSync(path, "utf8");
    rmSync(path);
    return text.split("\n").filter((line) => line !== "");
  });
  return lines.map((line) => Number(line.split(" ")[2])).toSorted((a, b) => a - b);
}

function resultOf(said: string, latencies: readonly number[], size: number): LoadResult {
  const numberAfter = (words: RegExp) => Number(words.exec(said)?.[1]);
  const rate = numberAfter(/tps = ([\d.]+)/) * size;
  const received = numberAfter(/transactions actually processed: (\d+)/) * size;
  if (!(rate > 0) || !(received > 0)) throw new BenchError(`pgbench says nothing:\n${said}`);
  const quantile = (q: number) => latencies[Math.floor((latencies.length - 1) * q)] as number;
  const counts = { sent: received, received, lost: 0, late: 0, strange: 0, echoes: 0 };
  const times = { p50: median(latencies), p99: quantile(0.99), p999: quantile(0.999) };
  return { ...counts, rate, ...times, codes: {}, samples: [] };
}

function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  return new Response(stream).text();
}
