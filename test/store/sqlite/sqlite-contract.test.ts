// The store on SQLite keeps the contract of all stores.

import type { Database } from "bun:sqlite";
import { describe, setDefaultTimeout } from "bun:test";
import { OperatorReader } from "../../../lib/store/sqlite/operator-reader.ts";
import { AlertRows } from "../../../lib/store/sqlite/rows/alert-rows.ts";
import { SqliteAlerts } from "../../../lib/store/sqlite/sqlite-alerts.ts";
import { SqliteStore } from "../../../lib/store/sqlite/sqlite-store.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { storeContract } from "../contract/store-contract.ts";
import type { TestedStore } from "../contract/tested-store.ts";
import { newDatabase } from "./store-fixtures.ts";

setDefaultTimeout(testTimeoutMs);

function tested(database: Database): TestedStore {
  // Few keys in memory, so that repeats are also found in the rows.
  const store = new SqliteStore(database, { recentReportsMax: 32 });
  const reads = new OperatorReader(database, store);
  const alerts = new SqliteAlerts(database, store, new AlertRows(database));
  return Object.assign(store, { reads, alerts, reopened: async () => tested(database) });
}

describe("on SQLite", () => {
  storeContract(async () => tested(newDatabase()));
});
