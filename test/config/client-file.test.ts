// The configuration file of the client: what it gives, what is stronger, what it is refused for, and what `config` prints of it.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Env } from "../../lib/config/arguments.ts";
import { type ClientConfig, readClientConfig } from "../../lib/config/client.ts";
import { printConfig } from "../../lib/cli/config-lines.ts";
import { OperatingError } from "../../lib/operating-error.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const path = "/etc/iot-client.toml";
const token = "join-0123456789abcdefghjkmnpqrs";
const who = 'id = "pi1"\nserver = "a:9000,b:9000"\n';

function read(text: string, args: readonly string[] = ["run"], env: Env = {}): ClientConfig {
  return readClientConfig([...args, "--config", path], env, (asked) => {
    expect(asked).toBe(path);
    return text;
  });
}

function refusal(text: string, args?: readonly string[], env?: Env): string {
  try {
    read(text, args, env);
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    expect(error).toMatchObject({ code: "usage", exit: 2 });
    return `${error.message} ${error.nextStep}`;
  }
  throw new Error(`nothing is wrong with ${text}`);
}

test("its keys are the options of run; the other commands take what they have", () => {
  const text = `${who}port = 2000
    report = "cat /sys/temp"
    every = "10s"
    on-command = "./relay.sh"
    command-timeout = "1m"
    heartbeat = "5m"
    spool = "none"
    text = true
    json = false
    timeout = "3s"\n`;
  expect(read(text)).toMatchObject({
    command: "run",
    id: "pi1",
    servers: [{ host: "a" }, { host: "b" }],
    port: 2000,
    report: "cat /sys/temp",
    everyMs: 10_000,
    onCommand: "./relay.sh",
    commandTimeoutMs: 60_000,
    heartbeatSeconds: 300,
    spool: null,
    sealing: { kind: "text" },
    json: false,
  });
  expect(read(text, ["wake"])).toMatchObject({ command: "wake", report: "cat /sys/temp" });
  expect(read(text, ["login"])).toMatchObject({ command: "login", id: "pi1", timeoutMs: 3_000 });
  // The menu has its addresses as arguments.
  expect(read(text, ["x", "192.0.2.1", "9000", "1994"])).toMatchObject({
    command: "menu",
    id: "x",
    port: 1994,
    heartbeatSeconds: 300,
  });
  const trust = read('server-key = "SHA256:x"', ["trust", "192.0.2.1:9000", "--server-key", key]);
  expect(trust).toMatchObject({ command: "trust", sealing: { serverKey: key } });
});

const key = `SHA256:${"A".repeat(43)}`;

test("an option is stronger than a variable, and that than the file; IOT_CLIENT_CONFIG names it, too", () => {
  const text = `${who}ip = "192.0.2.1"\nmac = "m"\nspool = "x"\n`;
  const env = { IOT_IP: "192.0.2.2", IOT_MAC: "" };
  expect(read(text, ["run"], env)).toMatchObject({ ip: "192.0.2.2", mac: "m" });
  expect(read(text, ["run", "--ip", "192.0.2.3"], env)).toMatchObject({ ip: "192.0.2.3" });
  const named = { IOT_CLIENT_CONFIG: path, IOT_CONFIG: "/etc/iot-server.toml" };
  expect(readClientConfig(["run"], named, () => who)).toMatchObject({ id: "pi1" });
  // A fleet is no device with a file.
  const fleet = ["simulate", "--devices", "1", "--server", "a:9000"];
  expect(readClientConfig(fleet, named, () => who)).toMatchObject({ devices: 1 });
});

test("a password of an option or of a variable is stronger than what the file says of it", () => {
  const password = (text: string, args: readonly string[] = [], env: Env = {}) => {
    const config = read(who + text, ["run", ...args], env);
    return config.command === "run" ? config.password : null;
  };
  const file = 'password-file = "pw"\n';
  const join = `join = "${token}"\n`;
  const typed = { IOT_PASSWORD: "secret" };
  expect(password(file)).toEqual({ kind: "file", path: "pw" });
  expect(password(join)).toEqual({ kind: "join", token });
  expect(password(file, [], typed)).toEqual({ kind: "given", password: "secret" });
  expect(password(join, [], typed)).toEqual({ kind: "given", password: "secret" });
  expect(password(join, ["--password-file", "own"])).toEqual({ kind: "file", path: "own" });
  expect(password(file, ["--join", token])).toEqual({ kind: "join", token });
  expect(password(file, ["--password-file", "own"], typed)).toEqual({ kind: "file", path: "own" });
  expect(refusal(who + file + join)).toContain("There are a join token and a password.");
  expect(refusal(who + 'join = "join-short"')).not.toContain("short");
});

describe("an error names the file, what is wrong in it, and the next step", () => {
  const cases: readonly (readonly [text: string, ...says: string[]])[] = [
    ['serber = "a:9000"', 'unknown key "serber"', "Did you mean server?", "iot-client --help"],
    ['on_command = "x"', "Did you mean on-command?"],
    ['config = "other"', 'unknown key "config"'],
    ["devices = 5", 'unknown key "devices"'],
    ['password = "secret"', 'unknown key "password"', "Did you mean password-file?"],
    ['[run]\nreport = "x"', "the table [run]"],
    [`${who}port = 0`, `port in ${path} is "0"`],
    [`${who}every = "5s"`, `every in ${path} needs --report.`],
    [`${who}report = "x"\nevery = "5"`, `every in ${path} is "5"`],
    [`${who}text = "yes"`, `text in ${path} is "yes"`, "true or false"],
    [`${who}heartbeat = 60`, `heartbeat in ${path} is "60", a number without a unit.`],
    ["id = pi1", `${path}, line 1: `, "double quotes"],
    ['server = "a:9000"', "--id is missing."],
  ];
  for (const [text, ...says] of cases) {
    test(JSON.stringify(text), () => {
      const told = refusal(text);
      for (const words of says) expect(told).toContain(words);
      expect(told).not.toContain("secret");
    });
  }
});

describe("iot-client config", () => {
  const lines = (text: string, args: readonly string[] = [], env: Env = {}) => {
    const config = read(text, ["config", ...args], env);
    if (config.command !== "config") throw new Error(config.command);
    const said: string[] = [];
    printConfig(config.settings, config.json, (one) => said.push(one));
    return said.map((one) => one.replaceAll(/ +/g, " "));
  };

  test("says of each setting where it comes from, and shows no token", () => {
    const text = `id = "pi1"\njoin = "${token}"\nreport = "echo \\"x\\""\n`;
    const said = lines(text, ["--port", "2000"], { IOT_SERVER: "a:9000" });
    expect(said).toEqual(
      expect.arrayContaining([
        `id = "pi1" # ${path}`,
        'server = "a:9000" # IOT_SERVER',
        "port = 2000 # --port",
        `#join = "***" # ${path}`,
        `report = "echo \\"x\\"" # ${path}`,
        '#heartbeat = "60s" # default',
        "#on-query = # not set",
        "#text = false # default",
      ]),
    );
    expect(lines(text, ["--json"]).join("\n")).not.toContain(token);
    expect(lines(text, ["--json"])[0]).toBe(
      JSON.stringify({ name: "id", value: "pi1", origin: "file", from: path }),
    );
  });

  test("needs neither id nor server, and refuses what run would refuse", () => {
    expect(lines("")[0]).toBe("#id = # not set");
    expect(refusal('every = "5s"', ["config"])).toContain("needs --report");
    expect(refusal("", ["config", "more"])).toContain('"more"');
  });

  test("its output is a configuration file with the same settings", () => {
    const args = ["--id", "pi1", "--server", "a:1", "--report", 'echo "$X"', "--every", "9s"];
    const kept = lines("", [...args, "--text", "--on-command", "cat"]).join("\n");
    expect(read(kept)).toEqual(read("", ["run", ...args, "--text", "--on-command", "cat"]));
  });
});
