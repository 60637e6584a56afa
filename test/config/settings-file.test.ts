// The configuration file: what it gives, what it is refused for, and that flag and variable are stronger.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Env } from "../../lib/config/arguments.ts";
import { readServerConfig, type ServerConfig } from "../../lib/config/server.ts";
import { printConfig } from "../../lib/cli/config-lines.ts";
import { OperatingError } from "../../lib/operating-error.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { now } from "./read-server.ts";

setDefaultTimeout(testTimeoutMs);

const path = "/etc/iot.toml";

function read(text: string, line = "", env: Env = {}): ServerConfig {
  const args = [...line.split(" ").filter(Boolean), "--config", path];
  return readServerConfig(args, env, now, (asked) => {
    expect(asked).toBe(path);
    return text;
  });
}

function refusal(text: string, line = "", env: Env = {}): string {
  try {
    read(text, line, env);
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    expect(error).toMatchObject({ code: "usage", exit: 2 });
    return `${error.message} ${error.nextStep}`;
  }
  throw new Error(`nothing is wrong with ${text}`);
}

test("its keys are the flags, and the port", () => {
  const text = [
    "port = 9000",
    'retain = "90d" # a comment',
    "shared-ip = true",
    "require-encryption = false",
    'http-name = ["a.example", "B.example"]',
    'trusted-proxy = "192.0.2.7"',
    "",
  ].join("\r\n");
  expect(read(`\ufeff${text}`)).toMatchObject({
    command: "serve",
    port: 9000,
    retainMs: 90 * 86_400_000,
    sharedIp: true,
    requireEncryption: false,
    httpNames: ["a.example", "b.example"],
    trustedProxies: ["192.0.2.7"],
    host: "::",
  });
});

test("a flag is stronger than a variable, and that than the file", () => {
  const text = 'port = 1\nhost = "192.0.2.1"\nlog-level = "debug"\nshared-ip = true\n';
  const env = { IOT_HOST: "192.0.2.2", IOT_SHARED_IP: "0", IOT_LOG_LEVEL: "" };
  expect(read(text)).toMatchObject({ port: 1, host: "192.0.2.1", sharedIp: true });
  expect(read(text, "", env)).toMatchObject({
    host: "192.0.2.2",
    sharedIp: false,
    logLevel: "debug",
  });
  expect(read(text, "9 --host 192.0.2.3", env)).toMatchObject({ port: 9, host: "192.0.2.3" });
  const list = read('http-name = ["a", "b"]', "9 --http-name c");
  expect(list).toMatchObject({ httpNames: ["c"] });
  expect(read("no-http = true", "9")).toMatchObject({ http: null });
  const on = { http: { host: "127.0.0.1", port: 80 } };
  expect(read("no-http = true", "9 --http 127.0.0.1:80")).toMatchObject(on);
  expect(read("no-http = true", "9", { IOT_HTTP: "127.0.0.1:80" })).toMatchObject(on);
});

test("the other commands take from it what they have, and IOT_CONFIG names it, too", () => {
  const text = 'port = 9000\ndb = "/srv/x.db"\nretain = "90d"';
  expect(read(text, "devices")).toMatchObject({ command: "devices", db: "/srv/x.db" });
  expect(readServerConfig(["open"], { IOT_CONFIG: path }, now, () => text)).toEqual({
    command: "open",
    db: "/srv/x.db",
  });
  expect(readServerConfig(["open"], { IOT_CONFIG: "" }, now)).toMatchObject({
    db: "iot_server.db",
  });
});

describe("an error names the file, what is wrong in it, and the next step", () => {
  const cases: readonly (readonly [text: string, ...says: string[]])[] = [
    ["", "The port is missing."],
    ["port = 0", 'port in /etc/iot.toml is "0"'],
    ["port = true", "port in /etc/iot.toml is"],
    ['retian = "90d"', 'unknown key "retian"', "Did you mean retain?"],
    ['log_level = "info"', "Did you mean log-level?"],
    ['colour = "red"', 'unknown key "colour"', "--help"],
    ['config = "other"', 'unknown key "config"'],
    ["json = true", 'unknown key "json"'],
    ['[log]\nlevel = "info"', "the table [log]", "without tables"],
    ['shared-ip = "yes"', 'shared-ip in /etc/iot.toml is "yes"', "true or false"],
    ["http = false", "Write: no-http = true"],
    ["port = 1\nretain = 90", 'retain in /etc/iot.toml is "90", a number without a unit.'],
    ["retain = [1]", "retain in /etc/iot.toml is", 'Write a text: retain = "…"'],
    ["http-name = [true]", 'http-name = ["one", "other"]'],
    ['port = 1\nlog-level = "loud"', 'log-level in /etc/iot.toml is "loud"'],
    ['db = ""', "db in /etc/iot.toml is"],
    ['port = 1\nhost = "::"\nretain = 90d\n', "/etc/iot.toml, line 3: ", "double quotes"],
    ['port = 1\nport = 2\nhost = "::"', "/etc/iot.toml, line 2: Cannot redefine key 'port'."],
    ['__proto__ = "x"', 'unknown key "__proto__"'],
  ];
  for (const [text, ...says] of cases) {
    test(JSON.stringify(text), () => {
      const told = refusal(text);
      for (const words of says) expect(told).toContain(words);
    });
  }

  test("a password may be in it, and no error shows it", () => {
    const store = 'store = "postgres://iot:secret@db.example/iot"\n';
    const password = { store: { address: { password: "secret" } } };
    expect(read(`port = 1\n${store}`)).toMatchObject(password);
    expect(refusal(`${store}node = "a b"\nport = 1`)).not.toContain("secret");
  });
});

describe("iot-server config", () => {
  const lines = (text: string, line: string, env: Env = {}) => {
    const config = read(text, `config ${line}`, env);
    if (config.command !== "config") throw new Error(config.command);
    const said: string[] = [];
    printConfig(config.settings, config.json, (one) => said.push(one));
    return said;
  };
  const store = 'store = "postgres://iot:secret@db.example/iot?sslmode=require"';

  test("says of each setting where it comes from, and shows no password", () => {
    const said = lines(`retain = "90d"\n${store}`, "9000 --http-name a", { IOT_JOIN: "closed" });
    expect(said.map((one) => one.replaceAll(/ +/g, " "))).toEqual(
      expect.arrayContaining([
        "port = 9000 # argument",
        '#host = "::" # default',
        `retain = "90d" # ${path}`,
        'join = "closed" # IOT_JOIN',
        'http-name = ["a"] # --http-name',
        "#psk-file = # not set",
        "#shared-ip = false # default",
        `#store = "postgres://iot:***@db.example/iot?sslmode=require" # ${path}`,
      ]),
    );
    expect(said.join("\n")).not.toContain("secret");
    expect(lines(store, "--json").join("\n")).not.toContain("secret");
  });

  test("needs no port, and refuses what a server would refuse", () => {
    expect(lines("", "")[0]).toMatch(/^#port = +# not set$/);
    expect(refusal('log-level = "loud"', "config")).toContain("log-level");
    expect(refusal("", "config 9000 9001")).toContain('"9001"');
  });

  test("its output is a configuration file with the same settings", () => {
    const line = "9000 --retain 90d --shared-ip --http-name a --http-name b --no-http";
    const kept = lines("", line).join("\n");
    expect(read(kept)).toEqual(read("", line));
  });
});

describe("a misspelled word is told with the nearest one", () => {
  const next = (line: string) => {
    try {
      readServerConfig(line.split(" "), {}, now);
    } catch (error) {
      return (error as OperatingError).nextStep;
    }
    return "";
  };
  test.each([
    ["9000 --retian 90d", "Did you mean --retain?"],
    ["9000 --logDir x", "Did you mean --log-dir?"],
    ["deivces", "Did you mean devices?"],
    ["rports a", "Did you mean reports?"],
    ["reports a --lst 5", "Did you mean --last?"],
  ])("iot-server %s", (line, says) => {
    expect(next(line)).toStartWith(says);
  });
  test("but not with any", () => {
    expect(next("frobnicate")).not.toContain("mean");
    expect(next("9000 --no-such")).not.toContain("mean");
    expect(next(`9000 --${"x".repeat(5_000)}`)).not.toContain("mean");
  });
});
