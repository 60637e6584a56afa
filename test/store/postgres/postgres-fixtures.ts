// Opens stores on databases of the tests' own PostgreSQL, and closes them after each test.

import type { OpenStore } from "../../../lib/server/store-care.ts";
import type { PostgresAddress } from "../../../lib/store/postgres/connection/address.ts";
import { type Around, openPostgres } from "../../../lib/store/postgres/open-postgres.ts";
import { type Host, Hosts } from "../../../lib/store/postgres/connection/hosts.ts";
import { postgresServer, superuser } from "../../postgres-server.ts";
import type { TestedStore } from "../contract/tested-store.ts";

const opened: OpenStore[] = [];

/** The address of a new database of this run's server. */
export async function newAddress(
  change: Partial<Omit<PostgresAddress, "hosts"> & Host> = {},
): Promise<PostgresAddress> {
  const server = await postgresServer();
  const database = await server.newDatabase();
  const { hostname = "127.0.0.1", port = server.port, ...rest } = change;
  return {
    hosts: new Hosts([{ hostname, port }]),
    username: superuser,
    database,
    password: null,
    tls: "disable",
    rootCert: null,
    prepare: true,
    ...rest,
  };
}

/** The same database through another port of this machine. */
export function withPort(address: PostgresAddress, port: number): PostgresAddress {
  return { ...address, hosts: new Hosts([{ hostname: "127.0.0.1", port }]) };
}

/** Opens a store; `closeStores` closes it. @param said gets what it says of trouble */
export async function openAt(
  address: PostgresAddress,
  said: string[] = [],
  traits = { fingerprint: "SHA256:one", sharedIp: false },
  node = "test",
  settings: Readonly<Record<string, string>> = {},
  around: Partial<Around> = {},
): Promise<OpenStore> {
  const opening = {
    onTrouble: (words: string) => void said.push(words),
    node: {
      name: node,
      address: "localhost:9000",
      version: "1",
      offlineAfterMs: 540_000,
      settings,
    },
    now: Date.now,
  };
  const store = await openPostgres(address, traits, opening, around);
  opened.push(store);
  return store;
}

/** Opens a store on a new database. */
export async function newStore(): Promise<TestedStore> {
  return newStoreAt(await newAddress());
}

/** Closes all stores that are open. */
export async function closeStores(): Promise<void> {
  for (const store of opened.splice(0)) await store.close();
}

/** Opens a store for the contract. */
export async function newStoreAt(address: PostgresAddress): Promise<TestedStore> {
  const store = await openAt(address);
  return Object.assign(store, {
    hasHoles: true,
    reopened: async () => {
      await store.close();
      return newStoreAt(address);
    },
  });
}
