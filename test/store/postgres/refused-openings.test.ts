// Databases of PostgreSQL that cannot be opened: each refusal says what is wrong and what to do, and no password.

import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OperatingError } from "../../../lib/operating-error.ts";
import type { PostgresAddress } from "../../../lib/store/postgres/connection/address.ts";
import { type Host, Hosts } from "../../../lib/store/postgres/connection/hosts.ts";
import { PostgresPlace } from "../../../lib/store/postgres/postgres-place.ts";
import { explainPostgres, tooOld } from "../../../lib/store/postgres/connection/refusals.ts";
import { testTimeoutMs, until } from "../../e2e/polling.ts";
import { ownForServer, postgresServer, startNew } from "../../postgres-server.ts";
import { closeStores, newAddress, openAt } from "./postgres-fixtures.ts";

setDefaultTimeout(testTimeoutMs);
afterEach(closeStores);

/** How an opening is refused. */
async function refusalOf(
  address: PostgresAddress,
  traits?: { fingerprint: string; sharedIp: boolean },
): Promise<OperatingError> {
  const error = await openAt(address, [], traits).then(
    () => new Error("it was opened"),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof OperatingError)) throw error;
  expect(error.message).toEndWith(".");
  expect(error.nextStep).not.toBe("");
  expect(`${error.message} ${error.nextStep}`).not.toContain("secret");
  return error;
}

/** Runs statements as the superuser. */
async function sudo(database: string, ...statements: string[]): Promise<void> {
  const sql = (await postgresServer()).connect(database);
  for (const statement of statements) await sql.unsafe(statement);
  await sql.close({ timeout: 0 });
}

const traits = { fingerprint: "SHA256:one", sharedIp: false };
let roles = 0;

/** A role that may log in and nothing else. */
async function newRole(password = "secret"): Promise<string> {
  const role = `role${++roles}`;
  await sudo("postgres", `CREATE ROLE ${role} LOGIN PASSWORD '${password}'`);
  return role;
}

test("nobody listens", async () => {
  const refusal = await refusalOf(await newAddress({ port: 1 }));
  expect(refusal).toMatchObject({ code: "store-away", exit: 1 });
});

test("a host that does not exist", async () => {
  const refusal = await refusalOf(await newAddress({ hostname: "no-such-host.invalid" }));
  expect(refusal).toMatchObject({ code: "store-away" });
});

test("no such database, no such role", async () => {
  const missing = await refusalOf({ ...(await newAddress()), database: "nobodys" });
  expect(missing).toMatchObject({ code: "store-missing" });
  expect(missing.nextStep).toContain("createdb");
  const stranger = await refusalOf(await newAddress({ username: "stranger" }));
  expect(stranger).toMatchObject({ code: "store-refused" });
});

test("a wrong password, and none", async () => {
  const server = await postgresServer();
  const username = await newRole("right");
  await server.wantPasswordOf(username);
  const address = await newAddress({ username, password: "secret" });
  await sudo(address.database, `GRANT ALL ON SCHEMA public TO ${username}`);
  expect(await refusalOf(address)).toMatchObject({ code: "store-refused" });
  const none = await refusalOf({ ...address, password: null });
  expect(none).toMatchObject({ code: "store-refused" });
  expect(none.message).toEndWith(" and none was given.");
  await openAt({ ...address, password: "right" });
});

test("too few rights", async () => {
  const username = await newRole();
  const refusal = await refusalOf(await newAddress({ username }));
  expect(refusal).toMatchObject({ code: "store-forbidden" });
  expect(refusal.nextStep).toContain(`OWNER TO ${username}`);
});

test("too many connections", async () => {
  const username = await newRole();
  const address = await newAddress({ username });
  await sudo(
    address.database,
    `GRANT ALL ON SCHEMA public TO ${username}`,
    `ALTER ROLE ${username} CONNECTION LIMIT 0`,
  );
  expect(await refusalOf(address)).toMatchObject({ code: "store-busy" });
});

test("a newer schema, a database of something else", async () => {
  const address = await newAddress();
  await openAt(address);
  await closeStores();
  await sudo(address.database, "UPDATE schema_version SET version = 999");
  expect((await refusalOf(address)).message).toContain("schema 999");
  const foreign = await newAddress();
  await sudo(foreign.database, "CREATE TABLE device (n int)");
  expect(await refusalOf(foreign)).toMatchObject({ code: "foreign-database" });
});

test("another key, and another --shared-ip, until the operator changes it", async () => {
  const address = await newAddress();
  await openAt(address, [], traits);
  await closeStores();
  const other = await refusalOf(address, { ...traits, fingerprint: "SHA256:other" });
  expect(other).toMatchObject({ code: "other-identity" });
  expect(other.message).toContain("SHA256:one");
  const shared = await refusalOf(address, { ...traits, sharedIp: true });
  expect(shared).toMatchObject({ code: "other-shared-ip" });
  const [statement = ""] = /UPDATE .*;/.exec(shared.nextStep) ?? [];
  await sudo(address.database, statement);
  await openAt(address, [], { ...traits, sharedIp: true });
});

test("a standby, which only reads", async () => {
  const server = await startNew();
  const database = await server.newDatabase();
  await server.stop("fast");
  server.makeStandby();
  await server.start();
  const refusal = await refusalOf({ ...(await newAddress({ port: server.port })), database });
  expect(refusal).toMatchObject({ code: "store-read-only" });
  expect(refusal.nextStep).toContain("pg_promote");
  await server.stop("immediate");
});

test("of several servers the one that leads is used, and the next one when it is gone", async () => {
  const servers = [await startNew(), await startNew()] as const;
  const [follower, leader] = servers;
  const database = await leader.newDatabase();
  await follower.stop("fast");
  follower.makeStandby();
  await follower.start();
  const hosts = servers.map(({ port }) => ({ hostname: "127.0.0.1", port }));
  const address = { ...(await newAddress()), database, hosts: new Hosts(hosts) };
  const said: string[] = [];
  const store = await openAt(address, said);
  const look = () =>
    store.apply([{ kind: "rule", keys: {}, decide: () => ({ outcome: 1, writes: [] }) }]);
  expect(await look()).toMatchObject([{ outcome: 1 }]);
  expect(address.hosts.current.port).toBe(leader.port);
  // A command reads from the next one if one is away.
  const away = { hostname: "127.0.0.1", port: 1 };
  const named = new Hosts([away, hosts[1] as Host]);
  expect(await new PostgresPlace("x", { ...address, hosts: named }, 0).isRegistered("a")).toBe(
    false,
  );
  await leader.restart("immediate");
  await until("the store", async () => {
    try {
      return await look();
    } catch {
      return false;
    }
  });
  await closeStores();
  for (const server of servers) await server.stop("immediate");
});

test("a certificate is checked as sslmode says", async () => {
  const folder = mkdtempSync(join(tmpdir(), "certificate-"));
  const [certificate, key] = ["server.crt", "server.key"].map((name) => join(folder, name));
  const made = ["req", "-x509", "-nodes", "-subj", "/CN=localhost", "-addext"];
  const name = ["subjectAltName=DNS:localhost", "-out", `${certificate}`, "-keyout", `${key}`];
  expect(Bun.spawnSync(["openssl", ...made, ...name]).exitCode).toBe(0);
  ownForServer(folder, certificate as string, key as string);
  const ssl = ["ssl=on", `ssl_cert_file=${certificate}`, `ssl_key_file=${key}`];
  const server = await startNew(ssl);
  const address = {
    ...(await newAddress({ port: server.port })),
    database: await server.newDatabase(),
  };
  const rootCert = certificate as string;
  expect(await refusalOf({ ...address, tls: "verify-full" })).toMatchObject({
    code: "store-insecure",
  });
  const named = await refusalOf({ ...address, tls: "verify-full", rootCert });
  expect(named).toMatchObject({ code: "store-insecure" });
  for (const change of [
    { tls: "require" },
    { tls: "verify-ca", rootCert },
    {
      tls: "verify-full",
      rootCert,
      hosts: new Hosts([{ hostname: "localhost", port: server.port }]),
    },
  ] as const) {
    await openAt({ ...address, ...change });
    await closeStores();
  }
  await server.stop("immediate");
  expect(await refusalOf({ ...(await newAddress()), tls: "require" })).toMatchObject({
    code: "store-insecure",
  });
});

test("settings that can lose what was acknowledged are warned of", async () => {
  const server = await startNew(["fsync=off", "full_page_writes=off"]);
  const address = await newAddress({ port: server.port });
  const store = await openAt({ ...address, database: await server.newDatabase() });
  const words = store.warnings.map(({ message }) => message);
  expect(words).toHaveLength(2);
  expect(words[0]).toContain("fsync off");
  await closeStores();
  await server.stop("immediate");
});

test("a server that restarts is there again for a store that is open", async () => {
  const server = await startNew();
  const address = {
    ...(await newAddress({ port: server.port })),
    database: await server.newDatabase(),
  };
  const said: string[] = [];
  const store = await openAt(address, said);
  await server.restart("immediate");
  await until("the store", async () => {
    try {
      return await store.apply([
        { kind: "rule", keys: {}, decide: () => ({ outcome: true, writes: [] }) },
      ]);
    } catch {
      return false;
    }
  });
  // When the connections of all lanes are back.
  await until("words", () => said.at(-1)?.includes("there again"));
  expect(said.filter((words) => words.includes("is away"))).toHaveLength(1);
  await closeStores();
  await server.stop("immediate");
});

describe("in words", () => {
  const address: PostgresAddress = {
    hosts: new Hosts([{ hostname: "db.example.org", port: 5432 }]),
    username: "iot",
    database: "iot",
    password: "secret",
    tls: "verify-full",
    rootCert: null,
    prepare: true,
  };
  const failure = (errno: string | undefined, message: string, code?: string) =>
    Object.assign(new Error(message), { errno, code });

  test.each([
    ["a full disk", failure("53100", "could not extend file"), "store-full"],
    ["one that starts", failure("57P03", "the database system is starting up"), "store-away"],
    ["one that ends", failure("57P01", "terminating connection"), "store-away"],
    ["one that is slow", failure("57014", "canceling statement"), "store-busy"],
    ["a certificate", failure(undefined, "certificate", "ERR_POSTGRES_TLS_X"), "store-insecure"],
    ["anything else", failure("XX000", "internal"), "store-failed"],
  ])("%s", (_, error, code) => {
    const words = explainPostgres(error, address) as OperatingError;
    expect(words).toMatchObject({ code });
    expect(`${words.message} ${words.nextStep}`).not.toContain("secret");
  });

  test("one that is too old; and what is no error of PostgreSQL stays as it is", () => {
    expect(tooOld("postgres://x", "14.9").message).toContain("14.9");
    const broken = new TypeError("broken");
    expect(explainPostgres(broken, address)).toBe(broken);
  });
});
