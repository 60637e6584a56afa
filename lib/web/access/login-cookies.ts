// Owns the cookies of logins: signed with a key from the admin token, so that each server with this token accepts them, also
// after a restart. Remembers those in use, because a clock may be set. Never reads a request or a file.

import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";
import { BoundedMap } from "../../bounded-map.ts";

/** A login ends after this time without use, ms. */
const idleMs = 12 * 3_600_000;
/** A login ends at this age, in use or not, ms: a stolen cookie that is used could be renewed without end otherwise. */
const ageMax = 7 * 24 * 3_600_000;
/** A cookie is renewed when its time differs from the clock by this, ms. */
const renewMs = 10 * 60_000;
/** How many logins that were used, and that were ended, are remembered; those of longest ago are forgotten first. */
const seenMax = 1_024;
const endedMax = 1_024;
/**
 * A wall clock before this, ms since 1970, was not set since the machine started. It may begin at the same time at each
 * start, and would make a cookie new again: cookies of such a time are valid only where they are remembered.
 */
const clocksFrom = Date.UTC(2025, 0, 1);

/** What a cookie says. */
type Login = {
  /** 16 random bytes; a renewed cookie keeps it. */
  readonly id: string;
  /** When the cookie was made, by the wall clock, ms since 1970. */
  readonly made: number;
  /** How old the login was then, ms: added up from times without use, so that a clock that is set does not change it. */
  readonly age: number;
  /** Whether the browser sends it over TLS only. */
  readonly secure: boolean;
};

/** What is remembered of a login: the latest `made`, and its last use and the age then by the monotonic clock. */
type Seen = { readonly made: number; readonly at: number; readonly age: number };

/** The clocks that logins go by, ms: `monotonic` for what this process remembers, `wall` for all other cookies. */
export type LoginClocks = { readonly wall: () => number; readonly monotonic: () => number };

export class LoginCookies {
  /** Of the cookie. Browsers send cookies to all ports of a host: servers with other tokens need other names there. */
  readonly name: string;
  readonly #key: Buffer;
  readonly #seen = new BoundedMap<string, Seen>(seenMax);
  readonly #ended = new BoundedMap<string, true>(endedMax);

  /** @param token the admin token */
  constructor(
    token: string,
    private readonly clocks: LoginClocks,
  ) {
    this.#key = derived(token, "iot-server, signature of logins", 32);
    const digits = derived(token, "iot-server, name of the cookie", 4).toString("hex");
    this.name = `iot_session_${digits}`;
  }

  /**
   * Makes the cookie of a new login.
   * @param secure whether the browser is to send it over TLS only
   * @returns the value of `Set-Cookie`
   */
  begin(secure: boolean): string {
    return this.#header(randomBytes(16).toString("base64url"), 0, secure);
  }

  /** Whether the value of a cookie is that of a login; this uses it. */
  isValid(value: string): boolean {
    return this.#use(value) !== null;
  }

  /**
   * Renews the cookie of a login if it is time.
   * @param overTls whether the browser speaks TLS; a cookie that is for TLS only stays so
   * @returns the value of `Set-Cookie`, or null
   */
  renewed(value: string, overTls: boolean): string | null {
    const login = this.#use(value);
    if (login === null || Math.abs(this.clocks.wall() - login.made) < renewMs) return null;
    return this.#header(login.id, login.age, login.secure || overTls);
  }

  /** Ends a login. Other servers are not told: see API.md, Who may what. */
  end(value: string): void {
    const login = this.#read(value);
    if (login !== null) this.#ended.renew(login.id, true);
  }

  /** What a valid cookie says, with the age of the login now; else null. */
  #use(value: string): Login | null {
    const login = this.#read(value);
    if (login === null || this.#ended.has(login.id)) return null;
    const seen = this.#seen.get(login.id);
    const quiet = this.#quietMs(login, seen);
    const watched = seen === undefined ? 0 : seen.age + this.clocks.monotonic() - seen.at;
    const age = Math.max(login.age + quiet, watched);
    if (quiet > idleMs || age > ageMax) return null;
    this.#remember(login.id, login.made, age);
    return { ...login, age };
  }

  #remember(id: string, made: number, age: number): void {
    const latest = Math.max(made, this.#seen.get(id)?.made ?? 0);
    this.#seen.renew(id, { made: latest, at: this.clocks.monotonic(), age });
  }

  /**
   * For how long a login was not used, ms. What this process has watched goes by its monotonic clock. A cookie that it has not
   * seen, or that another server has renewed, goes by the wall clock, in both directions: clocks differ.
   */
  #quietMs({ made }: Login, seen: Seen | undefined): number {
    const watched = seen === undefined ? Infinity : this.clocks.monotonic() - seen.at;
    if (seen !== undefined && made <= seen.made) return watched;
    return Math.min(watched, made < clocksFrom ? Infinity : Math.abs(this.clocks.wall() - made));
  }

  #header(id: string, age: number, secure: boolean): string {
    const made = Math.max(0, Math.floor(this.clocks.wall()));
    this.#remember(id, made, age);
    const content = `${id}.${made}.${Math.ceil(age)}.${secure ? "s" : "p"}`;
    const seconds = idleMs / 1000;
    const attributes = `Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}`;
    return `${this.name}=${content}.${this.#sign(content)}; ${attributes}${secure ? "; Secure" : ""}`;
  }

  #read(value: string): Login | null {
    const form = /^(([\w-]{22})\.(\d{1,15})\.(\d{1,15})\.([sp]))\.([\w-]{43})$/;
    const [, content, id, made, age, kind, signature] = form.exec(value) ?? [];
    if (content === undefined || id === undefined || signature === undefined) return null;
    if (!timingSafeEqual(Buffer.from(signature), Buffer.from(this.#sign(content)))) return null;
    return { id, made: Number(made), age: Number(age), secure: kind === "s" };
  }

  #sign(content: string): string {
    return createHmac("sha256", this.#key).update(content).digest("base64url");
  }
}

/** Bytes from the admin token, for one purpose. */
function derived(token: string, purpose: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync("sha256", token, "", purpose, bytes));
}
