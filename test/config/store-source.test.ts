// The store that --store names: each part of its URL and its environment, and what is refused. No error shows a password.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { Env } from "../../lib/config/arguments.ts";
import { readServerConfig } from "../../lib/config/server.ts";
import type { DataPlace } from "../../lib/config/store-source.ts";
import { OperatingError } from "../../lib/operating-error.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const url = "postgres://iot@db.example.org/plant";

function read(line: string, env: Env = {}): DataPlace {
  return readServerConfig(line.split(" ").filter(Boolean), env, 0) as DataPlace;
}

function refusal(line: string, env: Env = {}): string {
  try {
    read(line, env);
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    expect(error).toMatchObject({ code: "usage", exit: 2 });
    const words = `${error.message} ${error.nextStep}`;
    expect(words).not.toContain("sesame");
    return words;
  }
  throw new Error(`nothing is wrong with ${line}`);
}

const address = {
  hosts: [{ hostname: "db.example.org", port: 5432 }],
  username: "iot",
  database: "plant",
  password: null,
  tls: "verify-full",
  rootCert: null,
  prepare: true,
} as const;

test.each([
  [url, {}],
  [
    "postgresql://iot@db.example.org:6432/plant",
    { hosts: [{ hostname: "db.example.org", port: 6432 }] },
  ],
  [
    "postgres://iot@a:1,[::2]:2,c/plant",
    {
      hosts: [
        { hostname: "a", port: 1 },
        { hostname: "::2", port: 2 },
        { hostname: "c", port: 5432 },
      ],
    },
  ],
  [
    "postgres://iot@localhost,127.0.0.1:6/plant",
    {
      hosts: [
        { hostname: "localhost", port: 5432 },
        { hostname: "127.0.0.1", port: 6 },
      ],
      tls: "disable",
    },
  ],
  ["postgres://iot@db.example.org", { database: "iot" }],
  [
    "postgres://iot@localhost/plant",
    { hosts: [{ hostname: "localhost", port: 5432 }], tls: "disable" },
  ],
  ["postgres://iot@[::1]/plant", { hosts: [{ hostname: "::1", port: 5432 }], tls: "disable" }],
  [
    "postgres://iot@127.0.0.1/plant?sslmode=require",
    { hosts: [{ hostname: "127.0.0.1", port: 5432 }], tls: "require" },
  ],
  [
    "postgres://iot@%2Frun%2Fpg/plant",
    { hosts: [{ hostname: "/run/pg", port: 5432 }], tls: "disable" },
  ],
  [
    "postgres://iot@x/plant?host=/run/pg",
    { hosts: [{ hostname: "/run/pg", port: 5432 }], tls: "disable" },
  ],
  [`${url}?sslrootcert=/etc/iot/ca.pem`, { rootCert: "/etc/iot/ca.pem" }],
  [`${url}?prepare=false&sslmode=verify-ca`, { prepare: false, tls: "verify-ca" }],
])("%s", (text, change) => {
  const expected: object = {
    address: { ...address, ...change },
    passwordFile: null,
    passfile: null,
  };
  expect<object | undefined>(read(`9000 --store ${text}`).store).toEqual({
    ...expected,
    waitMs: null,
  });
});

test("every command takes it, as a flag or as a variable; the server's own files are in --data", () => {
  for (const command of ["9000", "devices", "reports a", "check", "backup x", "export", "open"]) {
    const place = read(`${command} --store ${url}`);
    expect(place).toMatchObject({ db: "iot-server", store: { address } });
    expect(read(command, { IOT_STORE: url })).toEqual(place);
    expect(read(`${command} --store ${url} --data /srv/iot/`).db).toBe("/srv/iot/iot-server");
  }
  expect(read("open --data /srv")).toMatchObject({ db: "/srv/iot-server" });
  expect(read("devices allow-text a --data /srv").store).toBeUndefined();
});

test("its password comes from the environment or a file, and how long to wait is a time or 0", () => {
  const env = { PGPASSWORD: "sesame", HOME: "/root" };
  expect(read("devices", { ...env, IOT_STORE: url }).store).toMatchObject({
    address: { password: "sesame" },
    passfile: "/root/.pgpass",
  });
  const inside = "postgres://iot:s%40sesame@db.example.org/plant";
  expect(read("devices", { IOT_STORE: inside }).store?.address.password).toBe("s@sesame");
  expect(read("devices", { IOT_STORE: url, PGPASSFILE: "p" }).store?.passfile).toBe("p");
  const file = read(`9000 --store ${url} --store-password-file f --store-wait 0`).store;
  expect(file).toMatchObject({ passwordFile: "f", waitMs: 0 });
  expect(read(`9000 --store ${url} --store-wait 30s`).store?.waitMs).toBe(30_000);
});

test.each([
  ["9000 --store mysql://iot@db/iot", "postgres://"],
  ["9000 --store db.example.org", "postgres://"],
  ["9000 --store postgres://db.example.org/iot", "no user"],
  ["9000 --store postgres://iot@/iot", "postgres://"],
  ["9000 --store postgres://iot@a,,b/iot", "postgres://"],
  ["9000 --store postgres://iot@a:x,b/iot", "postgres://"],
  ["9000 --store postgres://iot:sesame@db/iot", "PGPASSWORD"],
  [`9000 --store ${url}?sslmode=perhaps`, "perhaps"],
  [`9000 --store ${url}?prepare=1`, "prepare"],
  [`9000 --store ${url}?pool=1`, '"pool"'],
  [`9000 --store ${url} --db x`, "--db and --store"],
  [`9000 --store ${url} --store-wait 30`, "without a unit"],
  ["9000 --data x", "--data goes with --store"],
  ["devices --data x --db y", "--data goes with --store"],
  [`devices --store ${url} --store-wait 0`, "--store-wait is not an option"],
])("%s is refused", (line, words) => {
  expect(refusal(line)).toContain(words);
});

test("copy names a file and a database, and takes no other store", () => {
  const copied = read(`copy old.db ${url} --store-password-file f`, {
    IOT_STORE: "x",
    IOT_DB: "y",
  });
  expect(copied).toMatchObject({
    command: "copy",
    db: "old.db",
    store: { address, passwordFile: "f" },
    sharedIp: false,
  });
  expect(read(`copy old.db ${url} --shared-ip`)).toMatchObject({ sharedIp: true });
  expect(refusal("copy")).toContain("name of a file");
  expect(refusal("copy old.db")).toContain("needs a target");
  expect(refusal("copy old.db new.db")).toContain("postgres://");
  expect(refusal("copy old.db postgres://iot:sesame@db/iot")).toContain("PGPASSWORD");
  expect(refusal(`copy old.db ${url} more`)).toContain("too many");
});

test("--node names this server among those of a store", () => {
  const serve = (line: string, env = {}) =>
    readServerConfig(line.split(" "), { HOME: "/home/a", ...env }, 0);
  const store = "9000 --store postgres://iot@db/iot";
  expect(serve(store)).toMatchObject({ node: null });
  expect(serve(`${store} --node plant:1`)).toMatchObject({ node: "plant:1" });
  expect(serve(store, { IOT_NODE: "b" })).toMatchObject({ node: "b" });
  expect(() => serve("9000 --node a")).toThrow("--node goes with --store.");
  expect(() => serve(`${store} --node ${"x".repeat(65)}`)).toThrow("--node is");
  expect(() => serve(`${store} --node=é`)).toThrow("--node is");
});
