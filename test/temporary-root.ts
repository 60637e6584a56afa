// Loaded before every test: whatever tests make in the system's folder for temporary files goes into one of the run's
// own, which is gone with it.

import { afterAll } from "bun:test";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = mkdtempSync(join(tmpdir(), "iot-tests-"));
// As open as the folder it lies in: some tests become another user.
chmodSync(root, 0o1777);
process.env["TMPDIR"] = root;

afterAll(() => rmSync(root, { recursive: true, force: true }));
