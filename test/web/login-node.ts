// Servers that logins are tried at: their cookies, each with clocks of its own.

import { expect } from "bun:test";
import { LoginCookies } from "../../lib/web/access/login-cookies.ts";

export const token = "iot_0123456789abcdef0123456789abcdef";
export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;
export const today = Date.UTC(2026, 10, 22);

/** A server: its cookies, and its clocks to be moved. */
export class Node {
  monotonic = 1_000.25;
  readonly cookies: LoginCookies;

  constructor(
    public wall = today,
    secret = token,
  ) {
    const clocks = { wall: () => this.wall, monotonic: () => this.monotonic };
    this.cookies = new LoginCookies(secret, clocks);
  }

  /** Logs in; returns the value of the cookie. */
  logIn(): string {
    return valueIn(this.cookies.begin(false));
  }

  accepts(cookie: string): boolean {
    return this.cookies.isValid(cookie);
  }

  /** Uses a cookie; returns the one that the browser has then. */
  use(cookie: string): string {
    expect(this.accepts(cookie)).toBe(true);
    const renewed = this.cookies.renewed(cookie, false);
    return renewed === null ? cookie : valueIn(renewed);
  }
}

/** Time passes for all servers. */
export function pass(ms: number, ...nodes: Node[]): void {
  for (const node of nodes) {
    node.wall += ms;
    node.monotonic += ms;
  }
}

/** The value of the cookie that a `Set-Cookie` sets. */
export function valueIn(header: string): string {
  return header.slice(header.indexOf("=") + 1, header.indexOf(";"));
}
