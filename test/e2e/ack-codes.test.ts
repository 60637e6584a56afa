// Every ACK code of the contract (clause 3), caused over plain UDP. Each test uses devices of its own on one server.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  data,
  deregister,
  type Identity,
  login,
  logoff,
  newIdentity,
  now,
  query,
  register,
  status,
} from "./datagrams.ts";
import { testTimeoutMs, until } from "./polling.ts";
import { ackOf, hashOf, RawDevice } from "./raw-device.ts";
import { type ServerProcess, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

const folder = new TemporaryFolder();
let server: ServerProcess;
let device: RawDevice;

beforeAll(async () => {
  server = await startServer({ folder: folder.path });
  device = await RawDevice.open(server.port);
});

afterAll(async () => {
  device[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** Registers a new device. */
async function registered(facts: Partial<Identity> = {}): Promise<Identity> {
  const identity = newIdentity(facts);
  expect(await device.code(register(identity))).toBe("00");
  return identity;
}

/** Registers a new device and logs it in. */
async function loggedIn(): Promise<Identity> {
  const identity = await registered();
  expect(await device.code(login(identity))).toBe("70");
  return identity;
}

describe("REGISTER", () => {
  test("of a new device is answered 00", async () => {
    await registered();
  });

  test("again with the same facts is answered 01, whatever the password is", async () => {
    const identity = await registered();
    expect(await device.code(register(identity))).toBe("01");
    expect(await device.code(register({ ...identity, password: "another" }))).toBe("01");
  });

  test("with the MAC in another notation is the same device, 01", async () => {
    const identity = await registered();
    const mac = identity.mac.toUpperCase().replaceAll(":", "-");
    expect(await device.code(register({ ...identity, mac }))).toBe("01");
  });

  test("with another port or ip and the right password is answered 02, and then 01", async () => {
    const identity = await registered();
    const moved = { ...identity, port: 60_000 };
    expect(await device.code(register(moved))).toBe("02");
    expect(await device.code(register(moved))).toBe("01");
    const away = { ...moved, ip: newIdentity().ip };
    expect(await device.code(register(away))).toBe("02");
    expect(await device.code(register(away))).toBe("01");
  });

  test("with another port and a wrong password is answered 31 and changes nothing", async () => {
    const identity = await registered();
    const stranger = { ...identity, port: 60_000, password: "wrong" };
    expect(await device.code(register(stranger))).toBe("31");
    expect(await device.code(register(identity))).toBe("01");
  });

  test("of an id that has another MAC is answered 11", async () => {
    const identity = await registered();
    const { mac } = newIdentity();
    expect(await device.code(register({ ...identity, mac }))).toBe("11");
  });

  test("with the ip of another device is answered 12, for a new and for a known id", async () => {
    const { ip } = await registered();
    expect(await device.code(register(newIdentity({ ip })))).toBe("12");
    expect(await device.code(register({ ...(await registered()), ip }))).toBe("12");
  });

  test("with the MAC of another device is answered 13", async () => {
    const { mac } = await registered();
    expect(await device.code(register(newIdentity({ mac })))).toBe("13");
  });
});

describe("DEREGISTER", () => {
  test("of a registered device is answered 20, and again 21", async () => {
    const identity = await registered();
    expect(await device.code(deregister(identity))).toBe("20");
    expect(await device.code(deregister(identity))).toBe("21");
  });

  test("ends the session: a heartbeat after it is answered 41", async () => {
    const identity = await loggedIn();
    expect(await device.code(deregister(identity))).toBe("20");
    expect(await device.code(status(identity))).toBe("41");
    expect(await device.code(login(identity))).toBe("31");
  });

  test("with another MAC or ip is answered 30 and removes nothing", async () => {
    const identity = await registered();
    const { mac, ip } = newIdentity();
    expect(await device.code(deregister({ ...identity, mac }))).toBe("30");
    expect(await device.code(deregister({ ...identity, ip }))).toBe("30");
    expect(await device.code(register(identity))).toBe("01");
  });

  test("with a wrong password is answered 31, even if the MAC is wrong too", async () => {
    const identity = await registered();
    const { mac } = newIdentity();
    expect(await device.code(deregister({ ...identity, password: "wrong" }))).toBe("31");
    expect(await device.code(deregister({ ...identity, mac, password: "wrong" }))).toBe("31");
    expect(await device.code(register(identity))).toBe("01");
  });
});

describe("LOGIN and LOGOFF", () => {
  test("LOGIN is answered 70, even if the device is logged in already", async () => {
    const identity = await loggedIn();
    expect(await device.code(login(identity))).toBe("70");
  });

  test("LOGIN with a wrong password and of an unknown id are both answered 31", async () => {
    const identity = await registered();
    expect(await device.code(login({ ...identity, password: "wrong" }))).toBe("31");
    expect(await device.code(login(newIdentity()))).toBe("31");
    expect(await device.code(status(identity))).toBe("41");
  });

  test("the ids of two devices may differ in case only", async () => {
    const lower = await registered();
    const upper = newIdentity({ id: lower.id.toUpperCase() });
    expect(await device.code(register(upper))).toBe("00");
    expect(await device.code(login({ ...upper, password: lower.password }))).toBe("31");
  });

  test("LOGOFF is answered 80, and without a session 31", async () => {
    const identity = await loggedIn();
    expect(await device.code(logoff(identity))).toBe("80");
    expect(await device.code(logoff(identity))).toBe("31");
    expect(await device.code(status(identity))).toBe("41");
  });
});

describe("STATUS, DATA and QUERY", () => {
  test("STATUS of a session is answered 40, without one 41", async () => {
    expect(await device.code(status(await loggedIn()))).toBe("40");
    expect(await device.code(status(await registered()))).toBe("41");
  });

  test("DATA of a session is answered 50, without one 51", async () => {
    expect(await device.code(data(await loggedIn(), "20.5"))).toBe("50");
    expect(await device.code(data(await registered(), "20.5"))).toBe("51");
  });

  test("QUERY without a session is answered 61", async () => {
    expect(await device.code(query(await registered(), "01", "x"))).toBe("61");
  });

  test("QUERY with an unknown code is answered 62", async () => {
    const identity = await loggedIn();
    for (const code of ["00", "05", "99"]) {
      expect(await device.code(query(identity, code, "x"))).toBe("62");
    }
  });
});

describe("what is not a valid message", () => {
  test("a malformed datagram is answered 90 with a reason", async () => {
    const identity = await loggedIn();
    const wrongLength = `DATA\t01\t${identity.id}\t${now()}\t6\t20.5`;
    const malformed = [
      wrongLength,
      "REGISTER\tlonely",
      login({ ...identity, id: "a b" }),
      login({ ...identity, id: ".." }),
      login({ ...identity, port: 0 }),
      login({ ...identity, port: 65_536 }),
      login({ ...identity, ip: "localhost" }),
      login({ ...identity, password: "" }),
      status(identity).replace("01", "1"),
      Buffer.concat([Buffer.from(`LOGOFF\t${identity.id}`), Buffer.from([0xff, 0xfe])]),
      "",
    ];
    for (const datagram of malformed) {
      expect(await device.ack(datagram)).toMatchObject({
        code: "90",
        reason: expect.stringMatching(/\w+/),
      });
    }
  });

  test("what may be a password is neither sent back nor logged", async () => {
    for (const verb of ["REGISTER", "DEREGISTER", "LOGIN"]) {
      const secret = `my-secret-of-${verb}`;
      for (const datagram of [`${verb}\t${secret}`, `${verb}\t${secret}\t127.0.0.1\t1994`]) {
        const reply = await device.ask(datagram);
        expect(ackOf(reply)).toMatchObject({ code: "90", id: "-" });
        expect(reply).not.toContain(secret);
      }
    }
    await until("the refusals in error.log", () =>
      folder.text("log/error.log").includes("LOGIN: takes"),
    );
    for (const log of ["log/Activity.log", "log/error.log"]) {
      expect(folder.text(log)).not.toContain("my-secret-of");
    }
  });

  test("an unknown type is answered 91", async () => {
    for (const datagram of ["HELLO\tworld", "Register\tx", "GET / HTTP/1.1\r\n\r\n"]) {
      expect(await device.code(datagram)).toMatch(/^9[01]$/);
    }
    expect(await device.code("HELLO\tworld")).toBe("91");
  });

  test("a datagram of 1,200 bytes is accepted, one of 1,201 is answered 92", async () => {
    const identity = await loggedIn();
    const sized = (bytes: number) => {
      const head = data(identity, "x".repeat(1_000)).length - 1_000;
      return data(identity, "x".repeat(bytes - head));
    };
    expect(Buffer.byteLength(sized(1_200))).toBe(1_200);
    expect(await device.code(sized(1_200))).toBe("50");
    expect(await device.code(sized(1_201))).toBe("92");
    expect(await device.code("x".repeat(1_472))).toBe("92");
  });
});

test("the hash covers the datagram as it was sent, with its LF or CRLF", async () => {
  const identity = await loggedIn();
  for (const end of ["", "\n", "\r\n"]) {
    const datagram = `${status(identity)}${end}`;
    const ack = await device.ack(datagram);
    expect(ack).toMatchObject({ code: "40", id: identity.id, hash: hashOf(datagram) });
    expect(ack.time).toMatch(/^\d{4}-\d\d-\d\d:\d\d:\d\d:\d\d(\.\d{3})?$/);
    expect(ack.reason).toBeUndefined();
  }
});
