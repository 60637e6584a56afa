// Logins under wall clocks that are wrong or set: nobody is locked out, and no cookie lives for ever.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { testTimeoutMs } from "../e2e/polling.ts";
import { day, hour, minute, Node, pass, today } from "./login-node.ts";

setDefaultTimeout(testTimeoutMs);

describe("a wall clock that is set", () => {
  const steps = [
    ["to 1970", 5_000],
    ["to 2099", Date.UTC(2099, 0, 1)],
    ["back by a day", today - day],
    ["ahead by a day", today + day],
  ] as const;

  for (const [says, wall] of steps) {
    test(`${says} ends no login that is in use, nor when it is right again`, () => {
      const node = new Node();
      let cookie = node.logIn();
      for (const time of [wall, today]) {
        node.wall = time;
        for (let i = 0; i < 4; i++) {
          pass(5 * hour, node);
          cookie = node.use(cookie);
        }
      }
      expect(new Node(node.wall).accepts(cookie)).toBe(true);
    });

    test(`${says} gives a login that was not used no more time`, () => {
      const node = new Node();
      const cookie = node.logIn();
      pass(6 * hour, node);
      node.wall = wall;
      pass(6 * hour + 1, node);
      expect(node.accepts(cookie)).toBe(false);
      node.wall = today;
      expect(node.accepts(cookie)).toBe(false);
    });

    test(`${says} lets people log in, then and when it is right again`, () => {
      const node = new Node(wall);
      expect(node.accepts(node.logIn())).toBe(true);
      node.wall = today;
      expect(node.accepts(node.logIn())).toBe(true);
      expect(new Node().accepts(node.logIn())).toBe(true);
    });

    test(`${says} gives a login no more than its 7 days`, () => {
      const node = new Node();
      let cookie = node.logIn();
      for (let hours = 0; hours < 7 * 24; hours += 6) {
        node.wall = hours % 12 === 0 ? wall : today;
        cookie = node.use(cookie);
        node.monotonic += 6 * hour;
      }
      node.monotonic += minute;
      expect(node.accepts(cookie)).toBe(false);
    });
  }

  test("makes a cookie of the far future no key for all the time until then", () => {
    const cookie = new Node(Date.UTC(2099, 0, 1)).logIn();
    for (const wall of [today, today + 7 * day, Date.UTC(2050, 0, 1)])
      expect(new Node(wall).accepts(cookie)).toBe(false);
  });

  test("that begins in 1970 at each start does not make an old cookie new", () => {
    const early = new Node(5_000);
    const cookie = early.logIn();
    expect(early.accepts(cookie)).toBe(true);
    expect(new Node(5_000).accepts(cookie)).toBe(false);
    early.wall = today;
    expect(new Node().accepts(early.use(cookie))).toBe(true);
  });

  test("differs between servers by hours, and their logins are the same all the same", () => {
    const [here, ahead] = [new Node(today), new Node(today + 11 * hour)];
    let cookie = here.logIn();
    for (let i = 0; i < 20; i++) {
      cookie = ahead.use(cookie);
      pass(hour, here, ahead);
      cookie = here.use(cookie);
      pass(hour, here, ahead);
    }
    const [early, late] = [new Node(today - 13 * hour), new Node(today + 13 * hour)];
    const unseen = new Node().logIn();
    expect([early.accepts(unseen), late.accepts(unseen)]).toEqual([false, false]);
  });
});

test("a clock that is set back, or to 2099 again, makes no cookie newer than those that followed it", () => {
  const node = new Node(Date.UTC(2099, 0, 1));
  const first = node.logIn();
  node.wall = today;
  const second = node.use(first);
  pass(hour, node);
  const third = node.use(second);
  node.use(first);
  pass(13 * hour, node);
  for (const wall of [today, today + hour, Date.UTC(2099, 0, 1)]) {
    node.wall = wall;
    for (const cookie of [first, second, third]) expect(node.accepts(cookie)).toBe(false);
  }
});

test("a server that has seen a login of another one accepts it when its own clock is set", () => {
  const [here, there] = [new Node(), new Node()];
  const cookie = here.logIn();
  there.use(cookie);
  there.wall = 5_000;
  pass(hour, there);
  expect(there.accepts(cookie)).toBe(true);
});
