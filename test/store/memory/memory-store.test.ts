// The store in memory keeps the contract of all stores.

import { describe, setDefaultTimeout } from "bun:test";
import { MemoryStore } from "../../../lib/store/memory/memory-store.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { storeContract } from "../contract/store-contract.ts";
import type { TestedStore } from "../contract/tested-store.ts";

setDefaultTimeout(testTimeoutMs);

/** It ends with its process: what is opened again is the same. */
function tested(store: MemoryStore): TestedStore {
  return Object.assign(store, { reopened: async () => tested(store) });
}

describe("in memory", () => {
  storeContract(async () => tested(new MemoryStore()));
});
