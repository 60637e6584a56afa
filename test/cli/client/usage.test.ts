// The command line: what it accepts, and every usage error, each with exit code 2 and a next step.

import { expect, setDefaultTimeout, test } from "bun:test";
import { runClient } from "../../../lib/cli/client/dispatch.ts";
import { commandNames, examples } from "../../../lib/config/client-flags.ts";
import { commandHelp, helpText } from "../../../lib/config/client-help.ts";
import { readClientConfig } from "../../../lib/config/client.ts";
import type { OperatingError } from "../../../lib/operating-error.ts";
import { fakeMachine } from "./fake-machine.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const base = ["--id", "asmith", "--server", "192.0.2.1:9000"];

test.each([
  [[], "No command."],
  [["frob"], 'Unknown command "frob".'],
  [["lgin", ...base], 'Unknown command "lgin".'],
  [["qery", "list", ...base], 'Unknown command "qery".'],
  [["snd", "--timeout", "5s", "--id=asmith"], 'Unknown command "snd".'],
  [["a", "b", "c"], "The menu takes 4 arguments, not 3."],
  [["asmith", "192.0.2.1", "9000", "1994", "more"], "The menu takes 4 arguments, not 5."],
  [["asmith", "192.0.2.1", "0", "1994"], '<server-port> is "0", not a port.'],
  [["asmith", "192.0.2.1", "9000", "65536"], '<device-port> is "65536", not a port.'],
  [["a b", "192.0.2.1", "9000", "1994"], '<device-id> is "a b".'],
  [["asmith", "no host", "9000", "1994"], '<server-ip> is "no host", not a host.'],
  [["login"], "--id is missing."],
  [["login", "--id", "asmith"], "--server is missing."],
  [
    ["login", "--server", "192.0.2.1", "--id", "asmith"],
    '--server is "192.0.2.1", not a host and a port.',
  ],
  [["login", "--server", "a:1,,b:1", "--id", "a"], '--server has an empty entry: "a:1,,b:1".'],
  [["login", "--server", "a:1,", "--id", "a"], '--server has an empty entry: "a:1,".'],
  [["login", "--server", "a:1,b:1,A:1", "--id", "a"], "--server names a:1 twice."],
  [["login", "--server", "a:1,b", "--id", "a"], '--server is "b", not a host and a port.'],
  [
    ["login", "--id", "a", "--server", [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `a:${n}`).join()],
    "--server names 9 servers.",
  ],
  [
    ["login", "--server", "::1:9000", "--id", "asmith"],
    '--server is "::1:9000", not a host and a port.',
  ],
  [["login", ...base, "--nope"], 'Unknown option "--nope".'],
  [["login", ...base, "-x"], 'Unknown option "-x".'],
  [["login", ...base, "--ip"], "--ip needs a value."],
  [["login", ...base, "--ip", "--json"], "--ip needs a value."],
  [["login", ...base, "--ip="], "--ip needs a value."],
  [["login", ...base, "--ip", "nowhere"], '--ip is "nowhere".'],
  [["login", ...base, "--json=yes"], "--json takes no value."],
  [["login", ...base, "--nope=secret"], 'Unknown option "--nope".'],
  [["login", ...base, "--no-json"], 'Unknown option "--no-json".'],
  [["login", ...base, "--passwordFile", "x"], 'Unknown option "--passwordFile".'],
  [["send", ...base, "-5.2"], 'Unknown option "-5.2".'],
  [["login", ...base, "--json", "--json"], "--json is given twice."],
  [["asmith", "192.0.2.1", "9000", "1994", "--id", "b"], "--id is not an option of the menu."],
  [["login", ...base, "--id", "bsmith"], "--id is given twice."],
  [["login", ...base, "more"], 'Unexpected argument "more" after login.'],
  [["login", ...base, "--report", "date"], "--report is not an option of login."],
  [["login", ...base, "--password", "x"], "A password does not belong on the command line"],
  [["login", ...base, "--password=x"], "A password does not belong on the command line"],
  [["login", ...base, "--timeout", "soon"], '--timeout is "soon", not a duration'],
  [["login", ...base, "--timeout", "5"], '--timeout is "5", a number without a unit.'],
  [["run", ...base, "--report", "true", "--every", "5"], '--every is "5", a number without'],
  [["run", ...base, "--heartbeat", "60"], '--heartbeat is "60", a number without a unit.'],
  [["send", ...base, "--code", "1"], '--code is "1".'],
  [["send", ...base, "a", "b"], 'Unexpected argument "b" after send.'],
  [["query", ...base], "query needs a question."],
  [["query", ...base, "age"], 'Unknown question "age".'],
  [["query", ...base, "address"], "query address needs one more argument."],
  [["query", ...base, "list", "asmith"], 'Unexpected argument "asmith" after query list.'],
  [["peer", ...base], "peer needs one more argument."],
  [["login", ...base, "--text", "--psk-file", "x"], "--text uses no keys."],
  [["login", ...base, "--server-key", "x"], '--server-key is "x", not SHA256: and 43 characters.'],
  [["login", ...base, "--replace"], "--replace is not an option of login."],
  [["trust"], "trust needs one more argument."],
  [["trust", "192.0.2.1"], 'HOST:PORT is "192.0.2.1", not a host and a port.'],
  [["trust", "192.0.2.1:9000", "--text"], "--text is not an option of trust."],
  [["run", ...base, "--every", "5s"], "--every needs --report."],
  [["run", ...base, "--drain", "10"], '--drain is "10", a number without'],
  [["run", ...base, "--spool-max", "1"], '--spool-max is "1", not a number.'],
  [["send", ...base, "--spool", "x"], "--spool is not an option of send."],
  [["run", ...base, "--heartbeat", "500ms"], '--heartbeat is "500ms", not a duration'],
  [["run", ...base, "--heartbeat", "1500ms"], "--heartbeat is not in whole seconds."],
])("%j is a usage error", async (args, message) => {
  const { machine, out, err, sent } = fakeMachine({});
  expect(await runClient(() => readClientConfig(args, {}), machine, "1.0.0")).toBe(2);
  expect(err).toHaveLength(1);
  expect(err[0]).toStartWith(message);
  expect(err[0]?.length).toBeGreaterThan(message.length + 5);
  expect(out).toEqual([]);
  expect(sent).toEqual([]);
});

test("a command that needs a password and cannot ask for one says how to give it", async () => {
  const { machine, err } = fakeMachine({});
  const read = () => readClientConfig(["login", ...base], {});
  expect(await runClient(read, machine, "1.0.0")).toBe(2);
  expect(err[0]).toContain("IOT_PASSWORD");
});

test.each([
  ["192.0.2.1:9000", "192.0.2.1", 9000],
  ["host.example:9000", "host.example", 9000],
  ["[::1]:9000", "::1", 9000],
])("--server %s", (server, host, port) => {
  const config = readClientConfig(["logoff", "--id", "a", "--server", server], {});
  expect(config).toMatchObject({ command: "logoff", servers: [{ host, port }] });
});

test("--server takes a list; a request may wait 10 s for each", () => {
  const env = { IOT_SERVER: "a:9000, [::1]:9000,a:9001" };
  const config = readClientConfig(["logoff", "--id", "a"], env);
  const servers = [
    { host: "a", port: 9000 },
    { host: "::1", port: 9000 },
    { host: "a", port: 9001 },
  ];
  expect(config).toMatchObject({ servers, timeoutMs: 30_000 });
  const given = readClientConfig(["logoff", "--id", "a", "--timeout", "5s"], env);
  expect(given).toMatchObject({ timeoutMs: 5_000 });
});

test("the environment gives what the command line leaves out", () => {
  const env = { IOT_ID: "asmith", IOT_SERVER: "192.0.2.1:9000", IOT_PORT: "2000", IOT_MAC: "" };
  expect(readClientConfig(["login"], env)).toMatchObject({ id: "asmith", port: 2000, mac: null });
  expect(readClientConfig(["login", "--id", "bsmith"], env)).toMatchObject({ id: "bsmith" });
});

test("the menu takes a host name, an IPv6 address, and --heartbeat", () => {
  const config = readClientConfig(["a", "[::1]", "9000", "1994", "--heartbeat", "2m"], {});
  expect(config).toMatchObject({
    command: "menu",
    servers: [{ host: "::1" }],
    heartbeatSeconds: 120,
  });
});

test("a message that starts with a dash goes after --", () => {
  const config = readClientConfig(["send", ...base, "--", "-5"], {});
  expect(config).toMatchObject({ command: "send", message: "-5" });
});

test("what follows -- is no option", () => {
  const config = readClientConfig(["send", ...base, "--", "--help"], {});
  expect(config).toMatchObject({ command: "send", message: "--help" });
  const own = readClientConfig(["send", ...base, "--", "--password"], {});
  expect(own).toMatchObject({ command: "send", message: "--password" });
});

test("a value may begin with a dash if it follows an equals sign", () => {
  const config = readClientConfig(["run", ...base, "--report=--no-such", "--every=5s"], {});
  expect(config).toMatchObject({ command: "run", report: "--no-such", everyMs: 5_000 });
});

test("trust has a short timeout, which can be set", () => {
  const config = readClientConfig(["trust", "192.0.2.1:9000"], {});
  expect(config).toMatchObject({ command: "trust", timeoutMs: 10_000, replace: false });
  const own = readClientConfig(["trust", "192.0.2.1:9000", "--timeout", "1s", "--replace"], {});
  expect(own).toMatchObject({ timeoutMs: 1_000, replace: true });
});

test("an error names the option or the variable that the wrong value comes from", () => {
  const env = { IOT_IP: "nowhere" };
  expect(() => readClientConfig(["logoff", ...base], env)).toThrow('IOT_IP is "nowhere".');
  expect(() => readClientConfig(["logoff", ...base, "--ip", "x"], env)).toThrow('--ip is "x".');
});

test("a variable for the option of another command is ignored", () => {
  const config = readClientConfig(["logoff", ...base], { IOT_HEARTBEAT: "soon" });
  expect(config).toMatchObject({ command: "logoff" });
});

test("a configuration is frozen", () => {
  expect(Object.isFrozen(readClientConfig(["logoff", ...base], {}))).toBe(true);
});

test("--help fits a screen and names every exit code", async () => {
  const { machine, out } = fakeMachine({});
  expect(await runClient(() => readClientConfig(["--help"], {}), machine, "1")).toBe(0);
  expect(out).toEqual([helpText()]);
  const lines = helpText().split("\n");
  expect(lines.length).toBeLessThanOrEqual(30);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(lines.at(-1)).toBe(
    "Exit: 0 done, 1 refused, 2 usage, 3 no answer, 4 key changed, 5 output broken.",
  );
});

test("each command has a --help of its own, with an example that is a right call", async () => {
  for (const name of commandNames()) {
    const { machine, out } = fakeMachine({});
    const read = () => readClientConfig([name, "--id", "--help"], {});
    expect(await runClient(read, machine, "1")).toBe(0);
    expect(out).toEqual([commandHelp(name)]);
    const lines = commandHelp(name).split("\n");
    expect(lines.length).toBeLessThanOrEqual(24);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(commandHelp(name)).toContain(`Example: ${examples[name]}`);
  }
  for (const [name, line] of Object.entries(examples)) {
    const args = line.split(" ").slice(1);
    expect(readClientConfig(args, {}, () => "").command).toBe(name as "menu");
  }
  expect(readClientConfig(["help", "send"], {})).toEqual({ command: "help", of: "send" });
  expect(readClientConfig(["help"], {})).toEqual({ command: "help", of: null });
});

test("a misspelled command or flag is told with the nearest one", () => {
  const next = (...args: string[]) => {
    try {
      readClientConfig(args, {});
    } catch (error) {
      return (error as OperatingError).nextStep;
    }
    return "";
  };
  expect(next("lgoin")).toStartWith("Did you mean login?");
  expect(next("snd", ...base)).toStartWith("Did you mean send?");
  expect(next("send", ...base, "--timout", "5s")).toStartWith("Did you mean --timeout?");
  expect(next("login", ...base, "--nope")).toBe("See iot-client login --help.");
});

test.each([
  [[], {}, "state"],
  [["--spool", "none"], {}, null],
  [["--spool", "./none"], {}, { file: "./none" }],
  [[], { IOT_SPOOL: "/var/spool/iot" }, { file: "/var/spool/iot" }],
])("the spool of %p with %p", (args, env, spool) => {
  expect(readClientConfig(["run", ...base, ...args], env)).toMatchObject({
    spool,
    spoolMax: 100_000,
    drainMs: 10_000,
  });
});

test.each([
  ["register", "greenhouse-3.lan", "by the name of this machine: --id greenhouse-3"],
  ["run", "pi", "by the name of this machine: --id pi"],
  ["wake", "pi", "by the name of this machine: --id pi"],
  ["send", "pi", "Say which device this is: --id ID."],
  ["run", "localhost", "Say which device this is: --id ID."],
  ["run", "server", "Say which device this is: --id ID."],
  ["run", "büro", "Say which device this is: --id ID."],
  ["run", "", "Say which device this is: --id ID."],
])("%s without an id, at the machine %p", (command, hostName, proposal) => {
  const read = () => readClientConfig([command, "--server", "a:9000"], {}, () => "", hostName);
  expect(read).toThrow("--id is missing.");
  try {
    read();
  } catch (error) {
    expect((error as OperatingError).nextStep).toEndWith(proposal);
  }
});
