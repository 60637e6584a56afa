// Signed cookies: who accepts them, for how long, and how they are renewed and ended.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { testTimeoutMs } from "../../e2e/polling.ts";
import { hour, minute, Node, pass, today, token, valueIn } from "../login-node.ts";

setDefaultTimeout(testTimeoutMs);

describe("a cookie", () => {
  test("is accepted by each server with the token, also by one that started later", () => {
    const [here, there] = [new Node(), new Node()];
    const cookie = here.logIn();
    for (const node of [here, there, new Node()]) expect(node.accepts(cookie)).toBe(true);
    expect(there.cookies.name).toBe(here.cookies.name);
  });

  test("of another token is not accepted, and has another name", () => {
    const [here, other] = [new Node(), new Node(today, `${token}0`)];
    expect(other.accepts(here.logIn())).toBe(false);
    expect(other.cookies.name).not.toBe(here.cookies.name);
    expect(here.cookies.name).toMatch(/^iot_session_[0-9a-f]{8}$/);
  });

  test("is not accepted when one of its characters is another, or it is cut or lengthened", () => {
    const cookie = new Node().logIn();
    for (let at = 0; at < cookie.length; at++) {
      for (const other of ["0", "1", "A", "B", "s", ".", "-"]) {
        if (cookie[at] === other) continue;
        const forged = cookie.slice(0, at) + other + cookie.slice(at + 1);
        expect([forged, new Node().accepts(forged)]).toEqual([forged, false]);
      }
      expect(new Node().accepts(cookie.slice(0, at))).toBe(false);
      expect(new Node().accepts(cookie.slice(at + 1))).toBe(false);
    }
    for (const longer of [`${cookie}A`, `${cookie}=`, `A${cookie}`, `${cookie}\n`, ` ${cookie}`])
      expect(new Node().accepts(longer)).toBe(false);
  });

  test("tells nothing about the token, and no two are alike", () => {
    const node = new Node();
    const made = new Set(Array.from({ length: 100 }, () => node.logIn().split(".")[0]));
    expect(made.size).toBe(100);
    expect(node.logIn()).not.toContain(token.slice(4, 12));
  });

  test("has the attributes of a login, and stays for TLS only when it is renewed", () => {
    const node = new Node();
    const attributes = "; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200";
    expect(node.cookies.begin(false)).toEndWith(attributes);
    const secure = node.cookies.begin(true);
    expect(secure).toEndWith(`${attributes}; Secure`);
    const plain = node.logIn();
    pass(hour, node);
    expect(node.cookies.renewed(valueIn(secure), false)).toEndWith(`${attributes}; Secure`);
    expect(node.cookies.renewed(plain, false)).toEndWith(attributes);
    expect(node.cookies.renewed(plain, true)).toEndWith(`${attributes}; Secure`);
  });
});

describe("time", () => {
  test("ends a login after 12 hours without use, at each server", () => {
    const [here, there] = [new Node(), new Node()];
    const cookie = here.logIn();
    pass(12 * hour, here, there);
    expect([here.accepts(cookie), there.accepts(cookie)]).toEqual([true, true]);
    const [used, unseen] = [here.logIn(), here.logIn()];
    pass(12 * hour + 1, here, there);
    expect([used, unseen].map((left) => here.accepts(left))).toEqual([false, false]);
    expect(there.accepts(unseen)).toBe(false);
  });

  test("renews a cookie that is used, not more often than each ten minutes", () => {
    const node = new Node();
    const cookie = node.logIn();
    pass(10 * minute - 1, node);
    expect(node.cookies.renewed(cookie, false)).toBeNull();
    pass(1, node);
    const renewed = node.use(cookie);
    expect(renewed).not.toBe(cookie);
    expect(node.cookies.renewed(renewed, false)).toBeNull();
    pass(11 * hour + 55 * minute, node);
    const restarted = new Node(node.wall);
    expect([restarted.accepts(cookie), restarted.accepts(renewed)]).toEqual([false, true]);
  });

  test("of the last use counts, also of one that renews no cookie", () => {
    const node = new Node();
    const cookie = node.logIn();
    pass(9 * minute, node);
    expect(node.use(cookie)).toBe(cookie);
    pass(11 * hour + 55 * minute, node);
    expect(node.accepts(cookie)).toBe(true);
  });

  test("renews nothing that is not valid", () => {
    const node = new Node();
    const cookie = node.logIn();
    pass(13 * hour, node);
    expect(node.cookies.renewed(cookie, false)).toBeNull();
    expect(node.cookies.renewed("junk", false)).toBeNull();
    const ended = node.logIn();
    node.cookies.end(ended);
    pass(hour, node);
    expect(node.cookies.renewed(ended, false)).toBeNull();
  });

  test("ends a login of 7 days that is used all the time, also across servers and restarts", () => {
    for (const restarts of [false, true]) {
      let [here, there] = [new Node(), new Node()];
      let cookie = here.logIn();
      for (let hours = 0; hours < 7 * 24; hours += 6) {
        cookie = (hours % 12 === 0 ? here : there).use(cookie);
        pass(6 * hour, here, there);
        if (restarts) [here, there] = [new Node(here.wall), new Node(there.wall)];
      }
      pass(minute, here, there);
      expect([here.accepts(cookie), there.accepts(cookie)]).toEqual([false, false]);
      expect(here.accepts(here.logIn())).toBe(true);
    }
  });

  test("at another server counts as use: its renewed cookie is accepted by one that was left for long", () => {
    const [here, there] = [new Node(), new Node()];
    let cookie = here.logIn();
    for (let i = 0; i < 3; i++) {
      pass(10 * hour, here, there);
      cookie = there.use(cookie);
    }
    expect(here.accepts(cookie)).toBe(true);
  });
});

describe("logging out", () => {
  test("ends this login, with each of its cookies, and no other one", () => {
    const node = new Node();
    const [cookie, other] = [node.logIn(), node.logIn()];
    pass(hour, node);
    const renewed = node.use(cookie);
    node.cookies.end(renewed);
    expect([cookie, renewed].map((left) => node.accepts(left))).toEqual([false, false]);
    expect(node.accepts(other)).toBe(true);
  });

  test("is remembered when many log in afterwards, and bounded by many that log out", () => {
    const node = new Node();
    const cookie = node.logIn();
    node.cookies.end(cookie);
    for (let i = 0; i < 2_000; i++) node.logIn();
    expect(node.accepts(cookie)).toBe(false);
    for (let i = 0; i < 1_023; i++) node.cookies.end(node.logIn());
    expect(node.accepts(cookie)).toBe(false);
    node.cookies.end(node.logIn());
    expect(node.accepts(cookie)).toBe(true);
  });

  test("with a forged cookie ends nothing and takes no place", () => {
    const node = new Node();
    const cookie = node.logIn();
    const forged = `${cookie.slice(0, -1)}${cookie.endsWith("A") ? "B" : "A"}`;
    node.cookies.end(forged);
    expect(node.accepts(cookie)).toBe(true);
  });
});
