// The command lines of the server's commands: what each is read as.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { ServerConfig } from "../../lib/config/server.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { day, hour, now, read } from "./read-server.ts";

setDefaultTimeout(testTimeoutMs);

describe("the other commands", () => {
  const db = "iot_server.db";
  const cases: readonly (readonly [line: string, config: object])[] = [
    [
      "query dev-1",
      { command: "query", db, id: "dev-1", code: "01", target: "dev-1", json: false },
    ],
    ["query a 03", { command: "query", db, id: "a", code: "03", target: "a", json: false }],
    ["query a b --json", { command: "query", db, id: "a", code: "01", target: "b", json: true }],
    ["devices", { command: "devices", db, json: false, select: null }],
    ["devices --json --db x.db", { command: "devices", db: "x.db", json: true, select: null }],
    ["devices a", { command: "device", db, id: "a", json: false }],
    ["deregister a", { command: "deregister", db, id: "a", sharedIp: false }],
    ["password a --shared-ip", { command: "password", db, id: "a", sharedIp: true }],
    ["status --json", { command: "status", db, port: null, json: true }],
    ["health 9001 --wait 2s", { command: "health", db, port: 9001, waitMs: 2_000, json: false }],
    ["devices allow-text a", { command: "allow-text", db, id: "a" }],
    ["open", { command: "open", db }],
    ["fingerprint", { command: "fingerprint", db }],
    ["check --db x.db", { command: "check", db: "x.db" }],
    ["backup copy.db", { command: "backup", db, file: "copy.db" }],
    ["restore copy.db", { command: "restore", db, file: "copy.db" }],
    ["import d.csv", { command: "import", db, file: "d.csv", sharedIp: false, dryRun: false }],
    [
      "import d.csv --shared-ip",
      { command: "import", db, file: "d.csv", sharedIp: true, dryRun: false },
    ],
    [
      "import d.csv --dry-run",
      { command: "import", db, file: "d.csv", sharedIp: false, dryRun: true },
    ],
    ["export", { command: "export", db, what: "devices", format: "csv" }],
    ["export devices", { command: "export", db, what: "devices", format: "csv" }],
    [
      "export reports --format ndjson",
      { command: "export", db, what: "reports", format: "ndjson" },
    ],
    ["reports a", { command: "reports", db, id: "a", last: 20, since: 0, json: false }],
    ["reports a --last 5", { command: "reports", db, id: "a", last: 5, since: 0, json: false }],
    [
      "reports a --since 2h --json",
      {
        command: "reports",
        db,
        id: "a",
        last: Number.MAX_SAFE_INTEGER,
        since: now - 2 * hour,
        json: true,
      },
    ],
    [
      "reports a --since 2h --last 7",
      { command: "reports", db, id: "a", last: 7, since: now - 2 * hour, json: false },
    ],
  ];
  for (const [line, config] of cases) {
    test(line, () => expect(read(line)).toEqual(config as ServerConfig));
  }

  test("IOT_DB holds for them too, and IOT_SHARED_IP for import", () => {
    expect(read("backup x", { IOT_DB: "v.db" })).toMatchObject({ db: "v.db" });
    expect(read("backup x --db f.db", { IOT_DB: "v.db" })).toMatchObject({ db: "f.db" });
    expect(read("import x", { IOT_SHARED_IP: "1" })).toMatchObject({ sharedIp: true });
    // A variable that a command does not use cannot stop it.
    expect(read("backup x", { IOT_SHARED_IP: "perhaps" })).toMatchObject({ file: "x" });
  });

  test.each([
    ["2026-11-22", Date.UTC(2026, 10, 22)],
    ["2026-11-22T09:00", Date.UTC(2026, 10, 22, 9)],
    ["2026-11-22T09:00:01Z", Date.UTC(2026, 10, 22, 9, 0, 1)],
    ["2026-11-22T09:00+01:00", Date.UTC(2026, 10, 22, 8)],
    ["90s", now - 90_000],
    ["500ms", now - 500],
    ["1d", now - day],
  ])("--since %s", (text, since) => {
    expect(read(`reports a --since ${text}`)).toMatchObject({ since });
  });
});
