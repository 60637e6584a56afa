// The contract that every store keeps: rows, reports, reads, and agreement with plain Maps under random operations.

import { describe } from "bun:test";
import { alertsContract } from "./alerts-contract.ts";
import { batchesContract } from "./batches-contract.ts";
import { commandsContract } from "./commands-contract.ts";
import { doorContract } from "./door-contract.ts";
import { labelsContract } from "./labels-contract.ts";
import { modelContract } from "./model-contract.ts";
import { questionsContract } from "./questions-contract.ts";
import { readsContract } from "./reads-contract.ts";
import { reportsContract } from "./reports-contract.ts";
import { rowsContract } from "./rows-contract.ts";
import type { OpenNew } from "./tested-store.ts";

/** Defines the tests of the contract for a store. */
export function storeContract(openNew: OpenNew): void {
  describe("rows", () => rowsContract(openNew));
  describe("door", () => doorContract(openNew));
  describe("labels", () => labelsContract(openNew));
  describe("questions", () => questionsContract(openNew));
  describe("commands", () => commandsContract(openNew));
  describe("batches", () => batchesContract(openNew));
  describe("reports", () => reportsContract(openNew));
  describe("reads", () => readsContract(openNew));
  describe("alerts", () => alertsContract(openNew));
  describe("a model", () => modelContract(openNew));
}
