// The store on PostgreSQL keeps the contract of all stores.

import { afterEach, describe, setDefaultTimeout } from "bun:test";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { storeContract } from "../contract/store-contract.ts";
import { closeStores, newStore } from "./postgres-fixtures.ts";

setDefaultTimeout(testTimeoutMs);
afterEach(closeStores);

describe("on PostgreSQL", () => {
  storeContract(newStore);
});
