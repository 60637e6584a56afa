// The server's command line and environment: the configuration each flag and variable gives, and what is refused.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readServerConfig, type ServerConfig } from "../../lib/config/server.ts";
import { flags } from "../../lib/config/server-flags.ts";
import type { OperatingError } from "../../lib/operating-error.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { day, hour, read, refusal } from "./read-server.ts";

setDefaultTimeout(testTimeoutMs);

const served = {
  command: "serve",
  port: 9000,
  host: "::",
  db: "iot_server.db",
  logDir: "log",
  logTo: "files",
  logFormat: "text",
  logLevel: "info",
  sharedIp: false,
  requireEncryption: false,
  join: "open",
  node: null,
  pskFile: null,
  keyPolicy: "replace",
  offlineAfterMs: 9 * 60_000,
  retainMs: null,
  http: { host: "127.0.0.1", port: null },
  httpNames: [],
  trustedProxies: [],
  httpPublicRead: false,
  mqtt: null,
} as const;

test("a port alone gives the defaults, and the configuration is frozen", () => {
  const config = read("9000");
  expect(config).toEqual(served);
  expect(Object.isFrozen(config)).toBe(true);
});

describe("each flag of the server, and its variable", () => {
  const cases: readonly (readonly [flag: string, value: string, what: object])[] = [
    ["host", "127.0.0.1", { host: "127.0.0.1" }],
    ["host", "::1", { host: "::1" }],
    ["db", "other.db", { db: "other.db" }],
    ["log-dir", "records", { logDir: "records" }],
    ["log-to", "stdout", { logTo: "stdout" }],
    ["log-to", "both", { logTo: "both" }],
    ["log-format", "json", { logFormat: "json" }],
    ["log-level", "debug", { logLevel: "debug" }],
    ["log-level", "error", { logLevel: "error" }],
    ["offline-after", "90s", { offlineAfterMs: 90_000 }],
    ["offline-after", "1h", { offlineAfterMs: hour }],
    ["offline-after", "365d", { offlineAfterMs: 365 * day }],
    ["retain", "90d", { retainMs: 90 * day }],
    ["retain", "1h", { retainMs: 3_600_000 }],
    ["psk-file", "secret", { pskFile: "secret", requireEncryption: true }],
    ["join", "closed", { join: "closed" }],
    ["join", "open", { join: "open" }],
    ["join", "approve", { join: "approve" }],
    ["key-policy", "strict", { keyPolicy: "strict" }],
    ["key-policy", "replace", { keyPolicy: "replace" }],
    ["http", "0.0.0.0:80", { http: { host: "0.0.0.0", port: 80 } }],
    ["http-name", "Dash.example.org", { httpNames: ["dash.example.org"] }],
    ["http-name", "a.example,b.example", { httpNames: ["a.example", "b.example"] }],
    ["trusted-proxy", "192.0.2.7", { trustedProxies: ["192.0.2.7"] }],
    ["trusted-proxy", "2001:DB8:0::7", { trustedProxies: ["2001:db8::7"] }],
    ["http", "[::1]:0", { http: { host: "::1", port: 0 } }],
    ["http", "my-host.example:65535", { http: { host: "my-host.example", port: 65_535 } }],
  ];
  for (const [flag, value, what] of cases) {
    test(`--${flag} ${value}`, () => {
      const { env } = flags[flag as keyof typeof flags];
      const name = `IOT_${flag.toUpperCase().replaceAll("-", "_")}`;
      expect<string | null>(env).toBe(name);
      const expected = { ...served, ...what } as ServerConfig;
      expect(read(`9000 --${flag} ${value}`)).toEqual(expected);
      expect(read(`--${flag}=${value} 9000`)).toEqual(expected);
      expect(read("9000", { [name]: value })).toEqual(expected);
      // The flag wins, even over an invalid variable. An empty variable counts as not set.
      expect(read(`9000 --${flag} ${value}`, { [name]: "\0" })).toEqual(expected);
      expect(read("9000", { [name]: "" })).toEqual(served);
    });
  }

  const switches: readonly (readonly [flag: string, on: object])[] = [
    ["shared-ip", { sharedIp: true }],
    ["require-encryption", { requireEncryption: true }],
    ["no-http", { http: null }],
    ["http-public-read", { httpPublicRead: true }],
  ];
  for (const [flag, on] of switches) {
    test(`--${flag}`, () => {
      const name = `IOT_${flag.toUpperCase().replaceAll("-", "_")}`;
      const expected = { ...served, ...on } as ServerConfig;
      expect(read(`9000 --${flag}`)).toEqual(expected);
      for (const yes of ["1", "true", "YES", "on"]) {
        expect(read("9000", { [name]: yes })).toEqual(expected);
      }
      for (const no of ["0", "false", "No", "off", ""]) {
        expect(read("9000", { [name]: no })).toEqual(served);
      }
      expect(refusal(["9000"], { [name]: "perhaps" })).toContain(`${name} is "perhaps"`);
    });
  }

  test("the tables above cover every flag", () => {
    // Those of a store on a network go together: see store-source.test.ts and broker-source.test.ts; the file has settings-file.test.ts.
    const together = [
      "config",
      "store",
      "store-password-file",
      "store-wait",
      "data",
      "node",
      "mqtt",
      "mqtt-password-file",
    ];
    const tried = new Set([...[...cases, ...switches].map(([flag]) => flag), ...together]);
    const own = Object.entries(flags).filter(([, { commands }]) =>
      (commands as readonly string[]).includes("serve"),
    );
    expect(own.map(([name]) => name).filter((name) => !tried.has(name))).toEqual([]);
  });
});

test("help and version take precedence, and each command has its own help", () => {
  expect(read("--help")).toEqual({ command: "help", of: "serve" });
  expect(read("9000 -h --no-such")).toEqual({ command: "help", of: "serve" });
  expect(read("backup --help")).toEqual({ command: "help", of: "backup" });
  expect(read("--version")).toEqual({ command: "version" });
});

test("a verb that is written as an option is told without dashes; a misspelled --help is known", () => {
  const next = (line: string) => {
    try {
      read(line);
    } catch (error) {
      return (error as OperatingError).nextStep;
    }
    return "";
  };
  expect(next("devices --approve a")).toStartWith("Write it without dashes: devices approve.");
  expect(next("alert --lst")).not.toContain("dashes");
  expect(next("alert --list")).toStartWith("Write it without dashes: alert list.");
  expect(next("--hepl")).toContain("Did you mean --help?");
});

describe("an error names the argument at fault", () => {
  const cases: readonly (readonly [line: string, says: string])[] = [
    ["", "The port is missing."],
    ["serve", '"serve"'],
    ["0", 'The port is "0"'],
    ["65536", '"65536"'],
    ["09000", '"09000"'],
    ["9000 9001", '"9001" is one argument too many.'],
    ["frob", '"frob" is neither a port nor a command.'],
    ["constructor", '"constructor"'],
    ["9000 --no-such", 'Unknown option "--no-such"'],
    ["9000 -p", 'Unknown option "-p"'],
    ["9000 --json", "--json is not an option of iot-server <port>."],
    ["devices --approve a", "--approve is not an option of devices."],
    ["check --json", "--json is not an option of check."],
    ["9000 --logDir x", 'Unknown option "--logDir"'],
    ["9000 --db --shared-ip", "--db needs a value."],
    ["9000 --db a --db b", "--db is given twice."],
    ["9000 --no-http --no-http", "--no-http is given twice."],
    ["9000 --shared-ip=0", "--shared-ip takes no value."],
    ["9000 --db=", "--db needs a value."],
    ["9000 --host localhost", '--host is "localhost"'],
    ["9000 --log-to syslog", '--log-to is "syslog"'],
    ["9000 --log-level loud", '--log-level is "loud"'],
    ["9000 --offline-after 999ms", '--offline-after is "999ms"'],
    ["9000 --offline-after 366d", "from 1s to 365d"],
    ["9000 --retain 0s", '--retain is "0s"'],
    ["9000 --retain 90", '--retain is "90", a number without a unit.'],
    ["9000 --offline-after 60", "a number without a unit"],
    ["9000 --retain 59m", '--retain is "59m", not a duration from 1h'],
    ["9000 --retain 1w", '--retain is "1w"'],
    ["9000 --join maybe", '--join is "maybe"'],
    ["9000 --key-policy lax", '--key-policy is "lax"'],
    ["9000 --http-name https://dash.example.org", "--http-name is"],
    ["9000 --http-name dash.example.org:8443", "--http-name is"],
    ["9000 --trusted-proxy proxy", '--trusted-proxy is "proxy", not an IP.'],
    ["9000 --http 8080", '--http is "8080"'],
    ["9000 --http host:65536", '"host:65536"'],
    ["9000 --http [fe80::1%eth0]:80", "--http is"],
    ["9000 --http [1.2.3]:80", "--http is"],
    ["query", "The device's id is missing."],
    ["query a/b", '"a/b" is not a device id'],
    ["query a b/c", '"b/c" cannot be asked'],
    ["query a b c", '"c" is one argument too many'],
    ["devices a extra", '"extra"'],
    ["devices a --online", "a is named, and others are selected."],
    ["deregister", "id is missing"],
    ["password a b", '"b"'],
    ["health 70000", '"70000"'],
    ["devices allow-text", "id is missing"],
    ["devices allow-text a b", '"b"'],
    ["open now", '"now"'],
    ["check now", '"now"'],
    ["fingerprint now", '"now"'],
    ["backup", "backup needs the name of a file."],
    ["backup a b", '"b"'],
    ["restore", "restore needs the name of a file."],
    ["import", "import needs the name of a file."],
    ["import a b", '"b"'],
    ["export sessions", '"sessions" cannot be exported'],
    ["export devices reports", '"reports" is one argument too many'],
    ["export --format xml", '--format is "xml"'],
    ["reports", "id is missing"],
    ["reports a --last 0", '--last is "0"'],
    ["reports a --last 1e3", '"1e3"'],
    ["reports a --since someday", '--since is "someday"'],
    ["reports a --since 9", '--since is "9", a number without a unit.'],
    ["reports a --since 11/22/2026", '--since is "11/22/2026"'],
    ["reports a --since 36501d", "--since"],
  ];
  for (const [line, says] of cases) {
    test(`iot-server ${line}`, () => {
      expect(refusal(line.split(" ").filter(Boolean))).toContain(says);
    });
  }

  test("an error names the variable where the value comes from one", () => {
    expect(refusal(["9000"], { IOT_HOST: "home" })).toStartWith('IOT_HOST is "home"');
    expect(refusal(["9000"], { IOT_RETAIN: "1w" })).toStartWith('IOT_RETAIN is "1w"');
    expect(refusal(["9000"], { IOT_RETAIN: "90" })).toStartWith('IOT_RETAIN is "90", a number');
    expect(refusal(["9000"], { IOT_HTTP: "x" })).toStartWith('IOT_HTTP is "x"');
  });

  test("an error quotes a bad value on one short line", () => {
    const message = refusal(["9000", `${"x".repeat(500)}\n\u001b`]);
    expect(message.length).toBeLessThan(120);
    expect(refusal(["9000", "a\nb"])).toContain(String.raw`"a\nb"`);
  });
});

test("a flag that can be given several times takes precedence over its variable as a whole", () => {
  const args = ["9000", "--http-name", "a.example", "--http-name=b.example"];
  const both = readServerConfig(args, { IOT_HTTP_NAME: "c.example" }, 0);
  expect(both).toMatchObject({ httpNames: ["a.example", "b.example"] });
  const named = readServerConfig(["9000"], { IOT_HTTP_NAME: "c.example, d.example" }, 0);
  expect(named).toMatchObject({ httpNames: ["c.example", "d.example"] });
});
