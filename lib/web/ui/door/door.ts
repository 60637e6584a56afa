// How the door is: who may register, and how long it is open to all. Loads it, changes it, and tells those who show it.

import type { TokenJson, WindowJson } from "../../api/door-table.ts";
import { afterLogin } from "../after-login.ts";
import { get, post, put, remove } from "../api.ts";
import type { App } from "../page.ts";

const loginReason = "Letting devices in needs a login, even on the server's own machine.";

/** The door as it was loaded. `endsAt`: when the window is over, by the clock of `performance.now`. */
export type DoorSeen = WindowJson & { readonly endsAt: number };
/** A join token to make. */
export type AskedToken = Parameters<typeof post<"/join-tokens">>[2];
/** Gets what went wrong in words, and "" before each try. */
export type Tell = (trouble: string) => void;

export class Door {
  #seen: DoorSeen | null = null;
  #isClosed = false;
  readonly #listeners = new Set<() => void>();

  constructor(private readonly app: App) {}

  /** null until it is loaded. */
  get seen(): DoorSeen | null {
    return this.#seen;
  }

  /** Calls `act` whenever the door was loaded, until the returned function is called. */
  listen(act: () => void): () => void {
    this.#listeners.add(act);
    return () => void this.#listeners.delete(act);
  }

  /** Loads how it is. */
  async load(): Promise<void> {
    // If it cannot be loaded, the page says elsewhere that what is shown is old.
    const found = await get("/join-window", {}).catch(() => null);
    if (found !== null) this.#see(found);
  }

  close(): void {
    this.#isClosed = true;
    this.#listeners.clear();
  }

  /** Opens the door to all for a while. @param seconds 0 closes it */
  open(seconds: number, labels: Readonly<Record<string, string>>, tell: Tell): Promise<boolean> {
    const act = async () => this.#see(await put("/join-window", {}, { seconds, labels }));
    return afterLogin(this.app, loginReason, act, tell);
  }

  /** Makes a join token. @returns null if it was not made */
  async makeToken(
    asked: AskedToken,
    tell: Tell,
  ): Promise<{ number: number; token: string } | null> {
    let made: { number: number; token: string } | null = null;
    const act = async () => {
      made = await post("/join-tokens", {}, asked);
    };
    await afterLogin(this.app, loginReason, act, tell);
    return made;
  }

  /** Revokes a join token. */
  revoke(number: number, tell: Tell): Promise<boolean> {
    const act = () => remove("/join-tokens/{number}", { number: String(number) });
    return afterLogin(this.app, loginReason, act, tell);
  }

  /** The join tokens, by number; null if they cannot be loaded. */
  async tokens(): Promise<readonly TokenJson[] | null> {
    const found = await get("/join-tokens", {}).catch(() => null);
    return found?.tokens ?? null;
  }

  #see(found: WindowJson): void {
    if (this.#isClosed) return;
    this.#seen = { ...found, endsAt: performance.now() + found.secondsLeft * 1000 };
    for (const act of this.#listeners) act();
  }
}
