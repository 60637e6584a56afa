// Preloaded before every test: stops the PostgreSQL server of this run, if a test has started one, when the run ends.

import { afterAll } from "bun:test";
import { testTimeoutMs } from "./e2e/polling.ts";
import { stopPostgres } from "./postgres-server.ts";

afterAll(stopPostgres, testTimeoutMs);
