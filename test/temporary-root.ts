// Preloaded before every test: redirects the system's temporary folder to a folder of this run, which is removed with
// everything in it when the run ends.

import { afterAll } from "bun:test";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testTimeoutMs } from "./e2e/polling.ts";

const root = mkdtempSync(join(tmpdir(), "iot-tests-"));
// Same mode as the system's folder, because some tests switch to another user.
chmodSync(root, 0o1777);
process.env["TMPDIR"] = root;

// Databases of PostgreSQL are many files: a loaded machine takes its time.
afterAll(() => rmSync(root, { recursive: true, force: true }), testTimeoutMs);
