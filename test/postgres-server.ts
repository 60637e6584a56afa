// A PostgreSQL server for the tests, started by the first test of a run that wants one and stopped when the run ends: its
// own folder, port and user. Each test gets a database of its own. The benchmark starts one, too. Knows nothing of the store.

import { SQL } from "bun";
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./e2e/polling.ts";

/** A running server of PostgreSQL. */
export type PostgresServer = {
  readonly port: number;
  /** The number of its first process, whose children the others are; null while it does not run. */
  readonly pid: number | null;
  /** Where all its files are. */
  readonly folder: string;
  /** Makes an empty database, or a copy of one that nobody uses; returns its name. */
  newDatabase(copied?: string): Promise<string>;
  /** A connection as the superuser, to a database. */
  connect(database?: string): SQL;
  /** Ends it at once, as a crash would, and starts it again on the same folder and port. */
  restart(how: "fast" | "immediate"): Promise<void>;
  stop(how: "fast" | "immediate"): Promise<void>;
  start(): Promise<void>;
  /** What it has logged. */
  log(): string;
  /** Lets a role in only with its password, from the next connection on. */
  wantPasswordOf(role: string): Promise<void>;
  /** Makes it a standby without a primary, which only reads. It must not run. */
  makeStandby(): void;
  /** Starts a standby of it, which follows it. Who starts it stops it. */
  startReplica(): Promise<PostgresServer>;
  /** Makes commits wait until a standby has them, or not any more. A standby that has them already stays in step. */
  waitForReplica(waits: boolean): Promise<void>;
  /** Makes a standby a primary. */
  promote(): Promise<void>;
};

/** Whom the server runs as where the tests run as root, which it refuses: Debian's nobody. */
const nobody = 65_534;
/** Who owns all databases of the tests. */
export const superuser = "iot";

// Each test file has modules of its own, so the server of the run is kept beside them.
type Held = { server?: Promise<PostgresServer> };
const held = globalThis as typeof globalThis & { [held in "iotPostgres"]?: Held };

/** The server of this run. @throws if PostgreSQL is not installed: it is needed, and the words say what to install */
export function postgresServer(): Promise<PostgresServer> {
  const own = (held.iotPostgres ??= {});
  return (own.server ??= startNew());
}

/** Stops the server of this run, if there is one. */
export async function stopPostgres(): Promise<void> {
  const server = await held.iotPostgres?.server?.catch(() => undefined);
  await server?.stop("immediate");
}

/**
 * Starts a server that is not the one of the run. Who starts it stops it.
 * @param settings lines of postgresql.conf
 * @param under the folder in which it gets its own
 */
export async function startNew(
  settings: readonly string[] = [],
  under = tmpdir(),
): Promise<PostgresServer> {
  const folder = newFolder(under);
  const data = join(folder, "data");
  const initdb = ["-D", data, "-U", superuser, "--auth=trust", "-E", "UTF8", "--locale=C"];
  const made = Bun.spawnSync(asUser([postgresProgram("initdb"), ...initdb, "--no-sync"]), {
    cwd: folder,
  });
  if (made.exitCode !== 0) throw new Error(`initdb failed: ${made.stderr.toString()}`);
  const port = await freePort();
  return new Server(folder, data, port, settings).started();
}

class Server implements PostgresServer {
  #process: Bun.Subprocess | null = null;
  #databases = 0;

  constructor(
    readonly folder: string,
    private readonly data: string,
    readonly port: number,
    private readonly settings: readonly string[],
  ) {}

  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  async started(): Promise<this> {
    await this.start();
    return this;
  }

  async start(): Promise<void> {
    const given = [`port=${this.port}`, "listen_addresses=127.0.0.1", "max_connections=100"];
    const own = [`unix_socket_directories=${this.folder}`, "shared_buffers=64MB", ...this.settings];
    const options = [...given, ...own].flatMap((setting) => ["-c", setting]);
    const log = Bun.file(join(this.folder, "log"));
    const command = asUser([postgresProgram("postgres"), "-D", this.data, ...options]);
    this.#process = Bun.spawn(command, {
      cwd: this.folder,
      stdio: ["ignore", log, log],
    });
    await until("PostgreSQL", async () => {
      if (this.#process?.exitCode !== null) throw new Error(`PostgreSQL failed:\n${this.log()}`);
      return await this.#answers();
    });
  }

  async newDatabase(copied = "template0"): Promise<string> {
    const name = `test${++this.#databases}_${process.pid}`;
    await this.#tell(`CREATE DATABASE ${name} TEMPLATE ${copied}`);
    return name;
  }

  connect(database = "postgres"): SQL {
    const to = { hostname: "127.0.0.1", port: this.port, username: superuser, password: "" };
    return new SQL({ adapter: "postgres", ...to, database, max: 1, tls: false });
  }

  async restart(how: "fast" | "immediate"): Promise<void> {
    await this.stop(how);
    await this.start();
  }

  async stop(how: "fast" | "immediate"): Promise<void> {
    const running = this.#process;
    this.#process = null;
    if (running === null) return;
    // It has the process number of the program in front of it, which replaced itself.
    running.kill(how === "fast" ? "SIGINT" : "SIGQUIT");
    await running.exited;
    rmSync(join(this.data, "postmaster.pid"), { force: true });
  }

  log(): string {
    return readFileSync(join(this.folder, "log"), "utf8");
  }

  async wantPasswordOf(role: string): Promise<void> {
    const path = join(this.data, "pg_hba.conf");
    const rules = readFileSync(path, "utf8");
    writeFileSync(path, `host all ${role} 127.0.0.1/32 scram-sha-256\n${rules}`);
    await this.#tell("SELECT pg_reload_conf()");
  }

  makeStandby(): void {
    writeFileSync(join(this.data, "standby.signal"), "");
  }

  async startReplica(): Promise<PostgresServer> {
    const folder = newFolder();
    const data = join(folder, "data");
    const from = ["-h", "127.0.0.1", "-p", `${this.port}`, "-U", superuser, "-D", data];
    const how = ["--write-recovery-conf", "--checkpoint=fast", "--no-sync"];
    const copied = Bun.spawn(asUser([postgresProgram("pg_basebackup"), ...from, ...how]), {
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
    });
    if ((await copied.exited) !== 0) {
      throw new Error(`pg_basebackup failed: ${await new Response(copied.stderr).text()}`);
    }
    // Else it looks for its primary only every 5 s.
    const settings = [...this.settings, "wal_retrieve_retry_interval=200"];
    return new Server(folder, data, await freePort(), settings).started();
  }

  async waitForReplica(waits: boolean): Promise<void> {
    await this.#tell(`ALTER SYSTEM SET synchronous_standby_names = '${waits ? "*" : ""}'`);
    await this.#tell("SELECT pg_reload_conf()");
    if (!waits) return;
    const inStep = "SELECT FROM pg_stat_replication WHERE sync_state = 'sync'";
    await until("a standby in step", async () => (await this.#tell(inStep)).length > 0);
  }

  async promote(): Promise<void> {
    await this.#tell("SELECT pg_promote()");
  }

  async #tell(text: string): Promise<unknown[]> {
    const sql = this.connect();
    try {
      return (await sql.unsafe(text)) as unknown[];
    } finally {
      await sql.close({ timeout: 0 });
    }
  }

  async #answers(): Promise<boolean> {
    const sql = this.connect();
    try {
      await sql.unsafe("SELECT 1");
      return true;
    } catch {
      return false;
    } finally {
      await sql.close({ timeout: 0 });
    }
  }
}

function newFolder(under = tmpdir()): string {
  const folder = mkdtempSync(join(under, "postgres-"));
  ownForServer(folder);
  return folder;
}

/** Gives files to the user that the servers run as. */
export function ownForServer(...paths: string[]): void {
  if (process.getuid?.() !== 0) return;
  for (const path of paths) chownSync(path, nobody, nobody);
}

/** The command that runs a program as a user that PostgreSQL accepts. */
function asUser(command: string[]): string[] {
  if (process.getuid?.() !== 0) return command;
  return ["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups", ...command];
}

/**
 * The path of a program of PostgreSQL 15 or later. Debian does not put them on the PATH.
 * @throws if it is not installed: it is needed, and the words say what to install
 */
export function postgresProgram(name: string): string {
  const root = "/usr/lib/postgresql";
  const versions = readdirOf(root)
    .map(Number)
    .filter((version) => version >= 15);
  if (versions.length > 0) return join(root, `${Math.max(...versions)}`, "bin", name);
  const found = Bun.which(name);
  if (found !== null) return found;
  throw new Error("This needs PostgreSQL 15 or later. On Debian: apt-get install postgresql");
}

function readdirOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
